#include "common/limits.h"
#include "common/name.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_check(void **state)
{
	char big[LIMIT_NAME + 1];

	(void)state;
	memset(big, 'x', sizeof(big));
	assert_int_equal(name_check("a", 1), 0);
	assert_int_equal(name_check("...", 3), 0);
	assert_int_equal(name_check(".a", 2), 0);
	assert_int_equal(name_check("\n \xff", 3), 0);
	assert_int_equal(name_check(big, LIMIT_NAME), 0);
	assert_int_equal(name_check(big, LIMIT_NAME + 1), -ENAMETOOLONG);
	assert_int_equal(name_check("", 0), -EINVAL);
	assert_int_equal(name_check(".", 1), -EINVAL);
	assert_int_equal(name_check("..", 2), -EINVAL);
	assert_int_equal(name_check("a/b", 3), -EINVAL);
	assert_int_equal(name_check("a\0b", 3), -EINVAL);
}

static void test_encode(void **state)
{
	static const struct {
		const char *bytes, *text;
	} rows[] = {
		{ "", "" },
		{ "plain name", "plain name" },
		{ "100%", "100%25" },
		{ "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "a\nb\x7f", "a%0Ab%7F" },
		{ "\xff\xc3", "%FF%C3" },
		{ "\xed\xa0\x80", "%ED%A0%80" },
		{ "\xc0\xaf", "%C0%AF" },
	};
	char back[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b = BUF_INIT;

		name_encode(&b, rows[i].bytes, strlen(rows[i].bytes));
		assert_string_equal(buf_str(&b), rows[i].text);
		assert_int_equal(
			name_decode(buf_str(&b), back, sizeof(back) - 1), strlen(rows[i].bytes));
		assert_string_equal(back, rows[i].bytes);
		buf_release(&b);
	}
}

static void test_every_byte_survives(void **state)
{
	char bytes[255], back[256];
	struct buf b = BUF_INIT;

	(void)state;
	for (int i = 0; i < 255; i++)
		bytes[i] = (char)(i + 1);
	name_encode(&b, bytes, sizeof(bytes));
	assert_int_equal(name_decode(buf_str(&b), back, 255), 255);
	assert_memory_equal(back, bytes, 255);
	assert_int_equal(back[255], 0);
	buf_release(&b);
}

static void test_decode_errors(void **state)
{
	char out[5] = "";

	(void)state;
	assert_int_equal(name_decode("%", out, 4), -EINVAL);
	assert_int_equal(name_decode("%4", out, 4), -EINVAL);
	assert_int_equal(name_decode("%4g", out, 4), -EINVAL);
	assert_int_equal(name_decode("%00", out, 4), -EINVAL);
	assert_int_equal(name_decode("abcde", out, 4), -ENAMETOOLONG);
	assert_int_equal(name_decode("abc%2fe", out, 4), -ENAMETOOLONG);
	assert_int_equal(name_decode("abc%2f", out, 4), 4);
	assert_string_equal(out, "abc/");
	assert_int_equal(name_decode("", out, 0), 0);
	assert_int_equal(name_decode("a", out, 0), -ENAMETOOLONG);
}

static void test_url(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	name_url(&b, "aZ09-._~/ ?#%&=\xc3", 16);
	assert_string_equal(buf_str(&b), "aZ09-._~%2F%20%3F%23%25%26%3D%C3");
	buf_clear(&b);
	name_url_path(&b, "/a b/\0", 6);
	assert_string_equal(buf_str(&b), "/a%20b/%00");
	buf_release(&b);
}

static void test_utf8(void **state)
{
	static const struct {
		const char *bytes;
		size_t len, want;
	} rows[] = {
		{ "a", 1, 1 },
		{ "", 0, 0 },
		{ "\xc2\x80", 2, 2 },
		{ "\xdf\xbf", 2, 2 },
		{ "\xe0\xa0\x80", 3, 3 },
		{ "\xef\xbf\xbf", 3, 3 },
		{ "\xf0\x90\x80\x80", 4, 4 },
		{ "\xf4\x8f\xbf\xbf", 4, 4 },
		{ "\x80", 1, 0 },
		{ "\xc1\xbf", 2, 0 },
		{ "\xe0\x9f\xbf", 3, 0 },
		{ "\xed\xa0\x80", 3, 0 },
		{ "\xf0\x8f\xbf\xbf", 4, 0 },
		{ "\xf4\x90\x80\x80", 4, 0 },
		{ "\xf5\x80\x80\x80", 4, 0 },
		{ "\xe2\x82\xac", 2, 0 },
		{ "\xe2\x28\xac", 3, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(utf8_sequence(rows[i].bytes, rows[i].len), rows[i].want);
}

static void test_lossy(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	utf8_lossy(&b, "a\xff\xc3\xa9\0z", 6);
	assert_string_equal(buf_str(&b), "a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbdz");
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_every_byte_survives),
		cmocka_unit_test(test_decode_errors),
		cmocka_unit_test(test_url),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_lossy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
