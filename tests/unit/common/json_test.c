#include "common/json.h"
#include "common/limits.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int parse(const char *text, size_t len)
{
	cJSON *value = NULL;
	int rc = json_parse(text, len, &value);

	assert_true((rc == 0) == (value != NULL));
	cJSON_Delete(value);
	return rc;
}

static void test_parse(void **state)
{
	static const char *const good[] = { "{}", "[]", "null", "1", "\"x\"",
		" \t\r\n{\"a\": [1, 2]} \n", "\"\\u00e9\\ud83d\\ude00 \\\\ \\\"\"",
		"\"[[[[[[[{{{{{{\"", "\"\xc3\xa9\"", "-1.5e3", "\"\\\\u0000\"",
		"{\"a\":1,\"a\":2}" };
	static const char *const bad[] = { "", " ", "{", "}", "[1,]", "{\"a\"}", "{} {}", "{}x",
		"nul", "{'a':1}", "\"a", "\"\\\"", "\"\\", "\"a\nb\"", "\"\\x\"", "\"\\u0000\"",
		"{\"a\\u0000b\": 1}", "\"\\ud800\"", "\"\\udc00\"", "\"\xff\"", "\"\xc0\xaf\"",
		"\"\xed\xa0\x80\"", "\xc3\xa9", "[\x01]", "\"\\\xc3\xa9\"", "]", "[}", "\x7f" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(parse(good[i], strlen(good[i])), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse(bad[i], strlen(bad[i])), -EINVAL);
	assert_int_equal(parse("{}\0", 3), -EINVAL);
	assert_int_equal(parse("\"a\0b\"", 5), -EINVAL);
	assert_int_equal(parse("[1]]", 3), 0);
}

static void test_depth(void **state)
{
	enum { DEEP = 100000 };
	char *text = malloc(2 * DEEP);

	(void)state;
	assert_non_null(text);
	memset(text, '[', DEEP);
	memset(text + DEEP, ']', DEEP);
	assert_int_equal(parse(text + DEEP - LIMIT_JSON_DEPTH, 2 * LIMIT_JSON_DEPTH), 0);
	assert_int_equal(
		parse(text + DEEP - LIMIT_JSON_DEPTH - 1, 2 * LIMIT_JSON_DEPTH + 2), -E2BIG);
	assert_int_equal(parse(text, 2 * DEEP), -E2BIG);
	free(text);
}

static cJSON *object;
static struct json_reader r;

static void begin(const char *text)
{
	cJSON_Delete(object);
	object = NULL;
	assert_int_equal(json_parse(text, strlen(text), &object), 0);
	json_reader_init(&r, object);
}

static int end(void **state)
{
	(void)state;
	cJSON_Delete(object);
	object = NULL;
	return 0;
}

static void test_read_good(void **state)
{
	uint64_t u64 = 7;
	uint32_t u32 = 7;
	bool yes = false;
	const char *text = NULL;
	int64_t ns = 7;
	char bytes[4];
	size_t len = 0;

	(void)state;
	begin("{\"a\": 9007199254740991, \"b\": 5, \"c\": true, \"d\": \"hey\", "
	      "\"e\": \"00000000000000ff\", \"f\": [-2, 999999999], \"g\": \"a%2Fb\", \"n\": "
	      "null}");
	assert_true(json_u64(&r, "a", UINT64_MAX, &u64));
	assert_int_equal(u64, LIMIT_ID);
	assert_true(json_u32(&r, "b", 5, &u32));
	assert_int_equal(u32, 5);
	assert_true(json_bool(&r, "c", &yes));
	assert_true(yes);
	assert_true(json_text(&r, "d", 3, &text));
	assert_string_equal(text, "hey");
	assert_true(json_stamp(&r, "e", &u64));
	assert_int_equal(u64, 255);
	assert_true(json_time(&r, "f", &ns));
	assert_int_equal(ns, -1000000001);
	assert_true(json_bytes(&r, "g", bytes, 3, &len));
	assert_int_equal(len, 3);
	assert_string_equal(bytes, "a/b");
	assert_false(json_u64(&r, "n", 5, &u64));
	assert_false(json_u64(&r, "absent", 5, &u64));
	assert_false(json_u64(&r, "A", 5, &u64));
	assert_int_equal(u64, 255);
	json_need(&r, true, "a");
	assert_int_equal(json_failed(&r), 0);
	assert_string_equal(r.error, "");
}

static void test_numbers_refused(void **state)
{
	static const char *const bad[] = { "-1", "1.5", "6", "1e999", "-1e999", "\"5\"", "true",
		"[]", "{}", "-0.1", "5.000001", "9007199254740993" };
	char text[64];
	uint64_t u64;
	uint32_t u32;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		u64 = u32 = 7;
		(void)snprintf(text, sizeof(text), "{\"size\": %s}", bad[i]);
		begin(text);
		assert_false(json_u64(&r, "size", 5, &u64));
		assert_string_equal(r.error, "size: must be a whole number from 0 to 5");
		assert_false(json_u32(&r, "size", 5, &u32));
		assert_int_equal(u64 + u32, 14);
		assert_int_equal(json_failed(&r), -EINVAL);
	}
	begin("{\"a\": 9007199254740992}");
	assert_false(json_u64(&r, "a", UINT64_MAX, &u64));
	assert_string_equal(r.error, "a: must be a whole number from 0 to 9007199254740991");
	begin("{\"a\": 5.0e0}");
	assert_true(json_u64(&r, "a", 5, &u64));
	assert_int_equal(u64, 5);
}

static void test_times_refused(void **state)
{
	static const char *const bad[] = { "1", "[]", "[1]", "[1, 2, 3]", "[1, -1]",
		"[1, 1000000000]", "[1.5, 0]", "[9223372036, 0]", "[-9223372036, 0]", "[\"1\", 0]",
		"{}", "[[1], 0]" };
	char text[64];
	int64_t ns = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(text, sizeof(text), "{\"t\": %s}", bad[i]);
		begin(text);
		assert_false(json_time(&r, "t", &ns));
		assert_string_equal(r.error, "t: must be [seconds, nanoseconds]");
		assert_int_equal(ns, 7);
	}
	begin("{\"t\": [9223372035, 999999999]}");
	assert_true(json_time(&r, "t", &ns));
	assert_int_equal(ns, 9223372035999999999);
}

static void test_others_refused(void **state)
{
	const char *text = NULL;
	char bytes[4];
	uint64_t stamp = 7;
	bool yes = true;
	size_t len;

	(void)state;
	begin("{\"b\": 1, \"t\": \"four\", \"n\": 3, \"p\": \"%zz\", \"z\": \"%00\"}");
	assert_false(json_bool(&r, "b", &yes));
	assert_string_equal(r.error, "b: must be true or false");
	/* the first error stays */
	assert_false(json_text(&r, "t", 3, &text));
	assert_string_equal(r.error, "b: must be true or false");
	json_reader_init(&r, object);
	assert_false(json_text(&r, "t", 3, &text));
	assert_string_equal(r.error, "t: must not be longer than 3 bytes");
	json_reader_init(&r, object);
	assert_false(json_text(&r, "n", 3, &text));
	assert_string_equal(r.error, "n: must be text");
	json_reader_init(&r, object);
	assert_false(json_stamp(&r, "t", &stamp));
	assert_string_equal(r.error, "t: must be a stamp, 16 lower-case hex digits");
	json_reader_init(&r, object);
	assert_false(json_bytes(&r, "t", bytes, 3, &len));
	assert_string_equal(r.error, "t: must not be longer than 3 bytes");
	json_reader_init(&r, object);
	assert_false(json_bytes(&r, "p", bytes, 3, &len));
	assert_string_equal(r.error, "p: has a bad %XX escape");
	json_reader_init(&r, object);
	assert_false(json_bytes(&r, "z", bytes, 3, &len));
	json_reader_init(&r, object);
	json_need(&r, json_u64(&r, "id", 5, &stamp), "id");
	assert_string_equal(r.error, "id: is missing");
	assert_null(text);
	assert_int_equal(stamp, 7);
	begin("[1]");
	assert_string_equal(r.error, "must be a JSON object");
	assert_false(json_u64(&r, "id", 5, &stamp));
	assert_int_equal(json_failed(&r), -EINVAL);
	json_reader_init(&r, NULL);
	assert_int_equal(json_failed(&r), -EINVAL);
}

static void test_write(void **state)
{
	cJSON *o = cJSON_CreateObject();
	struct buf b = BUF_INIT;

	(void)state;
	json_add_u64(o, "zero", 0);
	json_add_u64(o, "int", 2147483648);
	json_add_u64(o, "plain", 999999999999999);
	json_add_u64(o, "big", 1000000000000000);
	json_add_u64(o, "id", LIMIT_ID);
	json_add_time(o, "t", 1500000000000000001);
	json_add_time(o, "u", -1);
	json_add_stamp(o, "s", 255);
	json_add_stamp(o, "none", 0);
	json_add_bytes(o, "n", "a%\xff", 3);
	json_add_lossy(o, "l", "a%\xff", 3);
	buf_adds(&b, ">");
	json_print(o, &b);
	assert_string_equal(buf_str(&b),
		">{\"zero\":0,\"int\":2147483648,\"plain\":999999999999999,\"big\":"
		"1000000000000000,"
		"\"id\":9007199254740991,\"t\":[1500000000,1],\"u\":[-1,999999999],"
		"\"s\":\"00000000000000ff\",\"n\":\"a%25%FF\",\"l\":\"a%\xef\xbf\xbd\"}");
	json_print(NULL, &b);
	assert_int_equal(buf_error(&b), -ENOMEM);
	buf_release(&b);
}

#define T(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_parse),
		T(test_depth),
		T(test_read_good),
		T(test_numbers_refused),
		T(test_times_refused),
		T(test_others_refused),
		T(test_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
