#include "common/buf.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_adds(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	assert_string_equal(buf_str(&b), "");
	buf_add(&b, "", 0);
	assert_null(b.data);
	buf_add(&b, "a\0b", 3);
	buf_adds(&b, "cd");
	buf_addf(&b, "-%d-%s", 17, "x");
	assert_int_equal(b.len, 10);
	assert_memory_equal(b.data, "a\0bcd-17-x", 11);
	assert_int_equal(buf_error(&b), 0);
	buf_clear(&b);
	assert_int_equal(b.len, 0);
	assert_string_equal(buf_str(&b), "");
	assert_non_null(b.data);
	buf_release(&b);
	assert_null(b.data);
	buf_release(&b);
}

/* Every length around the sizes at which memory grows. */
static void test_growth(void **state)
{
	char text[600];

	(void)state;
	for (size_t n = 0; n < 300; n++) {
		struct buf b = BUF_INIT;

		memset(text, 'x', n);
		text[n] = '\0';
		buf_addf(&b, "%s", text);
		buf_addf(&b, "%s", text);
		assert_int_equal(b.len, 2 * n);
		assert_int_equal(strlen(buf_str(&b)), 2 * n);
		buf_add(&b, text, n);
		assert_int_equal(strlen(buf_str(&b)), 3 * n);
		assert_int_equal(buf_reserve(&b, n), 0);
		assert_true(b.cap - b.len > n);
		buf_release(&b);
	}
}

static void test_out_of_memory(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_adds(&b, "abc");
	assert_int_equal(buf_reserve(&b, SIZE_MAX), -ENOMEM);
	assert_int_equal(buf_error(&b), -ENOMEM);
	buf_adds(&b, "def");
	buf_addf(&b, "%d", 1);
	assert_string_equal(buf_str(&b), "abc");
	assert_null(buf_detach(&b, NULL));
	assert_null(b.data);
	assert_int_equal(buf_error(&b), 0);
	buf_adds(&b, "abc");
	assert_int_equal(buf_reserve(&b, SIZE_MAX / 2), -ENOMEM);
	buf_clear(&b);
	assert_int_equal(buf_error(&b), 0);
	buf_release(&b);
}

static void test_detach(void **state)
{
	struct buf b = BUF_INIT;
	size_t len = 9;
	char *text;

	(void)state;
	text = buf_detach(&b, &len);
	assert_string_equal(text, "");
	assert_int_equal(len, 0);
	free(text);
	buf_adds(&b, "abc");
	text = buf_detach(&b, &len);
	assert_string_equal(text, "abc");
	assert_int_equal(len, 3);
	assert_null(b.data);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_adds),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_detach),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
