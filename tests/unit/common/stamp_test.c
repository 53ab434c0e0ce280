#include "common/clock.h"
#include "common/stamp.h"
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { EACH = 20000, THREADS = 4 };

static void *take(void *arg)
{
	uint64_t *out = arg;

	for (int i = 0; i < EACH; i++)
		out[i] = stamp_new();
	return NULL;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void test_unique_and_rising(void **state)
{
	uint64_t *all = calloc((size_t)EACH * THREADS, sizeof(*all));
	pthread_t threads[THREADS];

	(void)state;
	assert_non_null(all);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, take, all + (size_t)i * EACH), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 1; i < EACH; i++)
		assert_true(all[i] > all[i - 1]);
	qsort(all, (size_t)EACH * THREADS, sizeof(*all), compare);
	assert_true(all[0] > 0);
	assert_true(all[EACH * THREADS - 1] <= INT64_MAX);
	for (int i = 1; i < EACH * THREADS; i++)
		assert_true(all[i] != all[i - 1]);
	free(all);
}

static void test_is_the_time(void **state)
{
	uint64_t low = (uint64_t)(clock_real_ns() / 1000000 - 1577836800000), stamp = stamp_new();
	uint64_t high = (uint64_t)(clock_real_ns() / 1000000 - 1577836800000);

	(void)state;
	/* those made at once before it may have pushed it on by a little */
	assert_in_range(stamp >> 23, low, high + 5);
}

static void test_text(void **state)
{
	char text[STAMP_TEXT];
	uint64_t stamp = 0;

	(void)state;
	stamp_format(0x0123456789abcdef, text);
	assert_string_equal(text, "0123456789abcdef");
	assert_int_equal(stamp_parse(text, &stamp), 0);
	assert_int_equal(stamp, 0x0123456789abcdef);
	assert_int_equal(stamp_parse("7fffffffffffffff", &stamp), 0);
	assert_int_equal(stamp, INT64_MAX);
	assert_int_equal(stamp_parse("0000000000000001", &stamp), 0);
}

static void test_refused(void **state)
{
	static const char *const bad[] = { "", "0", "0000000000000000", "8000000000000000",
		"ffffffffffffffff", "0123456789ABCDEF", "0123456789abcde", "0123456789abcdef0",
		"0123456789abcdeg", "0x23456789abcdef", " 123456789abcdef", "-123456789abcdef" };
	uint64_t stamp = 17;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(stamp_parse(bad[i], &stamp), -EINVAL);
	assert_int_equal(stamp, 17);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unique_and_rising),
		cmocka_unit_test(test_is_the_time),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
