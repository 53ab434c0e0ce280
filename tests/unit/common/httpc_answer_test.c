/* httpc_answer: what is head, body and end, however the bytes are cut. */
#include "common/httpc_answer.h"
#include "common/limits.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Reads text in pieces of `cut` bytes; 0 or the error; body gets the body, *rest what was not taken. */
static int feed(
	struct httpc_answer *a, const char *text, size_t cut, struct buf *body, size_t *rest)
{
	size_t len = strlen(text), used, n, piece;
	const char *data;
	int rc = 0;

	for (*rest = len; rc == 0 && *rest && a->state != HTTPC_ANSWER_DONE; *rest -= used) {
		piece = *rest < cut ? *rest : cut;
		rc = httpc_answer_read(a, text + len - *rest, piece, &used, &data, &n);
		assert_true(used <= piece && n <= used);
		buf_add(body, data, n);
	}
	return rc;
}

struct row {
	const char *text, *body;
	unsigned status;
	bool keep, no_body;
	size_t rest;
};

static const struct row good[] = {
	{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", 200, true, false, 0 },
	{ "HTTP/1.1 200 OK\r\ncontent-length:5 \r\n\r\nhelloHTTP", "hello", 200, true, false, 4 },
	{ "HTTP/1.1 200\nContent-Length: 0\n\n", "", 200, true, false, 0 },
	{ "HTTP/1.1 200 \r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhe", "he", 200, true,
		false, 0 },
	{ "HTTP/1.1 204 No\r\nContent-Length: 7\r\n\r\n", "", 204, true, false, 0 },
	{ "HTTP/1.1 304 No\r\nContent-Length: 7\r\n\r\n", "", 304, true, false, 0 },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", "", 200, true, true, 0 },
	{ "HTTP/1.1 100 Go\r\nX: y\r\n\r\nHTTP/1.1 201 OK\r\nContent-Length: 1\r\n\r\na", "a", 201,
		true, false, 0 },
	{ "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na", "a", 200, false,
		false, 0 },
	{ "HTTP/1.1 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\na", "a", 200, true,
		false, 0 },
	{ "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", "a", 200, false, false, 0 },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
	  "chunked\r\n\r\n3\r\nabc\r\n0A;x=y\r\n0123456789\r\n0\r\n\r\n",
		"abc0123456789", 200, true, false, 0 },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-T: 1\r\n\r\nmore", "", 200,
		true, false, 4 },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: Chunked\r\n\r\n1\na\n0\n\n",
		"a", 200, false, false, 0 },
};

static void test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		for (size_t cut = 1; cut < 60; cut++) {
			struct buf headers = BUF_INIT, body = BUF_INIT;
			struct httpc_answer a = { .headers = &headers, .no_body = good[i].no_body };
			size_t rest;

			assert_int_equal(feed(&a, good[i].text, cut, &body, &rest), 0);
			assert_int_equal(a.state, HTTPC_ANSWER_DONE);
			assert_int_equal(a.status, good[i].status);
			assert_int_equal(a.keep, good[i].keep);
			assert_int_equal(rest, good[i].rest);
			assert_string_equal(buf_str(&body), good[i].body);
			assert_int_equal(memcmp(buf_str(&headers), "HTTP/1.", 7), 0);
			assert_null(strstr(buf_str(&headers), "X: y"));
			assert_int_equal(httpc_answer_end(&a), 0);
			buf_release(&headers);
			buf_release(&body);
		}
	}
}

static void test_until_the_end(void **state)
{
	struct buf headers = BUF_INIT, body = BUF_INIT;
	struct httpc_answer a = { .headers = &headers };
	size_t rest;

	(void)state;
	assert_int_equal(httpc_answer_end(&a), -ECONNRESET);
	assert_int_equal(feed(&a, "HTTP/1.1 200 OK\r\n", 5, &body, &rest), 0);
	assert_int_equal(httpc_answer_end(&a), -ECONNRESET);
	assert_int_equal(feed(&a, "X: y\r\n\r\nhello", 100, &body, &rest), 0);
	assert_string_equal(buf_str(&body), "hello");
	assert_int_equal(a.state, HTTPC_ANSWER_REST);
	assert_int_equal(httpc_answer_end(&a), 0);
	assert_int_equal(a.state, HTTPC_ANSWER_DONE);
	assert_false(a.keep);
	buf_release(&headers);
	buf_release(&body);
}

static void test_what_is_no_answer(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} rows[] = {
		{ "220 mail.example ESMTP ready\r\n", -EPROTO },
		{ "\r\nHTTP/1.1 200 OK\r\n", -EPROTO },
		{ "HTTP/2.0 200 OK\r\n", -EPROTO },
		{ "HTTP/1.1 2x0 OK\r\n", -EPROTO },
		{ "HTTP/1.1 2000 OK\r\n", -EPROTO },
		{ "HTTP/1.1 020 OK\r\n", -EPROTO },
		{ "HTTP/1.1 200 OK\r\nContent-Length: -4\r\n", -EPROTO },
		{ "HTTP/1.1 200 OK\r\nContent-Length:\r\n", -EPROTO },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999\r\n", -EPROTO },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n", -EPROTO },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n", -EPROTO },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", -ECONNRESET },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", -ECONNRESET },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1x\r\n", -ECONNRESET },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", -ECONNRESET },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111111\r\n",
			-ECONNRESET },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
			-ECONNRESET },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf headers = BUF_INIT, body = BUF_INIT;
		struct httpc_answer a = { .headers = &headers };
		size_t rest;

		assert_int_equal(feed(&a, rows[i].text, 1 + i % 7, &body, &rest), rows[i].rc);
		buf_release(&headers);
		buf_release(&body);
	}
}

/* Reads begin and then line, again and again, until it is refused; how many bytes that took. */
static size_t until_refused(const char *begin, const char *line, int rc)
{
	struct buf headers = BUF_INIT, body = BUF_INIT;
	struct httpc_answer a = { .headers = &headers };
	size_t rest, taken = 0;
	int now;

	assert_int_equal(feed(&a, begin, 100, &body, &rest), 0);
	while ((now = feed(&a, line, 100, &body, &rest)) == 0 && taken < 4 * LIMIT_HEADERS)
		taken += strlen(line);
	assert_int_equal(now, rc);
	buf_release(&headers);
	buf_release(&body);
	return taken;
}

static void test_limits(void **state)
{
	static const char chunked[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
	char trailers[sizeof(chunked) + 8];

	(void)state;
	assert_in_range(until_refused("HTTP/1.1 200 OK\r\n", "X-Y: 123\r\n", -EMSGSIZE),
		LIMIT_HEADERS - 100, LIMIT_HEADERS);
	assert_in_range(until_refused("HTTP/1.1 200 OK\r\n", "X", -EMSGSIZE), LIMIT_HEADERS - 100,
		LIMIT_HEADERS);
	assert_in_range(
		until_refused(chunked, "1;", -EMSGSIZE), LIMIT_HEADERS - 100, LIMIT_HEADERS);
	(void)strcpy(trailers, chunked);
	(void)strcat(trailers, "0\r\n");
	assert_in_range(until_refused(trailers, "X-Y: 123\r\n", -EMSGSIZE), LIMIT_HEADERS - 100,
		LIMIT_HEADERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_until_the_end),
		cmocka_unit_test(test_what_is_no_answer),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
