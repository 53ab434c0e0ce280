#include "cdnfs/staging.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the four above */
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static int dir = -1;

static int setup(void **state)
{
	char error[200];
	struct staged *s;

	assert_int_equal(staging_dir_open("/var/tmp", &dir, error, sizeof(error)), 0);
	assert_int_equal(staged_open(dir, &s), 0);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct staged *s = *state;

	staged_close(&s);
	assert_null(s);
	assert_int_equal(close(dir), 0);
	return 0;
}

static void fill(struct staged *s, const char *text, uint64_t stamp)
{
	assert_int_equal(staged_fill_begin(s), 1);
	assert_int_equal(staged_fill(s, text, strlen(text), 0), 0);
	staged_fill_end(s, strlen(text), stamp, 0);
}

static void check_read(struct staged *s, uint64_t off, const char *want)
{
	char data[64];

	assert_int_equal(staged_read(s, data, sizeof(data), off), strlen(want));
	assert_memory_equal(data, want, strlen(want));
}

static void test_new_has_nothing(void **state)
{
	char c;

	assert_int_equal(staged_read(*state, &c, 1, 0), -EAGAIN);
	assert_int_equal(staged_write(*state, "x", 1, 0, false, 1), -EAGAIN);
	assert_int_equal(staged_truncate(*state, 1, 1), -EAGAIN);
}

static void test_fill_then_write(void **state)
{
	struct staged_job job;
	uint64_t size;
	int64_t mtime;

	fill(*state, "hello world", 7);
	assert_int_equal(staged_fill_begin(*state), 0);
	assert_false(staged_dirty(*state, &size, &mtime));
	assert_int_equal(staged_send_begin(*state, &job), 0);
	assert_int_equal(staged_write(*state, "HE", 2, 0, false, 42), 0);
	check_read(*state, 0, "HEllo world");
	assert_true(staged_dirty(*state, &size, &mtime));
	assert_int_equal(size, 11);
	assert_int_equal(mtime, 42);
}

static void test_failed_fill_leaves_new(void **state)
{
	assert_int_equal(staged_fill_begin(*state), 1);
	staged_fill_end(*state, 5, 7, -EIO);
	assert_int_equal(staged_write(*state, "x", 1, 0, false, 1), -EAGAIN);
	assert_int_equal(staged_fill_begin(*state), 1);
	staged_fill_end(*state, 0, 0, 0);
}

static void test_send_failure_keeps_bytes(void **state)
{
	struct staged_job job;
	uint64_t size;
	int64_t mtime;

	fill(*state, "", 0);
	assert_int_equal(staged_write(*state, "data", 4, 0, false, 9), 0);
	assert_int_equal(staged_send_begin(*state, &job), 1);
	assert_int_equal(job.size, 4);
	assert_int_equal(job.mtime, 9);
	assert_true(staged_dirty(*state, &size, &mtime));
	staged_send_end(*state, 0, -EIO);
	assert_true(staged_dirty(*state, &size, &mtime));
	assert_int_equal(staged_send_begin(*state, &job), 1);
	staged_send_end(*state, 5, 0);
	assert_false(staged_dirty(*state, &size, &mtime));
	check_read(*state, 0, "data");
}

static void test_set_time_goes_with_the_send(void **state)
{
	struct staged_job job;

	fill(*state, "", 0);
	assert_int_equal(staged_write(*state, "a", 1, 0, false, 9), 0);
	staged_set_mtime(*state, 5);
	assert_int_equal(staged_send_begin(*state, &job), 1);
	assert_int_equal(job.mtime, 5);
	staged_send_end(*state, 1, 0);
}

static void test_holes_and_truncation(void **state)
{
	char data[8], zero[8] = { 0 };

	fill(*state, "abc", 3);
	assert_int_equal(staged_write(*state, "z", 1, 10, false, 1), 0);
	assert_int_equal(staged_read(*state, data, 7, 3), 7);
	assert_memory_equal(data, zero, 7);
	assert_int_equal(staged_truncate(*state, 2, 1), 0);
	check_read(*state, 0, "ab");
	assert_int_equal(staged_truncate(*state, 4, 1), 0);
	assert_int_equal(staged_read(*state, data, 8, 0), 4);
	assert_memory_equal(data, "ab\0\0", 4);
	assert_int_equal(staged_read(*state, data, 8, 4), 0);
}

static void test_append_goes_to_the_end(void **state)
{
	fill(*state, "one", 3);
	assert_int_equal(staged_write(*state, "two", 3, 0, true, 1), 0);
	check_read(*state, 0, "onetwo");
}

static void test_retire_forgets_only_clean_older(void **state)
{
	char c;

	fill(*state, "abc", 3);
	staged_retire(*state, 3);
	check_read(*state, 0, "abc");
	staged_retire(*state, 4);
	assert_int_equal(staged_read(*state, &c, 1, 0), -EAGAIN);
	fill(*state, "x", 4);
	assert_int_equal(staged_write(*state, "y", 1, 0, false, 1), 0);
	staged_retire(*state, 9);
	check_read(*state, 0, "y");
}

static void test_hold_empties(void **state)
{
	uint64_t size;
	int64_t mtime;

	fill(*state, "abc", 3);
	assert_int_equal(staged_write(*state, "y", 1, 0, false, 1), 0);
	staged_hold(*state);
	staged_hold_end(*state, -EIO);
	check_read(*state, 0, "ybc");
	staged_hold(*state);
	staged_hold_end(*state, 0);
	assert_false(staged_dirty(*state, &size, &mtime));
	check_read(*state, 0, "");
}

static void test_hold_of_new_goes_back(void **state)
{
	char c;

	staged_hold(*state);
	assert_int_equal(staged_read(*state, &c, 1, 0), -EAGAIN);
	staged_hold_end(*state, -EIO);
	assert_int_equal(staged_fill_begin(*state), 1);
	staged_fill_end(*state, 0, 0, 0);
}

/* A write that comes while the bytes are sent waits, and is not part of what was sent. */
static _Atomic int written;

static void *late_writer(void *arg)
{
	(void)staged_write(arg, "late", 4, 0, false, 2);
	atomic_store(&written, 1);
	return NULL;
}

static void test_writers_wait_for_the_send(void **state)
{
	struct staged_job job;
	pthread_t t;
	char data[8] = "";

	fill(*state, "", 0);
	assert_int_equal(staged_write(*state, "soon", 4, 0, false, 1), 0);
	assert_int_equal(staged_send_begin(*state, &job), 1);
	assert_int_equal(pthread_create(&t, NULL, late_writer, *state), 0);
	assert_int_equal(pread(job.fd, data, 4, 0), 4);
	assert_int_equal(atomic_load(&written), 0);
	assert_string_equal(data, "soon");
	staged_send_end(*state, 1, 0);
	assert_int_equal(pthread_join(t, NULL), 0);
	check_read(*state, 0, "late");
	assert_int_equal(staged_send_begin(*state, &job), 1);
	staged_send_end(*state, 2, 0);
}

static void test_folder_errors(void **state)
{
	char error[200] = "";
	int fd = -7;

	(void)state;
	assert_true(staging_dir_open("/proc/nothing/here", &fd, error, sizeof(error)) < 0);
	assert_non_null(strstr(error, "/proc/nothing/here"));
	assert_int_equal(fd, -7);
	if (access("/dev/shm", W_OK) == 0) {
		assert_int_equal(staging_dir_open("/dev/shm", &fd, error, sizeof(error)), -EINVAL);
		assert_non_null(strstr(error, "memory"));
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { T(test_new_has_nothing), T(test_fill_then_write),
		T(test_failed_fill_leaves_new), T(test_send_failure_keeps_bytes),
		T(test_set_time_goes_with_the_send), T(test_holes_and_truncation),
		T(test_append_goes_to_the_end), T(test_retire_forgets_only_clean_older),
		T(test_hold_empties), T(test_hold_of_new_goes_back),
		T(test_writers_wait_for_the_send), cmocka_unit_test(test_folder_errors) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
