#include "common/base.h"
#include "common/http.h"
#include "common/limits.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_status_and_errno(void **state)
{
	static const struct {
		int err;
		unsigned status;
	} rows[] = { { -EINVAL, 400 }, { -EACCES, 403 }, { -EPERM, 403 }, { -ENOENT, 404 },
		{ -EEXIST, 409 }, { -ENOTEMPTY, 409 }, { -ESTALE, 412 }, { -EFBIG, 413 },
		{ -ERANGE, 416 }, { -EBADMSG, 422 }, { -EIO, 500 }, { -EPROTO, 502 },
		{ -EAGAIN, 503 }, { -ETIMEDOUT, 503 }, { -ECONNREFUSED, 503 }, { -ENOSPC, 507 },
		{ -EDQUOT, 507 }, { -EUSERS, 500 } };
	static const struct {
		unsigned status;
		int err;
	} back[] = { { 200, 0 }, { 201, 0 }, { 299, 0 }, { 400, -EINVAL }, { 401, -EACCES },
		{ 403, -EACCES }, { 404, -ENOENT }, { 408, -ETIMEDOUT }, { 409, -EEXIST },
		{ 411, -EINVAL }, { 412, -ESTALE }, { 413, -EFBIG }, { 414, -ENAMETOOLONG },
		{ 416, -ERANGE }, { 422, -EBADMSG }, { 429, -EAGAIN }, { 500, -EIO },
		{ 503, -EAGAIN }, { 504, -ETIMEDOUT }, { 507, -ENOSPC }, { 100, -EIO },
		{ 304, -EIO }, { 418, -EIO }, { 599, -EIO } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(http_status_of(rows[i].err), rows[i].status);
	for (size_t i = 0; i < ARRAY_LEN(back); i++)
		assert_int_equal(http_errno_of(back[i].status), back[i].err);
}

static void test_errno_names(void **state)
{
	static const int errs[] = { ENOENT, EEXIST, ENOTDIR, EISDIR, ENOTEMPTY, EINVAL,
		ENAMETOOLONG, ENOSPC, EFBIG, EPERM, EACCES, EXDEV, ELOOP, EMLINK, EBUSY, ESTALE,
		EIO };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(errs); i++)
		assert_int_equal(http_errno_parse(http_errno_name(-errs[i])), -errs[i]);
	assert_string_equal(http_errno_name(-ENOENT), "ENOENT");
	assert_string_equal(http_errno_name(-EUSERS), "EIO");
	assert_int_equal(http_errno_parse("ENOSUCH"), -EIO);
	assert_int_equal(http_errno_parse(""), -EIO);
}

static void test_dates(void **state)
{
	static const struct {
		const char *text;
		int64_t t; /* -1: refused */
	} rows[] = {
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", 784111777 },
		{ "Sun Nov  6 08:49:37 1994", 784111777 },
		{ "Wed Nov 16 08:49:37 1994", 784975777 },
		{ "Thu, 29 Feb 2024 00:00:00 GMT", 1709164800 },
		{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
		{ "Sat, 31 Dec 2016 23:59:60 GMT", 1483228799 },
		{ "Wed, 29 Feb 2023 00:00:00 GMT", -1 },
		{ "Thu, 29 Feb 1900 00:00:00 GMT", -1 },
		{ "Sun, 06 Nov 1994 08:49:37", -1 },
		{ "Sun, 06 Nov 1994 08:49:37 UTC", -1 },
		{ "Sun, 06 Nov 1994 24:00:00 GMT", -1 },
		{ "Sun, 06 Nov 1994 08:60:00 GMT", -1 },
		{ "Sun, 00 Nov 1994 08:49:37 GMT", -1 },
		{ "Sun, 31 Nov 1994 08:49:37 GMT", -1 },
		{ "Sun, 6 Nov 1994 08:49:37 GMT", -1 },
		{ "Sun, +6 Nov 1994 08:49:37 GMT", -1 },
		{ "Son, 06 Nov 1994 08:49:37 GMT", -1 },
		{ "Sun, 06 Nou 1994 08:49:37 GMT", -1 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT ", -1 },
		{ "Sun Nov 6 08:49:37 1994", -1 },
		{ "Sun", -1 },
		{ "", -1 },
	};
	char text[HTTP_DATE];
	time_t t;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		t = 42;
		if (http_date_parse(rows[i].text, &t) != (rows[i].t < 0 ? -EINVAL : 0))
			fail_msg("%s", rows[i].text);
		assert_int_equal(t, rows[i].t < 0 ? 42 : rows[i].t);
	}
	http_date_format(784111777, text);
	assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
	http_date_format(-5, text);
	assert_string_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT");
	http_date_format((time_t)INT64_MAX, text);
	assert_string_equal(text, "Fri, 31 Dec 9999 23:59:59 GMT");
	for (t = 0; t < 4102444800; t += 86400 * 31 + 12345) {
		time_t back;

		http_date_format(t, text);
		assert_int_equal(http_date_parse(text, &back), 0);
		assert_int_equal(back, t);
	}
}

static void test_ranges(void **state)
{
	static const struct {
		const char *header;
		uint64_t size;
		enum http_range kind;
		uint64_t first, last;
	} rows[] = {
		{ "bytes=0-0", 10, HTTP_RANGE_ONE, 0, 0 },
		{ "bytes=2-5", 10, HTTP_RANGE_ONE, 2, 5 },
		{ "BYTES=2-5", 10, HTTP_RANGE_ONE, 2, 5 },
		{ "bytes= 2-5 ", 10, HTTP_RANGE_ONE, 2, 5 },
		{ "bytes=5-", 10, HTTP_RANGE_ONE, 5, 9 },
		{ "bytes=5-100", 10, HTTP_RANGE_ONE, 5, 9 },
		{ "bytes=5-99999999999999999999999", 10, HTTP_RANGE_ONE, 5, 9 },
		{ "bytes=-3", 10, HTTP_RANGE_ONE, 7, 9 },
		{ "bytes=-30", 10, HTTP_RANGE_ONE, 0, 9 },
		{ "bytes=-99999999999999999999999", 10, HTTP_RANGE_ONE, 0, 9 },
		{ "bytes=10-", 10, HTTP_RANGE_UNSATISFIABLE, 0, 0 },
		{ "bytes=10-20", 10, HTTP_RANGE_UNSATISFIABLE, 0, 0 },
		{ "bytes=99999999999999999999999-", 10, HTTP_RANGE_UNSATISFIABLE, 0, 0 },
		{ "bytes=-0", 10, HTTP_RANGE_UNSATISFIABLE, 0, 0 },
		{ "bytes=0-", 0, HTTP_RANGE_UNSATISFIABLE, 0, 0 },
		{ "bytes=-5", 0, HTTP_RANGE_NONE, 0, 0 },
		{ "bytes=5-2", 10, HTTP_RANGE_NONE, 0, 0 },
		{ "bytes=-", 10, HTTP_RANGE_NONE, 0, 0 },
		{ "bytes=", 10, HTTP_RANGE_NONE, 0, 0 },
		{ "bytes=1", 10, HTTP_RANGE_NONE, 0, 0 },
		{ "bytes=a-b", 10, HTTP_RANGE_NONE, 0, 0 },
		{ "bytes=+1-2", 10, HTTP_RANGE_NONE, 0, 0 },
		{ "bytes=1--2", 10, HTTP_RANGE_NONE, 0, 0 },
		{ "bytes=1-2,4-5", 10, HTTP_RANGE_NONE, 0, 0 },
		{ "bytes=1-2x", 10, HTTP_RANGE_NONE, 0, 0 },
		{ "items=1-2", 10, HTTP_RANGE_NONE, 0, 0 },
		{ "bytes 1-2", 10, HTTP_RANGE_NONE, 0, 0 },
		{ "", 10, HTTP_RANGE_NONE, 0, 0 },
		{ NULL, 10, HTTP_RANGE_NONE, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t first = 77, last = 78;
		bool one = rows[i].kind == HTTP_RANGE_ONE;

		if (http_range_parse(rows[i].header, rows[i].size, &first, &last) != rows[i].kind)
			fail_msg("%s", rows[i].header);
		assert_int_equal(first, one ? rows[i].first : 77);
		assert_int_equal(last, one ? rows[i].last : 78);
	}
}

static void test_content_range(void **state)
{
	static const char *const bad[] = { NULL, "", "bytes", "bytes 0-4", "bytes 0-4/",
		"bytes 0-4/*", "bytes */10", "bytes 4-0/10", "bytes 0-10/10", "bytes 0-4/10x",
		"bytes -4/10", "items 0-4/10",
		"bytes 0-99999999999999999999999/99999999999999999999999" };
	uint64_t a = 1, b = 2, total = 3;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(http_content_range_parse(bad[i], &a, &b, &total), -EINVAL);
	assert_int_equal(a + b + total, 6);
	assert_int_equal(http_content_range_parse("bytes 0-4/10", &a, &b, &total), 0);
	assert_true(a == 0 && b == 4 && total == 10);
}

#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define AT "Sun, 06 Nov 1994 08:49:37 GMT"
#define AFTER "Sun, 06 Nov 1994 08:49:38 GMT"

static void test_conditions(void **state)
{
	static const struct {
		struct http_conditions c;
		unsigned status;
	} rows[] = {
		{ { .read = true }, 200 },
		{ { .read = true, .if_match = "\"x\"" }, 200 },
		{ { .read = true, .if_match = "\"a\", \"x\"" }, 200 },
		{ { .read = true, .if_match = "*" }, 200 },
		{ { .read = true, .if_match = "\"y\"" }, 412 },
		{ { .read = true, .if_match = "W/\"x\"" }, 412 },
		{ { .read = true, .if_match = "x" }, 412 },
		{ { .read = true, .if_match = "\"x" }, 412 },
		{ { .read = true, .if_match = "" }, 412 },
		{ { .if_match = "\"y\"" }, 412 },
		{ { .read = true, .if_unmodified_since = BEFORE }, 412 },
		{ { .read = true, .if_unmodified_since = AT }, 200 },
		{ { .read = true, .if_unmodified_since = "nonsense" }, 200 },
		{ { .read = true, .if_match = "\"x\"", .if_unmodified_since = BEFORE }, 200 },
		{ { .read = true, .if_none_match = "\"x\"" }, 304 },
		{ { .read = true, .if_none_match = "W/\"x\"" }, 304 },
		{ { .read = true, .if_none_match = "\"a\",,W/\"b\" , \"x\"" }, 304 },
		{ { .read = true, .if_none_match = "*" }, 304 },
		{ { .if_none_match = "*" }, 412 },
		{ { .if_none_match = "\"x\"" }, 412 },
		{ { .read = true, .if_none_match = "\"y\"" }, 200 },
		{ { .read = true, .if_modified_since = AT }, 304 },
		{ { .read = true, .if_modified_since = AFTER }, 304 },
		{ { .read = true, .if_modified_since = BEFORE }, 200 },
		{ { .if_modified_since = AT }, 200 },
		{ { .read = true, .if_none_match = "\"y\"", .if_modified_since = AFTER }, 200 },
		{ { .read = true, .if_match = "\"y\"", .if_none_match = "\"x\"" }, 412 },
		{ { .read = true, .range = "bytes=1-2" }, 206 },
		{ { .range = "bytes=1-2" }, 200 },
		{ { .read = true, .range = "bytes=10-" }, 416 },
		{ { .read = true, .range = "bytes=1-2", .if_range = "\"x\"" }, 206 },
		{ { .read = true, .range = "bytes=1-2", .if_range = "\"y\"" }, 200 },
		{ { .read = true, .range = "bytes=1-2", .if_range = "W/\"x\"" }, 200 },
		{ { .read = true, .range = "bytes=1-2", .if_range = AT }, 206 },
		{ { .read = true, .range = "bytes=1-2", .if_range = AFTER }, 200 },
		{ { .read = true, .range = "bytes=10-", .if_range = "\"y\"" }, 200 },
		{ { .read = true, .range = "bytes=1-2", .if_none_match = "\"x\"" }, 304 },
	};
	const struct http_validator v = { .etag = "\"x\"", .modified = 784111777, .size = 10 };
	const struct http_validator bare = { .modified = 784111777, .size = 10 };
	uint64_t first = 0, last = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		unsigned got = http_evaluate(&rows[i].c, &v, &first, &last);

		if (got != rows[i].status)
			fail_msg("row %zu: %u", i, got);
		if (got == 206)
			assert_true(first == 1 && last == 2);
	}
	assert_int_equal(
		http_evaluate(&(struct http_conditions){ .read = true, .if_match = "\"\"" }, &bare,
			&first, &last),
		412);
	assert_int_equal(http_evaluate(&(struct http_conditions){ .read = true, .if_match = "*" },
				 &bare, &first, &last),
		200);
}

static void test_disposition(void **state)
{
	static const struct {
		const char *name;
		size_t len;
		const char *text;
	} rows[] = {
		{ "a.txt", 5, "attachment; filename=\"a.txt\"; filename*=UTF-8''a.txt" },
		{ "a b", 3, "attachment; filename=\"a b\"; filename*=UTF-8''a%20b" },
		{ "\xc3\xa4", 2, "attachment; filename=\"_\"; filename*=UTF-8''%C3%A4" },
		{ "\xff", 1, "attachment; filename=\"_\"; filename*=UTF-8''%EF%BF%BD" },
		{ "q\"\\%/", 5, "attachment; filename=\"q____\"; filename*=UTF-8''q%22%5C%25%2F" },
		{ "\r\n\0x", 4,
			"attachment; filename=\"___x\"; filename*=UTF-8''%0D%0A%EF%BF%BDx" },
		{ "", 0, "attachment" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf b = BUF_INIT;

		http_disposition(&b, rows[i].name, rows[i].len);
		assert_string_equal(buf_str(&b), rows[i].text);
		buf_release(&b);
	}
}

static void test_basename(void **state)
{
	static const char *const rows[][2] = { { "a", "a" }, { "/b/c.txt", "c.txt" },
		{ "C:\\d\\e.txt", "e.txt" }, { "f/", "" }, { "", "" }, { "g\\h/i", "i" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *base;
		size_t n = http_basename(rows[i][0], strlen(rows[i][0]), &base);

		assert_int_equal(n, strlen(rows[i][1]));
		assert_memory_equal(base, rows[i][1], n);
	}
}

static void test_types(void **state)
{
	static const char *const good[] = { "text/plain", "text/plain; charset=utf-8",
		"application/vnd.x+json;a=\"b c\\\"\" ; d=e" };
	static const char *const bad[] = { "", "text", "text/", "/plain", "text/plain;",
		"text/pl ain", "text/plain; x", "text/plain; x=", "text/plain; x=\"y",
		"text/plain\r\nX: y", "text/plain; x=\"\\", "text/plain; x=\"a\nb\"" };
	char longest[LIMIT_TYPE + 2] = "a/";

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(http_type_ok(good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (http_type_ok(bad[i]))
			fail_msg("%s", bad[i]);
	memset(longest + 2, 'x', LIMIT_TYPE - 2);
	assert_true(http_type_ok(longest));
	longest[LIMIT_TYPE] = 'x';
	assert_false(http_type_ok(longest));
}

static void test_uris(void **state)
{
	static const char *const good[] = { "http://a", "https://node-1.example:443",
		"http://127.0.0.1:8001/", "http://[::1]:80", "http://node_1:1" };
	static const char *const bad[] = { "", "http://", "http:///", "ftp://a", "a:80",
		"http://a:", "http://a:0", "http://a:65536", "http://a:99999999999999999999999",
		"http://a/b", "http://a?b", "http://a#b", "http://u@a", "http://a b", "http://[::1",
		"http://[]", "http://::1", "http://a\n", "http://a:80//", "javascript:alert(1)" };
	char longest[LIMIT_URI + 2] = "http://";

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (!http_uri_ok(good[i]))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (http_uri_ok(bad[i]))
			fail_msg("%s", bad[i]);
	memset(longest + 7, 'a', LIMIT_HOST);
	assert_true(http_uri_ok(longest));
	memset(longest + 7, 'a', LIMIT_URI - 7);
	assert_false(http_uri_ok(longest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status_and_errno),
		cmocka_unit_test(test_errno_names),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_content_range),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_disposition),
		cmocka_unit_test(test_basename),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_uris),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
