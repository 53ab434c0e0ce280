#include "common/clock.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void test_monotonic(void **state)
{
	int64_t before = clock_ms(), now;

	(void)state;
	assert_true(before >= 0);
	for (int i = 0; i < 1000; i++) {
		now = clock_ms();
		assert_true(now >= before);
		before = now;
	}
}

static void test_real(void **state)
{
	int64_t low = (int64_t)time(NULL), ns = clock_real_ns(), high = (int64_t)time(NULL) + 1;

	(void)state;
	/* time() reads the clock of the last tick */
	assert_true(ns / 1000000000 >= low && ns / 1000000000 <= high);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_monotonic),
		cmocka_unit_test(test_real),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
