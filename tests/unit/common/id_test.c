#include "common/id.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_lengths(void **state)
{
	(void)state;
	assert_false(id_ok("", 0, 8));
	assert_true(id_ok("azAZ09_-", 1, 8));
	assert_true(id_ok("azAZ09_-", 8, 8));
	assert_false(id_ok("azAZ09_-x", 9, 8));
}

static void test_every_character(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		char text[] = { 'a', (char)c };
		bool good = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			    (c >= 'a' && c <= 'z') || c == '_' || c == '-';

		assert_int_equal(id_ok(text, 2, 8), good);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_every_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
