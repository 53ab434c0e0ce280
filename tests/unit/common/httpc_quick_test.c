/* httpc on a kept connection, where small plain requests go without libcurl: the same answers mean the same. */
#include "tests/unit/common/raw_server.h"

/* A connection is kept that has served once; what comes on it next is answer's. */
static void warm(bool (*answer)(struct asked *a))
{
	struct httpc_req req = { .method = "GET" };

	server.answer = answer_hello;
	req.url = url_of(&server, "/warm");
	assert_int_equal(httpc_do(http, &req, &res), 0);
	assert_string_equal(buf_str(&res.body), "hello");
	server.answer = answer;
	forget(&server);
}

static int get_once(void)
{
	struct httpc_req req = { .method = "GET", .url = url_of(&server, "/x"), .stall_ms = 5000 };

	return httpc_do(http, &req, &res);
}

static void test_broken_answers(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} rows[] = {
		{ "", -ECONNRESET },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", -ECONNRESET },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", -ECONNRESET },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhel", -ECONNRESET },
		{ "HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\nhello", -EPROTO },
		{ "220 mail.example ESMTP ready and waiting\r\n", -EPROTO },
	};

	(void)state;
	server_start(&server, answer_hello);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		warm(answer_text);
		server.text = rows[i].text;
		assert_int_equal(get_once(), rows[i].rc);
		assert_true(res.sent);
	}
	server_stop(&server);
}

static bool answer_then_more(struct asked *a)
{
	says(a->fd, a->server->text);
	return true;
}

/* What may be kept is, and nothing else. */
static void test_kept_or_not(void **state)
{
	static const struct {
		const char *text, *body;
		int more; /* connections */
	} rows[] = {
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
		  "chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
			"hello", 0 },
		{ "HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhe", "he",
			0 },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhe", "he", 1 },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhello", "hel", 1 },
	};
	int before;

	(void)state;
	server_start(&server, answer_hello);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		warm(answer_then_more);
		before = server.accepted;
		server.text = rows[i].text;
		assert_int_equal(get_once(), 0);
		assert_int_equal(res.status, 200);
		assert_string_equal(buf_str(&res.body), rows[i].body);
		assert_null(strstr(buf_str(&res.headers), "102"));
		warm(answer_hello);
		assert_int_equal(server.accepted - before, rows[i].more);
	}
	warm(answer_text);
	server.text = "HTTP/1.1 200 OK\r\n\r\nto the end";
	assert_int_equal(get_once(), 0);
	assert_string_equal(buf_str(&res.body), "to the end");
	server_stop(&server);
}

static void test_the_request(void **state)
{
	static const char *const lines[] = { "If-Match: \"a\"", NULL };
	int fd = memory_file("0123456789", 10);
	struct httpc_req req = { .method = "PATCH",
		.headers = lines,
		.body_from_fd = true,
		.body_fd = fd,
		.fd_off = 2,
		.fd_len = 5 };
	char host[64];

	(void)state;
	server_start(&server, answer_hello);
	warm(answer_echo);
	log_request_set("req-18");
	req.url = url_of(&server, "/a%2Fb/../c?d=e");
	assert_int_equal(httpc_do(http, &req, &res), 0);
	assert_string_equal(buf_str(&res.body), "23456");
	(void)snprintf(host, sizeof(host), "\r\nHost: 127.0.0.1:%u\r\n", server.port);
	assert_memory_equal(heads(&server), "PATCH /a%2Fb/../c?d=e HTTP/1.1\r\n", 32);
	assert_non_null(strstr(heads(&server), host));
	assert_non_null(strstr(heads(&server), "\r\nContent-Length: 5\r\n"));
	assert_non_null(strstr(heads(&server), "\r\nIf-Match: \"a\"\r\n"));
	assert_non_null(strstr(heads(&server), "\r\nAuthorization: Bearer the-token\r\n"));
	assert_non_null(strstr(heads(&server), "\r\nX-Request-Id: req-18\r\n"));
	assert_non_null(strstr(heads(&server), "\r\nUser-Agent: cdnfs\r\n"));
	assert_null(strstr(heads(&server), "Expect"));
	assert_null(strstr(heads(&server), "Content-Type"));
	req.url = url_of(&server, "/a b");
	assert_int_not_equal(
		httpc_do(http, &req, &res), 0); /* libcurl says that it is no address */
	assert_int_equal(server.accepted, 1);
	close(fd);
	server_stop(&server);
}

/* Larger than the connection's buffers, so that bytes have to be waited for. */
static bool answer_large(struct asked *a)
{
	static char data[8 << 20];
	char head[128];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 2654435761U >> 24);
	(void)snprintf(head, sizeof(head), "HTTP/1.1 206 Part\r\nContent-Length: %zu\r\n\r\n",
		sizeof(data));
	says(a->fd, head);
	say(a->fd, data, sizeof(data));
	return true;
}

static void test_sink(void **state)
{
	struct gathered g = { 0 };
	struct httpc_req req = { .method = "GET", .sink = gather, .ctx = &g };

	(void)state;
	server_start(&server, answer_hello);
	warm(answer_large);
	req.url = url_of(&server, "/");
	assert_int_equal(httpc_do(http, &req, &res), 0);
	assert_int_equal(g.bytes.len, 8 << 20);
	for (size_t i = 0; i < g.bytes.len; i += 4093)
		assert_int_equal(g.bytes.data[i], (char)(i * 2654435761U >> 24));
	assert_int_equal(res.body.len, 0);
	g.fail = -ENOSPC;
	assert_int_equal(httpc_do(http, &req, &res), -ENOSPC);
	g.fail = 0;
	buf_clear(&g.bytes);
	warm(answer_then_more);
	server.text = "HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\ngone";
	assert_int_equal(httpc_do(http, &req, &res), 0);
	assert_int_equal(g.bytes.len, 0);
	assert_string_equal(buf_str(&res.body), "gone");
	buf_release(&g.bytes);
	server_stop(&server);
}

static bool stop_at_once(void *ctx)
{
	(*(int *)ctx)++;
	return true;
}

static void test_stall_timeout_stop(void **state)
{
	struct httpc_req req = { .method = "GET", .stall_ms = 60 };
	int64_t start;
	int asked = 0;

	(void)state;
	server_start(&server, answer_hello);
	warm(answer_never);
	req.url = url_of(&server, "/");
	start = clock_ms();
	assert_int_equal(httpc_do(http, &req, &res), -ETIMEDOUT);
	assert_true(res.sent);
	assert_true(clock_ms() - start >= 60);
	warm(answer_never);
	req.stall_ms = 0;
	req.timeout_ms = 60;
	start = clock_ms();
	assert_int_equal(httpc_do(http, &req, &res), -ETIMEDOUT);
	assert_true(clock_ms() - start >= 60);
	warm(answer_never);
	req.timeout_ms = 0;
	assert_int_equal(
		httpc_retry(http, &req, &res, clock_ms() + 60000, stop_at_once, &asked), -EINTR);
	assert_int_equal(asked, 1);
	/* none of the three is used again */
	warm(answer_hello);
	assert_int_equal(server.accepted, 4);
	server_stop(&server);
}

static void test_limits(void **state)
{
	struct httpc_req req = { .method = "GET", .body_max = 5 };

	(void)state;
	server_start(&server, answer_hello);
	warm(answer_hello);
	req.url = url_of(&server, "/");
	assert_int_equal(httpc_do(http, &req, &res), 0);
	req.body_max = 4;
	assert_int_equal(httpc_do(http, &req, &res), -EMSGSIZE);
	warm(answer_headers);
	assert_int_equal(get_once(), -EMSGSIZE);
	server_stop(&server);
}

/* The server goes after its answer: that is noticed before the next request is sent. */
static void test_a_connection_that_was_dropped(void **state)
{
	struct httpc_req req = { .method = "POST", .body = "abc", .body_len = 3 };

	(void)state;
	server_start(&server, answer_hello);
	warm(answer_hello);
	(void)shutdown(server.fds[0], SHUT_RDWR);
	req.url = url_of(&server, "/");
	assert_int_equal(httpc_do(http, &req, &res), 0);
	assert_string_equal(buf_str(&res.body), "hello");
	assert_string_equal(bodies(&server), "abc");
	assert_int_equal(server.accepted, 2);
	assert_int_equal(httpc_retries(http), 0);
	/* and is not there any more */
	server_stop(&server);
	assert_int_equal(httpc_do(http, &req, &res), -ECONNREFUSED);
	assert_false(res.sent);
}

static void test_redirect(void **state)
{
	static struct server node;
	struct httpc_req req = { .method = "PUT", .body = "abc", .body_len = 3, .follow = true };
	char text[256];

	(void)state;
	server_start(&server, answer_hello);
	server_start(&node, answer_echo);
	warm(answer_then_more);
	(void)snprintf(text, sizeof(text),
		"HTTP/1.1 307 Go\r\nX-From: dist\r\nLocation: "
		"http://127.0.0.1:%u/there\r\nContent-Length: 4\r\n\r\ngone",
		node.port);
	server.text = text;
	req.url = url_of(&server, "/here");
	assert_int_equal(httpc_do(http, &req, &res), 0);
	assert_int_equal(res.status, 200);
	assert_string_equal(buf_str(&res.body), "abc");
	assert_null(strstr(buf_str(&res.headers), "X-From"));
	assert_int_equal(server.requests,
		3); /* the first; this one quickly, and by libcurl, which follows */
	req.follow = false;
	assert_int_equal(httpc_do(http, &req, &res), 0);
	assert_int_equal(res.status, 307);
	assert_string_equal(buf_str(&res.body), "gone");
	server_stop(&node);
	server_stop(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_broken_answers),
		T(test_kept_or_not),
		T(test_the_request),
		T(test_sink),
		T(test_stall_timeout_stop),
		T(test_limits),
		cmocka_unit_test_setup_teardown(
			test_a_connection_that_was_dropped, setup, teardown),
		T(test_redirect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
