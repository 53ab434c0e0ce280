#include "common/clock.h"
#include <errno.h>
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

/* It ends when the clock says so, at once when that is over, and with the lock held. */
static void test_wait(void **state)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t cond;
	int64_t until = clock_ms() + 20;

	(void)state;
	clock_cond_init(&cond);
	assert_int_equal(pthread_mutex_lock(&lock), 0);
	assert_int_equal(clock_wait(&cond, &lock, until), ETIMEDOUT);
	assert_true(clock_ms() >= until);
	assert_int_equal(clock_wait(&cond, &lock, until), ETIMEDOUT);
	assert_int_equal(clock_wait(&cond, &lock, 0), ETIMEDOUT);
	assert_int_equal(pthread_mutex_trylock(&lock), EBUSY);
	assert_int_equal(pthread_mutex_unlock(&lock), 0);
	assert_int_equal(pthread_cond_destroy(&cond), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_monotonic),
		cmocka_unit_test(test_real),
		cmocka_unit_test(test_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
