#include "common/origin.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void *look(void *arg)
{
	(void)arg;
	assert_string_equal(origin_get(), "all");
	origin_set("mine");
	assert_string_equal(origin_get(), "mine");
	return NULL;
}

static void test_each_thread_has_its_own(void **state)
{
	pthread_t t;

	(void)state;
	assert_string_equal(origin_get(), "");
	origin_set_default("all");
	assert_int_equal(pthread_create(&t, NULL, look, NULL), 0);
	assert_int_equal(pthread_join(t, NULL), 0);
	assert_string_equal(origin_get(), "all");
	origin_set("x");
	origin_set("");
	assert_string_equal(origin_get(), "all");
	origin_set_default("");
	assert_string_equal(origin_get(), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_thread_has_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
