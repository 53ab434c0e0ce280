#include "cdnfs/staging_dir.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs them */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_folder_errors(void **state)
{
	char error[200] = "";
	struct staging_dir *d = NULL;

	(void)state;
	assert_true(staging_dir_open("/proc/nothing/here", &d, error, sizeof(error)) < 0);
	assert_non_null(strstr(error, "/proc/nothing/here"));
	assert_null(d);
	if (access("/dev/shm", W_OK) == 0) {
		assert_int_equal(staging_dir_open("/dev/shm", &d, error, sizeof(error)), -EINVAL);
		assert_non_null(strstr(error, "memory"));
	}
}

static void test_a_removed_folder_is_made_anew(void **state)
{
	char parent[] = "/var/tmp/staging_test.XXXXXX", path[64], error[200];
	struct staging_dir *d;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(parent));
	(void)snprintf(path, sizeof(path), "%s/in", parent);
	assert_int_equal(staging_dir_open(path, &d, error, sizeof(error)), 0);
	assert_int_equal(rmdir(path), 0);
	fd = staging_temp(d);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(close(fd), 0);
	assert_int_equal(rmdir(path), 0); /* it is there, and empty */
	assert_int_equal(rmdir(parent), 0);
	assert_int_equal(staging_temp(d), -EIO);
	assert_int_equal(mkdir(parent, 0700), 0);
	assert_int_equal(close(staging_temp(d)), 0);
	staging_dir_close(&d);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(parent), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_folder_errors),
		cmocka_unit_test(test_a_removed_folder_is_made_anew) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
