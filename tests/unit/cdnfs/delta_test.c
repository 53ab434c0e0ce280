#include "cdnfs/delta.h"

#include "cdnfs/staging_dir.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the four above */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct staging_dir *dir;

static int setup(void **state)
{
	char error[200];
	struct staged *s;

	assert_int_equal(staging_dir_open("/var/tmp", &dir, error, sizeof(error)), 0);
	assert_int_equal(staged_open(dir, &s), 0);
	staged_begin(s, &(struct version){ .stamp = 7, .size = 1000 });
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

static void check(struct staged *s, const char *want, size_t len)
{
	struct staged_job job;
	struct delta d;

	assert_int_equal(staged_send_begin(s, &job), 1);
	assert_int_equal(delta_build(&job, dir, &d), 0);
	assert_int_equal(d.fd, -1);
	assert_int_equal(d.len, len);
	assert_int_equal(d.text.len, len);
	assert_memory_equal(d.text.data, want, len);
	delta_release(&d);
	staged_send_end(s, STAGED_FAILED, NULL);
}

#define CHECK(s, text) check(s, text, sizeof(text) - 1)

static void test_written_ranges(void **state)
{
	assert_int_equal(staged_write(*state, "abc", 3, 500, false, 1), 0);
	assert_int_equal(staged_write(*state, "x", 1, 20, false, 1), 0);
	assert_int_equal(staged_write(*state, "d", 1, 503, false, 1), 0);
	CHECK(*state, "write 20 1\nxwrite 500 4\nabcd");
}

static void test_appended_bytes(void **state)
{
	assert_int_equal(staged_write(*state, "abc\n", 4, 0, true, 1), 0);
	assert_int_equal(staged_write(*state, "de\n", 3, 0, true, 1), 0);
	CHECK(*state, "append 7\nabc\nde\n");
	assert_int_equal(staged_write(*state, "x", 1, 20, false, 1), 0);
	CHECK(*state, "write 20 1\nxwrite 1000 7\nabc\nde\n");
}

static void test_sizes(void **state)
{
	assert_int_equal(staged_write(*state, "abc", 3, 8, false, 1), 0);
	assert_int_equal(staged_truncate(*state, 10, 1), 0);
	CHECK(*state, "truncate 10\nwrite 8 2\nabgrow 10\n");
	assert_int_equal(staged_grow(*state, 30, 1), 0);
	CHECK(*state, "truncate 10\nwrite 8 2\nabgrow 30\n");
	assert_int_equal(staged_write(*state, "!", 1, 0, true, 1), 0);
	CHECK(*state, "truncate 10\nwrite 8 2\nabgrow 30\nappend 1\n!");
}

static void test_zeros_are_not_sent(void **state)
{
	assert_int_equal(staged_write(*state, "ab", 2, 0, false, 1), 0);
	assert_int_equal(staged_zero(*state, 4096, 4096 + (1 << 19), false, 1), 0);
	CHECK(*state, "write 0 2\nabzero 4096 524288\ngrow 528384\n");
}

static void test_a_long_list_is_a_file(void **state)
{
	struct staged_job job;
	struct delta d;
	char *data = malloc(2 << 20), *got = malloc(3 << 20);

	assert_non_null(data);
	assert_non_null(got);
	memset(data, 'x', 2 << 20);
	assert_int_equal(staged_write(*state, data, 2 << 20, 100, false, 1), 0);
	assert_int_equal(staged_send_begin(*state, &job), 1);
	assert_int_equal(delta_build(&job, dir, &d), 0);
	assert_true(d.fd >= 0);
	assert_int_equal(d.len, (2 << 20) + 18);
	assert_int_equal(pread(d.fd, got, 3 << 20, 0), d.len);
	assert_memory_equal(got, "write 100 2097152\n", 18);
	assert_memory_equal(got + 18, data, 2 << 20);
	delta_release(&d);
	staged_send_end(*state, STAGED_FAILED, NULL);
	free(data);
	free(got);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { T(test_written_ranges), T(test_appended_bytes),
		T(test_sizes), T(test_zeros_are_not_sent), T(test_a_long_list_is_a_file) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
