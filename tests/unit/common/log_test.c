#include "common/log.h"
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *text;
static size_t size;
static FILE *out;

static int setup(void **state)
{
	(void)state;
	out = open_memstream(&text, &size);
	log_request_set("");
	log_init("node", LOG_LEVEL_INFO, out);
	return out && fflush(out) == 0 ? 0 : -1; /* text and size are valid from here on */
}

static int teardown(void **state)
{
	(void)state;
	log_init("node", LOG_LEVEL_INFO, NULL);
	fclose(out);
	free(text);
	return 0;
}

/* 2026-11-23T05:00:00.123Z and a space */
static void check_time(const char *line)
{
	static const char shape[] = "0000-00-00T00:00:00.000Z ";

	for (size_t i = 0; shape[i]; i++) {
		if (shape[i] == '0')
			assert_in_range(line[i], '0', '9');
		else
			assert_int_equal(line[i], shape[i]);
	}
}

static void test_line(void **state)
{
	(void)state;
	log_warn("node is silent", "node=%s ms=%d", "node1", 17);
	check_time(text);
	assert_string_equal(text + 25, "node warn \"node is silent\" node=node1 ms=17\n");
}

static void test_no_pairs_and_request(void **state)
{
	(void)state;
	log_request_set("req-1");
	log_error("bad", "");
	assert_string_equal(text + 25, "node error \"bad\" req=req-1\n");
	log_request_set(NULL);
	assert_string_equal(log_request_get(), "");
}

static void test_levels(void **state)
{
	enum log_level level = LOG_LEVEL_WARN;

	(void)state;
	log_debug("unseen", "");
	assert_int_equal(size, 0);
	log_init("node", LOG_LEVEL_DEBUG, out);
	log_debug("seen", "");
	assert_non_null(strstr(text, "node debug \"seen\"\n"));
	assert_int_equal(log_level_parse("Debug", &level), 0);
	assert_int_equal(level, LOG_LEVEL_DEBUG);
	assert_int_equal(log_level_parse("error", &level), 0);
	assert_int_equal(level, LOG_LEVEL_ERROR);
	assert_int_equal(log_level_parse("loud", &level), -EINVAL);
	assert_int_equal(log_level_parse("", &level), -EINVAL);
	assert_int_equal(level, LOG_LEVEL_ERROR);
}

static void test_escapes(void **state)
{
	(void)state;
	log_request_set("a\nb");
	log_info("x\ny", "name=%s", "\x1b[31m\r\n\x7f\xc2\x9b\xc3\xa9");
	assert_string_equal(text + 25,
		"node info \"x\\x0ay\" name=\\x1b[31m\\x0d\\x0a\\x7f\xc2\\x9b\xc3\xa9 req=a?b\n");
}

static void test_overlong(void **state)
{
	char *big = malloc(100001);
	size_t lines = 0;

	(void)state;
	assert_non_null(big);
	memset(big, '\n', 100000);
	big[100000] = '\0';
	log_request_set("0123456789012345678901234567890123456789");
	assert_int_equal(strlen(log_request_get()), LOG_REQUEST_ID - 1);
	log_warn(big, "x=%s", big);
	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	assert_int_equal(lines, 1);
	assert_non_null(strstr(text, " req=01234567890123456789012345678901\n"));
	free(big);
}

static void test_keeps_errno(void **state)
{
	(void)state;
	errno = ENOSPC;
	log_info("x", "");
	assert_int_equal(errno, ENOSPC);
}

static void *other_main(void *arg)
{
	(void)arg;
	return (void *)(uintptr_t)(log_request_get()[0] == '\0');
}

static void test_request_is_the_threads(void **state)
{
	pthread_t thread;
	void *empty = NULL;

	(void)state;
	log_request_set("mine");
	assert_int_equal(pthread_create(&thread, NULL, other_main, NULL), 0);
	pthread_join(thread, &empty);
	assert_non_null(empty);
	assert_string_equal(log_request_get(), "mine");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_line),
		T(test_no_pairs_and_request),
		T(test_levels),
		T(test_escapes),
		T(test_overlong),
		T(test_keeps_errno),
		T(test_request_is_the_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
