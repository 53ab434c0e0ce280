/* httpc: repeats, deadlines, stops, kept connections and many threads. */
#include "tests/unit/common/raw_server.h"

static bool answer_late(struct asked *a)
{
	switch (a->total) {
	case 1:
		says(a->fd, "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy");
		return true;
	case 2:
		says(a->fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
		return false;
	case 3:
		says(a->fd, "HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n");
		return true;
	default:
		return answer_hello(a);
	}
}

static void test_retry(void **state)
{
	struct gathered g = { 0 };
	struct httpc_req req = { .method = "PUT",
		.body = "abc",
		.body_len = 3,
		.sink = gather,
		.restart = start_again,
		.ctx = &g };

	(void)state;
	server_start(&server, answer_late);
	req.url = url_of(&server, "/");
	assert_int_equal(httpc_retry(http, &req, &res, clock_ms() + 60000, NULL, NULL), 0);
	assert_int_equal(res.status, 200);
	assert_string_equal(buf_str(&g.bytes), "hello");
	assert_int_equal(g.restarts, 1);
	assert_int_equal(res.body.len, 0);
	assert_true(res.sent); /* the second attempt was never answered whole */
	assert_int_equal(httpc_count(http), 4);
	assert_string_equal(bodies(&server), "abcabcabcabc");
	buf_release(&g.bytes);
	server_stop(&server);
}

static void test_no_retry(void **state)
{
	struct gathered g = { .fail = -ECONNRESET };
	struct httpc_req req = { .method = "GET", .sink = gather, .ctx = &g };
	int64_t deadline = clock_ms() + 60000;

	(void)state;
	server_start(&server, answer_hello);
	req.url = url_of(&server, "/");
	assert_int_equal(httpc_retry(http, &req, &res, deadline, NULL, NULL), -ECONNRESET);
	assert_int_equal(httpc_count(http), 1);
	req.sink = NULL;
	server.answer = answer_text;
	server.text = "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n";
	assert_int_equal(httpc_retry(http, &req, &res, deadline, NULL, NULL), 0);
	assert_int_equal(res.status, 404);
	assert_int_equal(httpc_count(http), 2);
	buf_release(&g.bytes);
	server_stop(&server);
}

static void test_deadline(void **state)
{
	struct httpc_req req = { .method = "GET" };
	int64_t start = clock_ms();

	(void)state;
	server_start(&server, answer_text);
	server.text = "HTTP/1.1 503 Busy\r\nContent-Length: 20\r\n\r\n{\"message\": \"full\"}\n";
	req.url = url_of(&server, "/");
	assert_int_equal(httpc_retry(http, &req, &res, start + 600, NULL, NULL), 0);
	assert_int_equal(res.status, 503);
	assert_true(httpc_count(http) >= 2);
	/* passed already: one attempt */
	assert_int_equal(httpc_retry(http, &req, &res, start, NULL, NULL), 0);
	/* silent: given up at the deadline, long before the stall of 30 s */
	server.answer = answer_never;
	start = clock_ms();
	assert_int_equal(httpc_retry(http, &req, &res, start + 150, NULL, NULL), -ETIMEDOUT);
	assert_in_range(clock_ms() - start, 100, 25000);
	assert_true(res.sent);
	server_stop(&server);
	start = clock_ms();
	assert_int_equal(httpc_retry(http, &req, &res, start + 50, NULL, NULL), -ECONNREFUSED);
	assert_false(res.sent);
	assert_in_range(clock_ms() - start, 0, 25000);
}

/* True from the moment the server has the request. */
static bool stop_when_asked(void *ctx)
{
	const struct server *s = ctx;

	return s->requests > 0;
}

static bool stop_now(void *ctx)
{
	(void)ctx;
	return true;
}

static void test_stop(void **state)
{
	struct httpc_req req = { .method = "GET" };
	int64_t far = clock_ms() + 60000;

	(void)state;
	server_start(&server, answer_never);
	req.url = url_of(&server, "/");
	assert_int_equal(httpc_retry(http, &req, &res, far, stop_when_asked, &server), -EINTR);
	assert_true(res.sent);
	server_stop(&server);
	assert_int_equal(httpc_retry(http, &req, &res, far, stop_now, NULL), -EINTR);
	assert_false(res.sent);
	assert_true(clock_ms() < far - 50000);
}

/* Drops a kept connection instead of answering its second request. */
static bool answer_once(struct asked *a)
{
	return a->nth == 1 && answer_echo(a);
}

static void test_stale_connection(void **state)
{
	int fd = memory_file("0123456789", 10);
	struct httpc_req req = {
		.method = "PUT", .body_from_fd = true, .body_fd = fd, .fd_len = 10
	};

	(void)state;
	server_start(&server, answer_once);
	req.url = url_of(&server, "/");
	assert_int_equal(httpc_do(http, &req, &res), 0);
	assert_int_equal(httpc_do(http, &req, &res), 0);
	assert_string_equal(buf_str(&res.body), "0123456789");
	assert_int_equal(server.accepted, 2);
	req.body_from_fd = false;
	req.body = "abc";
	req.body_len = 3;
	assert_int_equal(httpc_do(http, &req, &res), 0);
	assert_string_equal(buf_str(&res.body), "abc");
	assert_int_equal(server.accepted, 3);
	close(fd);
	server_stop(&server);
}

/* Dies with the second request in its hands. */
static bool answer_and_die(struct asked *a)
{
	if (a->nth == 1)
		return answer_hello(a);
	(void)shutdown(a->server->listener, SHUT_RDWR);
	return false;
}

/* A request that a kept connection swallowed may have been applied, though the port is closed now. */
static void test_sent_then_refused(void **state)
{
	struct httpc_req req = { .method = "POST", .body = "abc", .body_len = 3 };

	(void)state;
	server_start(&server, answer_and_die);
	assert_int_equal(get("/"), 0);
	req.url = url_of(&server, "/");
	assert_int_equal(httpc_do(http, &req, &res), -ECONNREFUSED);
	assert_true(res.sent);
	assert_int_equal(httpc_do(http, &req, &res), -ECONNREFUSED);
	assert_false(res.sent);
	server_stop(&server);
}

static bool answer_and_close(struct asked *a)
{
	(void)answer_hello(a);
	return false;
}

/* The server said nothing of it and closed: seen before or after the next request is sent. */
static void test_closed_while_idle(void **state)
{
	(void)state;
	server_start(&server, answer_and_close);
	for (int i = 0; i < 10; i++)
		assert_int_equal(get("/"), 0);
	assert_int_equal(server.accepted, 10);
	server_stop(&server);
}

static void *many_main(void *arg)
{
	struct httpc_res mine = HTTPC_RES_INIT;
	struct httpc_req req = { .method = "POST", .url = arg, .body = "abc", .body_len = 3 };
	uintptr_t good = 0;

	for (int i = 0; i < 50; i++)
		good += httpc_do(http, &req, &mine) == 0 && mine.body.len == 3;
	httpc_res_release(&mine);
	return (void *)good;
}

static void test_threads(void **state)
{
	pthread_t threads[8];
	void *good;

	(void)state;
	server_start(&server, answer_echo);
	(void)url_of(&server, "/");
	for (int i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, many_main, url), 0);
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], &good);
		assert_int_equal((uintptr_t)good, 50);
	}
	assert_int_equal(httpc_count(http), 400);
	assert_true(server.accepted <= CONNECTIONS);
	server_stop(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_retry),
		T(test_no_retry),
		T(test_deadline),
		T(test_stop),
		T(test_stale_connection),
		T(test_sent_then_refused),
		T(test_closed_while_idle),
		T(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
