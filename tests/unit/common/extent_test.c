#include "common/extent.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#define MIB (1ULL << 20)

static void test_data_and_holes(void **state)
{
	int fd = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	uint64_t from, to;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(extent_next(fd, 0, 0, &from, &to), -ENXIO);
	assert_int_equal(ftruncate(fd, 8 * MIB), 0);
	assert_int_equal(extent_next(fd, 0, 8 * MIB, &from, &to), -ENXIO);
	assert_int_equal(extent_bytes(fd, 0, 8 * MIB), 0);
	assert_int_equal(pwrite(fd, "x", 1, 2 * MIB), 1);
	assert_int_equal(pwrite(fd, "x", 1, 8 * MIB - 1), 1);
	assert_int_equal(extent_next(fd, 0, 8 * MIB, &from, &to), 0);
	assert_int_equal(from, 2 * MIB);
	assert_in_range(to, 2 * MIB + 1, 3 * MIB);
	assert_int_equal(extent_next(fd, from + 1, from + 2, &from, &to), 0);
	assert_int_equal(from, 2 * MIB + 1);
	assert_int_equal(to, 2 * MIB + 2);
	assert_int_equal(extent_next(fd, 0, 2 * MIB, &from, &to), -ENXIO);
	assert_int_equal(extent_next(fd, 4 * MIB, 8 * MIB, &from, &to), 0);
	assert_int_equal(to, 8 * MIB);
	assert_in_range(extent_bytes(fd, 0, 8 * MIB), 2, 2 * MIB);
	close(fd);
}

/* Small files, and full ones, are as long as they take room. */
static void test_without_holes(void **state)
{
	int fd = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	(void)state;
	assert_int_equal(extent_bytes(fd, 0, 0), 0);
	assert_int_equal(pwrite(fd, "abc", 3, 0), 3);
	assert_int_equal(extent_bytes(fd, 0, 3), 3);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data_and_holes),
		cmocka_unit_test(test_without_holes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
