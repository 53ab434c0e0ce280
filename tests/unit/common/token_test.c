#include "common/token.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/token_test.XXXXXX";
static char error[256];

static int make(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int drop(void **state)
{
	(void)state;
	return unlink(path) | unsetenv("CDN_TOKEN");
}

static void put(const char *text, size_t len)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void test_file(void **state)
{
	static const struct {
		const char *text, *token;
	} rows[] = { { "secret", "secret" }, { "secret\n", "secret" },
		{ "secret\r\nmore\n", "secret" }, { " a b \n", " a b " } };
	char *token;

	(void)state;
	assert_int_equal(setenv("CDN_TOKEN", "of the environment", 1), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put(rows[i].text, strlen(rows[i].text));
		assert_int_equal(token_load(path, &token, error, sizeof(error)), 0);
		assert_string_equal(token, rows[i].token);
		token_release(&token);
		assert_null(token);
	}
}

static void test_environment(void **state)
{
	char *token;

	(void)state;
	assert_int_equal(setenv("CDN_TOKEN", "secret", 1), 0);
	assert_int_equal(token_load(NULL, &token, error, sizeof(error)), 0);
	assert_string_equal(token, "secret");
	token_release(&token);
	assert_int_equal(setenv("CDN_TOKEN", "", 1), 0);
	assert_int_equal(token_load(NULL, &token, error, sizeof(error)), 0);
	assert_null(token);
	assert_int_equal(unsetenv("CDN_TOKEN"), 0);
	assert_int_equal(token_load(NULL, &token, error, sizeof(error)), 0);
	assert_null(token);
	token_release(&token);
}

static void test_length(void **state)
{
	char text[TOKEN_MAX + 1], *token;

	(void)state;
	memset(text, 'x', sizeof(text));
	put(text, TOKEN_MAX);
	assert_int_equal(token_load(path, &token, error, sizeof(error)), 0);
	assert_int_equal(strlen(token), TOKEN_MAX);
	token_release(&token);
	put(text, TOKEN_MAX + 1);
	assert_int_equal(token_load(path, &token, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, path));
}

/* *out is left as it was, and the sentence names the file. */
static void test_refused(void **state)
{
	static const char *const bad[] = { "", "\n", "\r\nsecret\n" };
	char mine[] = "mine", *token = mine;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put(bad[i], strlen(bad[i]));
		error[0] = '\0';
		assert_int_equal(token_load(path, &token, error, sizeof(error)), -EINVAL);
		assert_non_null(strstr(error, path));
	}
	assert_int_equal(token_load("/nonexistent/t", &token, error, sizeof(error)), -ENOENT);
	assert_non_null(strstr(error, "/nonexistent/t"));
	assert_int_equal(token_load("/tmp", &token, error, sizeof(error)), -EISDIR);
	assert_non_null(strstr(error, "/tmp"));
	assert_ptr_equal(token, mine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, make, drop);
}
