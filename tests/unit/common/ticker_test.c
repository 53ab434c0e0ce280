#include "common/ticker.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct work {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned calls; /* lock */
	bool held;	/* lock: a call stays in there */
};

#define WORK_INIT                                                                                  \
	{                                                                                          \
		.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER             \
	}

static void work(void *arg)
{
	struct work *w = arg;

	pthread_mutex_lock(&w->lock);
	w->calls++;
	pthread_cond_broadcast(&w->changed);
	while (w->held)
		pthread_cond_wait(&w->changed, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

static void await_calls(struct work *w, unsigned n)
{
	pthread_mutex_lock(&w->lock);
	while (w->calls < n)
		pthread_cond_wait(&w->changed, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

static void test_again_and_again(void **state)
{
	struct work w = WORK_INIT;
	struct ticker *t;

	(void)state;
	assert_int_equal(ticker_open(1, work, &w, &t), 0);
	await_calls(&w, 3);
	ticker_close(&t);
	assert_null(t);
	ticker_close(&t);
}

/* An hour's pause ends with the ticker, and nothing is called then. */
static void test_close_ends_the_pause(void **state)
{
	struct work w = WORK_INIT;
	struct ticker *t;

	(void)state;
	assert_int_equal(ticker_open(3600000, work, &w, &t), 0);
	ticker_close(&t);
	assert_int_equal(w.calls, 0);
}

static void *let_go(void *arg)
{
	struct work *w = arg;

	pthread_mutex_lock(&w->lock);
	w->held = false;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void test_close_waits_for_the_call(void **state)
{
	struct work w = WORK_INIT;
	struct ticker *t;
	pthread_t other;

	(void)state;
	w.held = true;
	assert_int_equal(ticker_open(1, work, &w, &t), 0);
	await_calls(&w, 1);
	assert_int_equal(pthread_create(&other, NULL, let_go, &w), 0);
	ticker_close(&t);
	assert_false(w.held); /* a thread still in the call would use w */
	assert_int_equal(pthread_join(other, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_again_and_again),
		cmocka_unit_test(test_close_ends_the_pause),
		cmocka_unit_test(test_close_waits_for_the_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
