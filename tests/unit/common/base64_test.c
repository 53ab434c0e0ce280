#include "common/base64.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_both_ways(void **state)
{
	static const char *const rows[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foobar", "Zm9vYmFy" }, { "\xff\xfe\xfb", "//77" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf text = BUF_INIT;
		char out[8];
		size_t len = strlen(rows[i][0]);

		base64_add(&text, rows[i][0], len);
		assert_string_equal(buf_str(&text), rows[i][1]);
		assert_int_equal(base64_decode(buf_str(&text), text.len, out), len);
		assert_memory_equal(out, rows[i][0], len);
		buf_release(&text);
	}
}

static void test_every_byte_and_length(void **state)
{
	unsigned char bytes[256], back[300];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 167);
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		struct buf text = BUF_INIT;

		buf_adds(&text, "x"); /* it adds */
		base64_add(&text, bytes, len);
		assert_int_equal(base64_decode(text.data + 1, text.len - 1, (char *)back), len);
		assert_memory_equal(back, bytes, len);
		/* in place, too */
		assert_int_equal(base64_decode(text.data + 1, text.len - 1, text.data + 1), len);
		assert_memory_equal(text.data + 1, bytes, len);
		buf_release(&text);
	}
}

static void test_refused(void **state)
{
	static const char *const rows[] = { "Z", "Zg",
		"Zg=", "Z===", "====", "Zg==Zg==", "Zh==", "Zm9=", "Zm9v\n", "Zm 9", "Zm9-",
		"Z=8=", "=Zg=" };
	char out[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(base64_decode(rows[i], strlen(rows[i]), out), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_every_byte_and_length),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
