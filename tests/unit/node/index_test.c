#include "node/index.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static int setup(void **state)
{
	static struct index ix;

	index_init(&ix);
	*state = &ix;
	return 0;
}

static int teardown(void **state)
{
	index_release(*state);
	return 0;
}

static void last_added_is_current(void **state)
{
	struct index *ix = *state;
	uint64_t stamp, size;

	assert_int_equal(index_current(ix, 7, &stamp), -ENOENT);
	assert_int_equal(index_add(ix, 7, 0, 50, 1), 0);
	assert_int_equal(index_add(ix, 7, 0, 40, 2), 0); /* an older stamp, but newer here */
	assert_int_equal(index_add(ix, 7, 0, 40, 2), -EEXIST);
	assert_int_equal(index_current(ix, 7, &stamp), 0);
	assert_int_equal(stamp, 40);
	assert_int_equal(index_remove(ix, 7, 0, 40, &size), 0);
	assert_int_equal(size, 2);
	assert_int_equal(index_current(ix, 7, &stamp), 0);
	assert_int_equal(stamp, 50);
	assert_int_equal(index_remove(ix, 7, 0, 40, &size), -ENOENT);
	assert_int_equal(index_remove(ix, 7, 0, 50, &size), 0);
	assert_int_equal(index_current(ix, 7, &stamp), -ENOENT);
}

static void scan_prefers_the_largest_stamp(void **state)
{
	static const uint64_t order[] = { 20, 40, 10, 30 };
	struct index *ix = *state;
	uint64_t stamp, size;

	for (size_t i = 0; i < 4; i++)
		assert_int_equal(index_found(ix, 7, 0, order[i], 1), 0);
	for (uint64_t want = 40; want >= 10; want -= 10) {
		assert_int_equal(index_current(ix, 7, &stamp), 0);
		assert_int_equal(stamp, want);
		assert_int_equal(index_remove(ix, 7, 0, want, &size), 0);
	}
}

static void doubt_is_counted(void **state)
{
	struct index *ix = *state;
	uint64_t stamp = 0;

	assert_int_equal(index_add(ix, 7, 0, 50, 1), 0);
	assert_int_equal(index_doubt(ix, 7), 0);
	assert_int_equal(index_doubt(ix, 7), 0);
	assert_int_equal(index_current(ix, 7, &stamp), -EAGAIN);
	assert_int_equal(stamp, 50);
	index_sure(ix, 7);
	assert_int_equal(index_current(ix, 7, &stamp), -EAGAIN);
	index_sure(ix, 7);
	assert_int_equal(index_current(ix, 7, &stamp), 0);
}

static void count_id(void *ctx, uint64_t id)
{
	*(uint64_t *)ctx += id;
}

static void others_and_ambiguous(void **state)
{
	struct index *ix = *state;
	uint64_t stamp, sum = 0;
	uint32_t part;

	assert_int_equal(index_add(ix, 7, 0, 50, 1), 0);
	assert_int_equal(index_add(ix, 7, 1, 50, 1), 0);
	assert_int_equal(index_other(ix, 7, 50, &part, &stamp), -ENOENT);
	index_ambiguous(ix, count_id, &sum);
	assert_int_equal(sum, 0); /* two parts are not two versions */
	assert_int_equal(index_add(ix, 7, 1, 60, 1), 0);
	assert_int_equal(index_other(ix, 7, 50, &part, &stamp), 0);
	assert_int_equal(stamp, 60);
	assert_int_equal(part, 1);
	index_ambiguous(ix, count_id, &sum);
	assert_int_equal(sum, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(last_added_is_current, setup, teardown),
		cmocka_unit_test_setup_teardown(scan_prefers_the_largest_stamp, setup, teardown),
		cmocka_unit_test_setup_teardown(doubt_is_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(others_and_ambiguous, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
