#include "common/size.h"
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} rows[] = {
		{ "0", 0 },
		{ "1000000", 1000000 },
		{ "007", 7 },
		{ "5B", 5 },
		{ "100M", 100000000 },
		{ "100m", 100000000 },
		{ "100MB", 100000000 },
		{ "100 MB", 100000000 },
		{ "100GB", 100000000000 },
		{ "1.5T", 1500000000000 },
		{ "512KiB", 524288 },
		{ "512ki", 524288 },
		{ "1.5Gi", 1610612736 },
		{ "0.001k", 1 },
		{ "1.0009k", 1000 },
		{ "2P", 2000000000000000 },
		{ "1PiB", 1125899906842624 },
		{ "9E", 9000000000000000000 },
		{ "7.999999999999999999Ei", 9223372036854775806 },
		{ "9223372036854775807", INT64_MAX },
		{ "0.00000000000000000000000000000001E", 0 },
	};
	uint64_t v = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(size_parse(rows[i].text, &v), 0);
		assert_int_equal(v, rows[i].bytes);
	}
}

static void test_refused(void **state)
{
	static const char *const bad[] = { "", " ", "-1", "+1", "M", ".5M", "1.M", "1.5", "1.5B",
		"1X", "1MM", "1MiBx", "1iB", "1 ", "1  M", " 1", "0x10", "1e3", "1,5M", "1M B",
		"\xc2\xb9", "1.5.5M", "1@", "1-", "nan" };
	static const char *const large[] = { "9223372036854775808", "18446744073709551616", "8Ei",
		"10E", "99999999999999999999999999999999999999999999999999999999E",
		"9223372036854775807.9K", "340282366920938463463374607431768211456" };
	uint64_t v = 17;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(size_parse(bad[i], &v), -EINVAL);
	for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++)
		assert_int_equal(size_parse(large[i], &v), -ERANGE);
	assert_int_equal(v, 17);
}

static void test_format(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{ 0, "0 B" },
		{ 999, "999 B" },
		{ 1000, "1.0 KB" },
		{ 1049, "1.0 KB" },
		{ 1050, "1.1 KB" },
		{ 15703152, "15.7 MB" },
		{ 999949, "999.9 KB" },
		{ 999950, "1.0 MB" },
		{ 999999999999, "1.0 TB" },
		{ UINT64_MAX, "18.4 EB" },
	};
	char text[32], small[4];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(size_format(rows[i].bytes, text, sizeof(text)), rows[i].text);
	assert_string_equal(size_format(15703152, small, sizeof(small)), "15.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
