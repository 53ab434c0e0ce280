#include "common/base.h"
#include "dist/placement.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MB UINT64_C(1000000)

static struct node_view node(uint64_t free, uint64_t max)
{
	return (struct node_view){ .up = true, .free = free, .max = max };
}

static void takes_the_one_with_most_room(void **state)
{
	struct node_view v[] = { node(10 * MB, 100 * MB), node(60 * MB, 100 * MB),
		node(50 * MB, 100 * MB) };

	(void)state;
	assert_int_equal(placement_choose(v, 3, 1), 1);
}

static void compares_shares_not_bytes(void **state)
{
	struct node_view v[] = { node(400 * MB, 1000 * MB), node(90 * MB, 100 * MB) };

	(void)state;
	assert_int_equal(placement_choose(v, 2, MB), 1);
	assert_int_equal(placement_choose(v, 2, 200 * MB), 0);
}

static void memory_decides_among_equals_only(void **state)
{
	struct node_view v[] = { node(90 * MB, 100 * MB), node(90 * MB, 100 * MB),
		node(91 * MB, 100 * MB) };

	(void)state;
	v[0].memory = 30 * MB;
	v[1].memory = 20 * MB;
	assert_int_equal(placement_choose(v, 2, 1), 1);
	v[2].memory = 200 * MB;
	assert_int_equal(placement_choose(v, 3, 1), 2);
}

static void skips_down_full_and_excluded(void **state)
{
	struct node_view v[] = { node(90 * MB, 100 * MB), node(80 * MB, 100 * MB),
		node(70 * MB, 100 * MB), node(5 * MB, 100 * MB) };

	(void)state;
	v[0].up = false;
	v[1].excluded = true;
	assert_int_equal(placement_choose(v, 4, 6 * MB), 2);
	assert_int_equal(placement_choose(v, 4, 70 * MB), 2);
	v[2].free = 0;
	assert_int_equal(placement_choose(v, 4, 1), 3);
}

static void says_why_there_is_none(void **state)
{
	struct node_view v[] = { node(10 * MB, 100 * MB), node(90 * MB, 100 * MB) };

	(void)state;
	assert_int_equal(placement_choose(v, 0, 0), -EHOSTDOWN);
	assert_int_equal(placement_choose(v, 2, 91 * MB), -ENOSPC);
	v[1].excluded = true;
	assert_int_equal(placement_choose(v, 2, 50 * MB), -EHOSTDOWN);
	v[1].up = false;
	assert_int_equal(placement_choose(v, 2, 50 * MB), -ENOSPC);
	v[0].up = false;
	assert_int_equal(placement_choose(v, 2, 0), -EHOSTDOWN);
}

static void a_full_node_takes_nothing(void **state)
{
	struct node_view v[] = { node(0, 100 * MB) };

	(void)state;
	assert_int_equal(placement_choose(v, 1, 0), -ENOSPC);
}

static void promises_count_but_never_refuse(void **state)
{
	struct node_view v[] = { node(50 * MB, 100 * MB), node(40 * MB, 100 * MB) };

	(void)state;
	v[0].promised = 20 * MB;
	assert_int_equal(placement_choose(v, 2, MB), 1);
	/* only without what was promised does the first have room: better than refusing */
	assert_int_equal(placement_choose(v, 2, 45 * MB), 0);
	/* it goes where it fits beside the promises, whatever the shares say */
	v[1].max = 1000 * MB;
	assert_int_equal(placement_choose(v, 2, 35 * MB), 1);
}

/* Many contents of any size fill nodes of any size to the same share. */
static void fills_evenly(void **state)
{
	struct node_view v[] = { node(100 * MB, 100 * MB), node(300 * MB, 300 * MB),
		node(50 * MB, 100 * MB), node(80 * MB, 100 * MB) };
	uint64_t size = 12345;
	ptrdiff_t i;

	(void)state;
	v[0].memory = 40 * MB;
	for (;;) {
		size = (size * 1103515245 + 12345) % 300000;
		i = placement_choose(v, 4, size);
		if (i < 0)
			break;
		v[i].free -= size;
		if (v[0].free < 20 * MB)
			break;
	}
	for (size_t n = 0; n < ARRAY_LEN(v); n++) {
		double share = (double)v[n].free / (double)v[n].max;

		assert_true(share > 0.19 && share < 0.21);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_one_with_most_room),
		cmocka_unit_test(compares_shares_not_bytes),
		cmocka_unit_test(memory_decides_among_equals_only),
		cmocka_unit_test(skips_down_full_and_excluded),
		cmocka_unit_test(says_why_there_is_none),
		cmocka_unit_test(a_full_node_takes_nothing),
		cmocka_unit_test(promises_count_but_never_refuse),
		cmocka_unit_test(fills_evenly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
