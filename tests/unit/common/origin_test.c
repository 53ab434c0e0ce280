#include "common/origin.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_what_is_one(void **state)
{
	char longest[LIMIT_SESSION + 2];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_true(origin_ok(longest, LIMIT_SESSION));
	assert_false(origin_ok(longest, LIMIT_SESSION + 1));
	assert_false(origin_ok("", 0));
	for (int c = 0; c < 256; c++) {
		char text[] = { 'a', (char)c };
		bool good = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			    (c >= 'a' && c <= 'z') || c == '_' || c == '-';

		assert_int_equal(origin_ok(text, 2), good);
	}
}

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
		cmocka_unit_test(test_what_is_one),
		cmocka_unit_test(test_each_thread_has_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
