#include "common/id.h"
#include "common/request_id.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_made_ones_are_good_and_differ(void **state)
{
	char made[64][REQUEST_ID_TEXT];

	(void)state;
	for (size_t i = 0; i < 64; i++) {
		request_id_new(made[i]);
		assert_int_equal(strlen(made[i]), 16);
		assert_true(id_ok(made[i], 16, LIMIT_REQUEST_ID));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(made[i], made[k]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made_ones_are_good_and_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
