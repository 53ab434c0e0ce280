#include "node/parameter.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void ids(void **state)
{
	static const char *const bad[] = { "", "0", "-1", "+1", " 1", "1 ", "1x", "1.0",
		"9007199254740992", "99999999999999999999" };
	uint64_t id = 0;

	(void)state;
	assert_int_equal(parameter_id("33", &id), 0);
	assert_int_equal(id, 33);
	assert_int_equal(parameter_id("9007199254740991", &id), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(parameter_id(bad[i], &id), -EINVAL);
}

static void times(void **state)
{
	static const char *const bad[] = { "", "-", ".5", "1.", "1.5", "1.0000000000",
		"1.00000000x", "9000000001", "99999999999", "1e3", "--1" };
	int64_t ns = 0;

	(void)state;
	assert_int_equal(parameter_mtime("1700000000.000000007", &ns), 0);
	assert_int_equal(ns, 1700000000000000007);
	assert_int_equal(parameter_mtime("12", &ns), 0);
	assert_int_equal(ns, 12000000000);
	assert_int_equal(parameter_mtime("-2.500000000", &ns), 0); /* as struct timespec has it */
	assert_int_equal(ns, -1500000000);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(parameter_mtime(bad[i], &ns), -EINVAL);
}

static void filenames(void **state)
{
	char out[LIMIT_NAME + 1], text[300];
	size_t len = 99;

	(void)state;
	assert_int_equal(parameter_filename("", 0, out, &len), 0);
	assert_int_equal(len, 0);
	assert_int_equal(parameter_filename("../../etc/passwd", 16, out, &len), 0);
	assert_string_equal(out, "passwd");
	assert_int_equal(parameter_filename("C:\\x\\y.txt", 10, out, &len), 0);
	assert_string_equal(out, "y.txt");
	assert_int_equal(parameter_filename("..", 2, out, &len), -EINVAL);
	assert_int_equal(parameter_filename("dir/", 4, out, &len), -EINVAL);
	assert_int_equal(parameter_filename("a\0b", 3, out, &len), -EINVAL);
	memset(text, 'x', sizeof(text));
	assert_int_equal(parameter_filename(text, 255, out, &len), 0);
	assert_int_equal(parameter_filename(text, 256, out, &len), -ENAMETOOLONG);
}

static void flags(void **state)
{
	bool b = false;

	(void)state;
	assert_int_equal(parameter_bool("1", &b), 0);
	assert_true(b);
	assert_int_equal(parameter_bool("false", &b), 0);
	assert_false(b);
	assert_int_equal(parameter_bool("maybe", &b), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids),
		cmocka_unit_test(times),
		cmocka_unit_test(filenames),
		cmocka_unit_test(flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
