#include "cdnfs/ranges.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the four above */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static void check(const struct ranges *r, size_t n, const struct range *want)
{
	assert_int_equal(r->n, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(r->list[i].from, want[i].from);
		assert_int_equal(r->list[i].to, want[i].to);
	}
}

static void test_ranges_that_touch_become_one(void **state)
{
	struct ranges r = { 0 };
	struct range gap;

	(void)state;
	assert_false(ranges_gap(&r, &gap));
	assert_int_equal(ranges_add(&r, 10, 20), 0);
	assert_int_equal(ranges_add(&r, 30, 40), 0);
	assert_int_equal(ranges_add(&r, 5, 5), 0);
	check(&r, 2, (struct range[]){ { 10, 20 }, { 30, 40 } });
	assert_true(ranges_gap(&r, &gap));
	assert_int_equal(gap.from, 20);
	assert_int_equal(gap.to, 30);
	assert_int_equal(ranges_add(&r, 20, 25), 0);
	check(&r, 2, (struct range[]){ { 10, 25 }, { 30, 40 } });
	assert_int_equal(ranges_add(&r, 29, 30), 0);
	check(&r, 2, (struct range[]){ { 10, 25 }, { 29, 40 } });
	assert_int_equal(ranges_add(&r, 24, 29), 0);
	check(&r, 1, (struct range[]){ { 10, 40 } });
	assert_int_equal(ranges_add(&r, 0, 100), 0);
	check(&r, 1, (struct range[]){ { 0, 100 } });
	ranges_release(&r);
	assert_int_equal(r.n, 0);
}

static void test_trim(void **state)
{
	struct ranges r = { 0 };

	(void)state;
	assert_int_equal(ranges_add(&r, 10, 20), 0);
	assert_int_equal(ranges_add(&r, 30, 40), 0);
	ranges_trim(&r, 40);
	check(&r, 2, (struct range[]){ { 10, 20 }, { 30, 40 } });
	ranges_trim(&r, 31);
	check(&r, 2, (struct range[]){ { 10, 20 }, { 30, 31 } });
	ranges_trim(&r, 30);
	check(&r, 1, (struct range[]){ { 10, 20 } });
	ranges_trim(&r, 0);
	check(&r, 0, NULL);
	ranges_release(&r);
}

#define SPACE 200

/* Against an array of booleans. */
static void test_random(void **state)
{
	(void)state;
	srandom(7);
	for (int round = 0; round < 200; round++) {
		struct ranges r = { 0 };
		bool model[SPACE + 1] = { 0 };

		for (int i = 0; i < 40; i++) {
			uint64_t from = (uint64_t)random() % SPACE,
				 to = from + (uint64_t)random() % 12, sum = 0;
			const struct range *one;

			if (to > SPACE)
				to = SPACE;
			if (i % 13 == 12) {
				ranges_trim(&r, to);
				memset(model + to, 0, SPACE - to);
			} else {
				assert_int_equal(ranges_add(&r, from, to), 0);
				memset(model + from, 1, to - from);
			}
			for (uint64_t at = 0; at < SPACE; at++) {
				one = ranges_from(&r, at);
				assert_int_equal(ranges_below(&r, at), sum);
				assert_int_equal(one && one->from <= at, model[at]);
				assert_int_equal(ranges_cover(&r, at, at + 1), model[at]);
				sum += model[at];
			}
			assert_int_equal(ranges_bytes(&r), sum);
			for (size_t k = 1; k < r.n; k++)
				assert_true(r.list[k - 1].to < r.list[k].from);
		}
		ranges_release(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_ranges_that_touch_become_one),
		cmocka_unit_test(test_trim), cmocka_unit_test(test_random) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
