/* Data and holes of a staged file. */
#include "cdnfs/staging_holes.h"

#include "cdnfs/staging_dir.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the three above */
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#define BLOCK 65536 /* no file system's blocks are larger */
#define SIZE (100ULL * BLOCK)

static struct staging_dir *dir;

static int setup(void **state)
{
	struct staged *s;
	char error[200];

	assert_int_equal(staging_dir_open("/var/tmp", &dir, error, sizeof(error)), 0);
	assert_int_equal(staged_open(dir, &s), 0);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct staged *s = *state;

	staged_close(&s);
	staging_dir_close(&dir);
	return 0;
}

static void write_block(struct staged *s, uint64_t at)
{
	static char text[BLOCK];

	memset(text, 'x', sizeof(text));
	assert_int_equal(staged_write(s, text, sizeof(text), at * BLOCK, false, 1), 0);
}

/* At the block `at` is that, until the block `end`. */
static void is(struct staged *s, uint64_t at, int what, uint64_t end)
{
	struct version base;
	uint64_t to;

	assert_int_equal(staged_extent(s, at * BLOCK, &to, &base), what);
	assert_int_equal(to, end * BLOCK);
	if (what == STAGED_BASE)
		assert_int_equal(base.stamp, 5);
}

static void test_staged_over_stored(void **state)
{
	struct staged *s = *state;
	struct version base;
	uint64_t to;

	assert_int_equal(staged_extent(s, 0, &to, &base), -EAGAIN);
	staged_begin(s, &(struct version){ .stamp = 5, .size = SIZE, .allocated = 50ULL * BLOCK });
	assert_int_equal(staged_allocated(s), 50ULL * BLOCK);
	write_block(s, 10);
	assert_int_equal(staged_zero(s, 20ULL * BLOCK, 30ULL * BLOCK, true, 1), 0);
	is(s, 0, STAGED_BASE, 10);
	is(s, 10, STAGED_DATA, 11);
	is(s, 11, STAGED_BASE, 20);
	is(s, 20, STAGED_HOLE, 30);
	is(s, 30, STAGED_BASE, 100);
	assert_int_equal(staged_extent(s, SIZE, &to, &base), -ENXIO);
	assert_int_equal(staged_truncate(s, 40ULL * BLOCK, 1), 0);
	assert_int_equal(staged_truncate(s, SIZE, 1), 0);
	is(s, 30, STAGED_BASE, 40);
	is(s, 40, STAGED_HOLE, 100);
	write_block(s, 99);
	is(s, 40, STAGED_HOLE, 99);
	is(s, 99, STAGED_DATA, 100);
	assert_in_range(staged_allocated(s), 31ULL * BLOCK, 33ULL * BLOCK);
}

static void test_a_new_file(void **state)
{
	struct staged *s = *state;

	staged_begin(s, &(struct version){ 0 });
	write_block(s, 1);
	is(s, 0, STAGED_HOLE, 1);
	is(s, 1, STAGED_DATA, 2);
	assert_int_equal(staged_allocated(s), BLOCK);
	write_block(s, 0);
	assert_int_equal(staged_allocated(s), 2ULL * BLOCK); /* its size, never more */
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(
						    test_staged_over_stored, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_new_file, setup, teardown) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
