#include "common/request_id.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_what_is_one(void **state)
{
	char longest[LIMIT_REQUEST_ID + 2];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_true(request_id_ok(longest, LIMIT_REQUEST_ID));
	assert_false(request_id_ok(longest, LIMIT_REQUEST_ID + 1));
	assert_false(request_id_ok("", 0));
	assert_true(request_id_ok("azAZ09_-", 8));
	for (int c = 0; c < 256; c++) {
		char text[] = { 'a', (char)c };
		bool good = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			    (c >= 'a' && c <= 'z') || c == '_' || c == '-';

		assert_int_equal(request_id_ok(text, 2), good);
	}
}

static void test_made_ones_are_good_and_differ(void **state)
{
	char made[64][REQUEST_ID_TEXT];

	(void)state;
	for (size_t i = 0; i < 64; i++) {
		request_id_new(made[i]);
		assert_int_equal(strlen(made[i]), 16);
		assert_true(request_id_ok(made[i], 16));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(made[i], made[k]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_one),
		cmocka_unit_test(test_made_ones_are_good_and_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
