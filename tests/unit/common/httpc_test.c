/* httpc: one exchange, against a server that does as each test says. */
#include "common/origin.h"
#include "tests/unit/common/raw_server.h"

static void test_get_and_reuse(void **state)
{
	char value[32];

	(void)state;
	server_start(&server, answer_hello);
	log_request_set("req-17");
	for (int i = 0; i < 20; i++) {
		assert_int_equal(get("/a%2Fb/../c"), 0);
		assert_int_equal(res.status, 200);
		assert_string_equal(buf_str(&res.body), "hello");
		assert_false(res.sent);
	}
	assert_true(httpc_header(&res, "x-kind", value, sizeof(value)));
	assert_string_equal(value, "greeting");
	assert_true(httpc_header(&res, "x-kind", value, 4));
	assert_string_equal(value, "gre");
	assert_false(httpc_header(&res, "x-kin", value, sizeof(value)));
	assert_int_equal(server.accepted, 1);
	assert_int_equal(httpc_count(http), 20);
	assert_non_null(strstr(heads(&server), "GET /a%2Fb/../c HTTP/1.1\r\n"));
	assert_non_null(strstr(heads(&server), "Authorization: Bearer the-token\r\n"));
	assert_non_null(strstr(heads(&server), "X-Request-Id: req-17\r\n"));
	assert_non_null(strstr(heads(&server), "User-Agent: cdnfs\r\n"));
	assert_null(strstr(heads(&server), "Expect"));
	assert_null(strstr(heads(&server), "Content-Type"));
	server_stop(&server);
}

static void test_request_id_is_checked(void **state)
{
	(void)state;
	server_start(&server, answer_hello);
	log_request_set("a\r\nX-Evil: 1");
	assert_int_equal(get("/"), 0);
	assert_null(strstr(heads(&server), "Evil"));
	assert_null(strstr(heads(&server), "X-Request-Id"));
	server_stop(&server);
}

static void test_origin_is_told(void **state)
{
	(void)state;
	server_start(&server, answer_hello);
	assert_int_equal(get("/"), 0);
	assert_null(strstr(heads(&server), "X-Session"));
	origin_set("mount-1");
	assert_int_equal(get("/"), 0);
	origin_set("");
	assert_non_null(strstr(heads(&server), "X-Session: mount-1\r\n"));
	server_stop(&server);
}

/* Sends one request and checks what arrived: its line, its length (-1: none), its body. */
static void check_request(struct httpc_req req, const char *line, int length, const char *body)
{
	char expected[64];

	forget(&server);
	req.url = url_of(&server, "/x");
	assert_int_equal(httpc_do(http, &req, &res), 0);
	assert_int_equal(res.status, 204);
	assert_memory_equal(heads(&server), line, strlen(line));
	(void)snprintf(expected, sizeof(expected), "\r\nContent-Length: %d\r\n", length);
	if (length < 0)
		assert_null(strstr(heads(&server), "Content-Length"));
	else
		assert_non_null(strstr(heads(&server), expected));
	assert_null(strstr(heads(&server), "Transfer-Encoding"));
	assert_null(strstr(heads(&server), "Expect"));
	assert_null(strstr(heads(&server), "urlencoded"));
	assert_string_equal(bodies(&server), body);
}

static bool answer_empty(struct asked *a)
{
	says(a->fd, "HTTP/1.1 204 No Content\r\n\r\n");
	return true;
}

static void test_methods_and_bodies(void **state)
{
	static const char *const typed[] = { "Content-Type: application/json", NULL };
	int fd = memory_file("0123456789", 10);
	struct httpc_req file = { .body_from_fd = true, .body_fd = fd, .fd_off = 3, .fd_len = 4 };
	struct httpc_req none = { 0 }, text = { .body = "abc", .body_len = 3, .headers = typed };
	struct httpc_req empty = { .body = "", .body_len = 0 };

	(void)state;
	server_start(&server, answer_empty);
	/* twice: nothing of one request may stick to the handle */
	for (int i = 0; i < 2; i++) {
		file.method = text.method = none.method = empty.method = "PUT";
		check_request(file, "PUT /x ", 4, "3456");
		check_request(text, "PUT /x ", 3, "abc");
		assert_non_null(strstr(heads(&server), typed[0]));
		check_request(none, "PUT /x ", 0, "");
		check_request(empty, "PUT /x ", 0, "");
		file.method = text.method = none.method = empty.method = "POST";
		check_request(file, "POST /x ", 4, "3456");
		check_request(text, "POST /x ", 3, "abc");
		check_request(none, "POST /x ", 0, "");
		none.method = "GET";
		check_request(none, "GET /x ", -1, "");
		none.method = "HEAD";
		check_request(none, "HEAD /x ", -1, "");
		none.method = text.method = "DELETE";
		check_request(none, "DELETE /x ", -1, "");
		check_request(text, "DELETE /x ", 3, "abc");
		file.method = "PUT";
		file.fd_len = 0;
		check_request(file, "PUT /x ", 0, "");
		file.fd_len = 4;
	}
	assert_int_equal(server.accepted, 1);
	close(fd);
	server_stop(&server);
}

static bool answer_head(struct asked *a)
{
	says(a->fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
	return true;
}

static void test_head_has_no_body(void **state)
{
	struct httpc_req req = { .method = "HEAD" };
	char value[16];

	(void)state;
	server_start(&server, answer_head);
	req.url = url_of(&server, "/");
	assert_int_equal(httpc_do(http, &req, &res), 0);
	assert_int_equal(res.body.len, 0);
	assert_true(httpc_header(&res, "Content-Length", value, sizeof(value)));
	assert_string_equal(value, "1000");
	server_stop(&server);
}

static void test_refused(void **state)
{
	(void)state;
	server_start(&server, answer_hello);
	server_stop(&server);
	assert_int_equal(get("/"), -ECONNREFUSED);
	assert_false(res.sent);
	assert_int_equal(res.status, 0);
	assert_int_equal(httpc_count(http), 1);
}

static void test_bad_requests(void **state)
{
	static const char *const evil[] = { "X: 1\r\nY: 2", NULL };
	const char *many[40];
	struct httpc_req req = { .method = "GET", .url = "http://127.0.0.1:1/", .headers = evil };

	(void)state;
	assert_int_equal(httpc_do(http, &req, &res), -EINVAL);
	assert_false(res.sent);
	for (size_t i = 0; i < 39; i++)
		many[i] = "X: y";
	many[39] = NULL;
	req.headers = many;
	assert_int_equal(httpc_do(http, &req, &res), -E2BIG);
	many[28] = NULL;
	assert_int_equal(httpc_do(http, &req, &res), -ECONNREFUSED);
	req.headers = NULL;
	req.url = "http://[bad/";
	assert_int_equal(httpc_do(http, &req, &res), -EINVAL);
	req.url = "file:///etc/passwd";
	assert_int_equal(httpc_do(http, &req, &res), -EPROTO);
	assert_false(res.sent);
}

static bool answer_half(struct asked *a)
{
	says(a->fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
	wait_for_end(a->fd);
	return false;
}

static void test_stall_and_timeout(void **state)
{
	struct httpc_req req = { .method = "GET", .stall_ms = 60 };
	int64_t start;

	(void)state;
	server_start(&server, answer_never);
	req.url = url_of(&server, "/");
	start = clock_ms();
	assert_int_equal(httpc_do(http, &req, &res), -ETIMEDOUT);
	assert_true(res.sent);
	assert_in_range(clock_ms() - start, 60, 25000);
	server.answer = answer_half;
	assert_int_equal(httpc_do(http, &req, &res), -ETIMEDOUT);
	assert_true(res.sent);
	req.stall_ms = 0;
	req.timeout_ms = 60;
	start = clock_ms();
	assert_int_equal(httpc_do(http, &req, &res), -ETIMEDOUT);
	assert_in_range(clock_ms() - start, 60, 25000);
	/* none of the three connections is used again */
	server.answer = answer_hello;
	assert_int_equal(httpc_do(http, &req, &res), 0);
	assert_int_equal(server.accepted, 4);
	server_stop(&server);
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
	server_start(&server, answer_text);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		server.text = rows[i].text;
		assert_int_equal(get("/"), rows[i].rc);
		assert_true(res.sent);
	}
	/* more than was announced is not the answer's */
	server.text = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhello";
	assert_int_equal(get("/"), 0);
	assert_string_equal(buf_str(&res.body), "hel");
	server_stop(&server);
}

static bool answer_redirect(struct asked *a)
{
	says(a->fd, a->server->text);
	return true;
}

/* From the first server to a second, as from dist to a node. */
static void check_redirect(unsigned status, const char *method)
{
	static struct server node;
	int fd = memory_file("0123456789", 10);
	struct httpc_req req = {
		.method = method, .body_from_fd = true, .body_fd = fd, .fd_len = 10, .follow = true
	};
	char text[256], line[64];

	server_start(&server, answer_redirect);
	server_start(&node, answer_echo);
	(void)snprintf(text, sizeof(text),
		"HTTP/1.1 %u Go\r\nX-From: dist\r\nLocation: http://127.0.0.1:%u/there\r\n"
		"Content-Length: 4\r\n\r\ngone",
		status, node.port);
	server.text = text;
	req.url = url_of(&server, "/here");
	assert_int_equal(httpc_do(http, &req, &res), 0);
	assert_int_equal(res.status, 200);
	assert_string_equal(buf_str(&res.body), "0123456789");
	assert_null(strstr(buf_str(&res.headers), "X-From"));
	(void)snprintf(line, sizeof(line), "%s /there HTTP/1.1\r\n", method);
	assert_memory_equal(heads(&node), line, strlen(line));
	assert_non_null(strstr(heads(&node), "Authorization: Bearer the-token\r\n"));
	close(fd);
	server_stop(&node);
	server_stop(&server);
}

static void test_redirect(void **state)
{
	(void)state;
	check_redirect(307, "PUT");
	check_redirect(307, "POST");
	check_redirect(308, "PUT");
	check_redirect(307, "DELETE");
}

static void test_redirect_refused(void **state)
{
	struct httpc_req req = { .method = "GET", .follow = true };

	(void)state;
	server_start(&server, answer_redirect);
	server.text = "HTTP/1.1 307 Go\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n";
	req.url = url_of(&server, "/");
	assert_int_equal(httpc_do(http, &req, &res), -ELOOP);
	server.text =
		"HTTP/1.1 307 Go\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n";
	assert_int_equal(httpc_do(http, &req, &res), -EPROTO);
	server.text =
		"HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
	assert_int_equal(httpc_do(http, &req, &res), -ECONNREFUSED);
	assert_false(res.sent);
	req.follow = false;
	assert_int_equal(httpc_do(http, &req, &res), 0);
	assert_int_equal(res.status, 307);
	server_stop(&server);
}

static void test_sink(void **state)
{
	struct gathered g = { 0 };
	struct httpc_req req = { .method = "GET", .sink = gather, .ctx = &g };

	(void)state;
	server_start(&server, answer_hello);
	req.url = url_of(&server, "/");
	assert_int_equal(httpc_do(http, &req, &res), 0);
	assert_string_equal(buf_str(&g.bytes), "hello");
	assert_int_equal(res.body.len, 0);
	g.fail = -ENOSPC;
	assert_int_equal(httpc_do(http, &req, &res), -ENOSPC);
	buf_clear(&g.bytes);
	server.answer = answer_text;
	server.text = "HTTP/1.1 404 No\r\nContent-Length: 22\r\n\r\n{\"message\": \"gone\"}   ";
	assert_int_equal(httpc_do(http, &req, &res), 0);
	assert_int_equal(g.bytes.len, 0);
	assert_int_equal(res.body.len, 22);
	buf_release(&g.bytes);
	server_stop(&server);
}

static void test_limits(void **state)
{
	struct httpc_req req = { .method = "GET", .body_max = 5 };

	(void)state;
	server_start(&server, answer_hello);
	req.url = url_of(&server, "/");
	assert_int_equal(httpc_do(http, &req, &res), 0);
	req.body_max = 4;
	assert_int_equal(httpc_do(http, &req, &res), -EMSGSIZE);
	server.answer = answer_headers;
	req.body_max = 0;
	assert_int_equal(httpc_do(http, &req, &res), -EMSGSIZE);
	server_stop(&server);
}

static void test_file_too_short(void **state)
{
	int fd = memory_file("0123456789", 10);
	struct httpc_req req = {
		.method = "PUT", .body_from_fd = true, .body_fd = fd, .fd_len = 11
	};

	(void)state;
	server_start(&server, answer_empty);
	req.url = url_of(&server, "/");
	assert_int_equal(httpc_retry(http, &req, &res, clock_ms() + 60000, NULL, NULL), -EIO);
	assert_int_equal(httpc_count(http), 1);
	close(fd);
	server_stop(&server);
}

static void test_big_bodies(void **state)
{
	enum { BIG = 9 << 20 };
	char *data = malloc(BIG);
	struct httpc_req req = { .method = "PUT" };
	int fd;

	(void)state;
	assert_non_null(data);
	for (size_t i = 0; i < BIG; i++)
		data[i] = (char)(i * 2654435761U >> 24);
	fd = memory_file(data, BIG);
	server_start(&server, answer_echo);
	req.url = url_of(&server, "/");
	req.body = data;
	req.body_len = BIG;
	assert_int_equal(httpc_do(http, &req, &res), 0);
	assert_int_equal(res.body.len, BIG);
	assert_memory_equal(res.body.data, data, BIG);
	req.body_from_fd = true;
	req.body_fd = fd;
	req.fd_off = 1;
	req.fd_len = BIG - 1;
	assert_int_equal(httpc_do(http, &req, &res), 0);
	assert_int_equal(res.body.len, BIG - 1);
	assert_memory_equal(res.body.data, data + 1, BIG - 1);
	close(fd);
	free(data);
	server_stop(&server);
}

static bool answer_full(struct asked *a)
{
	says(a->fd, "HTTP/1.1 507 Full\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
	wait_for_end(a->fd);
	return false;
}

/* The answer comes while the body is still being sent. */
static void test_early_answer(void **state)
{
	enum { BIG = 16 << 20 };
	char *data = calloc(1, BIG);
	struct httpc_req req = { .method = "PUT", .body = data, .body_len = BIG };

	(void)state;
	assert_non_null(data);
	server_start(&server, answer_full);
	server.body_unread = true;
	req.url = url_of(&server, "/");
	assert_int_equal(httpc_do(http, &req, &res), 0);
	assert_int_equal(res.status, 507);
	free(data);
	server_stop(&server);
}

static void test_message(void **state)
{
	static const struct {
		const char *body, *message;
	} rows[] = {
		{ "{\"message\": \"no such content\"}", "no such content" },
		{ "{\"message\": 3}", "" },
		{ "{}", "" },
		{ "[]", "" },
		{ "<html>", "" },
		{ "", "" },
	};
	char text[32] = "before";

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_clear(&res.body);
		buf_adds(&res.body, rows[i].body);
		httpc_message(&res, text, sizeof(text));
		assert_string_equal(text, rows[i].message);
	}
	buf_clear(&res.body);
	buf_adds(&res.body, rows[0].body);
	httpc_message(&res, text, 8);
	assert_string_equal(text, "no such");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_get_and_reuse),
		T(test_request_id_is_checked),
		T(test_origin_is_told),
		T(test_methods_and_bodies),
		T(test_head_has_no_body),
		T(test_refused),
		T(test_bad_requests),
		T(test_stall_and_timeout),
		T(test_broken_answers),
		T(test_redirect),
		T(test_redirect_refused),
		T(test_sink),
		T(test_limits),
		T(test_file_too_short),
		T(test_big_bodies),
		T(test_early_answer),
		T(test_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
