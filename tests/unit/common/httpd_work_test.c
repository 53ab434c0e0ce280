/* Bodies, workers, and clients that go away, over real sockets; with workers, and with a thread for each connection. */
#include "common/httpd.h"
#include "common/limits.h"
#include "common/log.h"
#include "tests/unit/common/httpd_client.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

/* What the handlers saw. */
static struct {
	_Atomic int begun, handled, done, done_while_running;
	_Atomic uint64_t streamed;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool open;   /* lock: the gate of h_gate */
	int waiting; /* lock: handlers at the gate */
} seen = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void h_ok(struct httpd_req *req)
{
	assert_string_equal(log_request_get(), httpd_request_id(req));
	seen.handled++;
	httpd_reply(req, 200, "text/plain", "hello", 5);
}

static void h_echo(struct httpd_req *req)
{
	size_t len;
	const char *body = httpd_body(req, &len);

	seen.handled++;
	httpd_reply(req, 200, "application/octet-stream", body, len);
}

static void h_early(struct httpd_req *req)
{
	seen.handled++;
	httpd_set_header(req, "Location", "http://127.0.0.1/elsewhere");
	httpd_reply(req, 307, NULL, NULL, 0);
}

/* Waits at the gate on a worker. */
static void h_gate(struct httpd_req *req)
{
	_Atomic int *running = calloc(1, sizeof(*running));

	assert_non_null(running);
	*running = 1;
	httpd_set_data(req, (void *)running);
	pthread_mutex_lock(&seen.lock);
	seen.waiting++;
	pthread_cond_broadcast(&seen.changed);
	while (!seen.open)
		pthread_cond_wait(&seen.changed, &seen.lock);
	seen.waiting--;
	pthread_mutex_unlock(&seen.lock);
	seen.handled++;
	httpd_reply(req, 200, "text/plain", "through", 7);
	*running = 0;
}

static void h_defer(struct httpd_req *req)
{
	httpd_defer(req, h_gate);
}

static void s_begin(struct httpd_req *req)
{
	seen.begun++;
	httpd_set_data(req, calloc(1, 16));
	if (httpd_header(req, "X-Refuse"))
		httpd_reply_error(
			req, 507, "no room for %llu bytes", (unsigned long long)httpd_length(req));
}

static int s_data(struct httpd_req *req, const void *data, size_t len)
{
	seen.streamed += len;
	if (memchr(data, '!', len)) {
		httpd_reply_error(req, 422, "a bad byte");
		return -EBADMSG;
	}
	return memchr(data, '?', len) ? -ENOSPC : 0;
}

static void s_done(struct httpd_req *req)
{
	_Atomic int *running = httpd_data(req);

	if (running && *running)
		seen.done_while_running++;
	free((void *)running);
	pthread_mutex_lock(&seen.lock);
	seen.done++;
	pthread_cond_broadcast(&seen.changed);
	pthread_mutex_unlock(&seen.lock);
}

static void g_begin(struct httpd_req *req)
{
	(void)req;
	pthread_mutex_lock(&seen.lock);
	seen.begun++;
	pthread_cond_broadcast(&seen.changed);
	pthread_mutex_unlock(&seen.lock);
}

static const struct httpd_route routes[] = {
	{ "GET", "/ok/", 0, 0, NULL, NULL, h_ok, s_done },
	{ "POST", "/content/{id}", HTTPD_CHANGE, 100, NULL, NULL, h_echo, NULL },
	{ "PUT", "/files/{*}", HTTPD_EARLY, 0, NULL, NULL, h_early, s_done },
	{ "PUT", "/slowfiles/{*}", HTTPD_EARLY | HTTPD_WORKER, 0, NULL, NULL, h_early, s_done },
	{ "POST", "/echo", 0, 100000, NULL, NULL, h_echo, NULL },
	{ "POST", "/none", 0, 0, NULL, NULL, h_echo, NULL },
	{ "GET", "/worker", HTTPD_WORKER, 0, NULL, NULL, h_ok, s_done },
	{ "GET", "/gate", HTTPD_WORKER, 0, g_begin, NULL, h_gate, s_done },
	{ "GET", "/health", 0, 0, NULL, NULL, h_ok, NULL },
	{ "GET", "/defer", 0, 0, NULL, NULL, h_defer, s_done },
	{ "POST", "/stream", HTTPD_WORKER, 0, s_begin, s_data, h_echo, s_done },
};

static bool thread_each;

static struct httpd_conf conf_of(void)
{
	struct httpd_conf conf = conf_with(routes, ARRAY_LEN(routes));

	conf.thread_each = thread_each;
	conf.event_threads = thread_each ? 0 : conf.event_threads;
	return conf;
}

static int setup(void **state)
{
	struct httpd_conf conf = conf_of();

	seen.begun = seen.handled = seen.done = seen.done_while_running = 0;
	seen.streamed = 0;
	seen.open = false;
	seen.waiting = 0;
	*state = server(&conf);
	return 0;
}

static void gate_open(void)
{
	pthread_mutex_lock(&seen.lock);
	seen.open = true;
	pthread_cond_broadcast(&seen.changed);
	pthread_mutex_unlock(&seen.lock);
}

static void gate_wait(int n)
{
	pthread_mutex_lock(&seen.lock);
	while (seen.waiting < n)
		pthread_cond_wait(&seen.changed, &seen.lock);
	pthread_mutex_unlock(&seen.lock);
}

static void begun_wait(int n)
{
	pthread_mutex_lock(&seen.lock);
	while (seen.begun < n)
		pthread_cond_wait(&seen.changed, &seen.lock);
	pthread_mutex_unlock(&seen.lock);
}

static void done_wait(int n)
{
	pthread_mutex_lock(&seen.lock);
	while (seen.done < n)
		pthread_cond_wait(&seen.changed, &seen.lock);
	pthread_mutex_unlock(&seen.lock);
}

static int teardown(void **state)
{
	struct httpd *d = *state;

	gate_open();
	httpd_close(&d, 2000);
	return seen.done_while_running;
}

static void test_keep_alive_and_pipelining(void **state)
{
	struct answer a;
	int fd = dial(*state);

	for (int i = 0; i < 50; i++) {
		says(fd, i % 2 ? "GET /ok HTTP/1.1\r\nHost: x\r\n\r\n"
			       : "GET /worker HTTP/1.1\r\nHost: x\r\n\r\n");
		assert_true(hear(fd, &a, false));
		assert_int_equal(a.status, 200);
	}
	says(fd, "POST /none HTTP/1.1\r\nHost: x\r\n\r\nGET /worker HTTP/1.1\r\nHost: x\r\n\r\n"
		 "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
		 "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nz");
	assert_true(hear(fd, &a, false));
	assert_string_equal(a.body, "");
	assert_true(hear(fd, &a, false));
	assert_string_equal(a.body, "hello");
	assert_true(hear(fd, &a, false));
	assert_string_equal(a.body, "abc");
	assert_true(hear(fd, &a, false));
	assert_string_equal(a.body, "z");
	close(fd);
}

static void test_bodies(void **state)
{
	static char big[LIMIT_JSON_BODY + 1];
	struct answer a;
	int fd = dial(*state);

	memset(big, 'x', sizeof(big));
	says(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
	assert_true(hear(fd, &a, false));
	assert_string_equal(a.body, "abcde");
	/* too large, announced: read to its end, answered, and the connection lives */
	says(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100001\r\n\r\n");
	say(fd, big, 100001);
	assert_true(hear(fd, &a, false));
	assert_int_equal(a.status, 413);
	/* too large, unannounced */
	says(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n186a1\r\n");
	say(fd, big, 100001);
	says(fd, "\r\n0\r\n\r\n");
	assert_true(hear(fd, &a, false));
	assert_int_equal(a.status, 413);
	/* none expected: thrown away, up to a limit */
	says(fd, "POST /none HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
	say(fd, big, 100000);
	assert_true(hear(fd, &a, false));
	assert_int_equal(a.status, 200);
	assert_int_equal(a.len, 0);
	says(fd, "POST /none HTTP/1.1\r\nHost: x\r\nContent-Length: 4194305\r\n\r\n");
	say(fd, big, LIMIT_JSON_BODY + 1);
	assert_true(hear(fd, &a, false));
	assert_int_equal(a.status, 413);
	close(fd);
}

static void test_framing(void **state)
{
	static const char *const bad[] = {
		"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: "
		"chunked\r\n\r\n"
		"0\r\n\r\n",
		"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: "
		"3\r\n\r\n"
		"0\r\n\r\n",
		("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: "
		 "4\r\n\r\nabcd"),
		"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\nabcd",
		"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3x\r\n\r\nabcd",
		"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"GET /ok\r\n\r\n",
		"garbage\r\n\r\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct answer a = { 0 };
		int fd = dial(*state);

		says(fd, bad[i]);
		shutdown(fd, SHUT_WR);
		if (hear(fd, &a, false) && (a.status < 400 || a.status > 499))
			fail_msg("row %zu: %d", i, a.status);
		while (!closed(fd))
			; /* the library may send more, but then the end */
		close(fd);
	}
	assert_int_equal(seen.handled, 0);
}

static void test_expect(void **state)
{
	static const char refused[] = "POST /stream HTTP/1.1\r\nHost: x\r\nX-Refuse: 1\r\n"
				      "Expect: 100-continue\r\nContent-Length: 5000000000\r\n\r\n";
	struct answer a;
	int fd = dial(*state);

	says(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: "
		 "3\r\n\r\n");
	assert_true(hear(fd, &a, true));
	assert_int_equal(a.status, 100);
	says(fd, "abc");
	assert_true(hear(fd, &a, false));
	assert_string_equal(a.body, "abc");
	says(fd, refused);
	assert_true(hear(fd, &a, false));
	assert_int_equal(a.status, 507);
	assert_non_null(strstr(a.body, "5000000000"));
	assert_true(closed(fd));
	close(fd);
	done_wait(1);
	for (int slow = 0; slow < 2; slow++) {
		fd = dial(*state);
		says(fd, slow ? "PUT /slowfiles/a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
				"Content-Length: 5000000000\r\n\r\n"
			      : "PUT /files/a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
				"Transfer-Encoding: chunked\r\n\r\n");
		assert_true(hear(fd, &a, false));
		assert_int_equal(a.status, 307);
		assert_true(closed(fd));
		close(fd);
		done_wait(2 + slow);
	}
	/* without Expect the body is read first and the connection lives on */
	fd = dial(*state);
	for (int i = 0; i < 2; i++) {
		says(fd, "PUT /slowfiles/a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
		assert_true(hear(fd, &a, false));
		assert_int_equal(a.status, 307);
	}
	close(fd);
	done_wait(5);
}

static void test_stream(void **state)
{
	static char data[300000];
	struct answer a;
	int fd = dial(*state);

	memset(data, 'x', sizeof(data));
	says(fd, "POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n");
	say(fd, data, sizeof(data));
	assert_true(hear(fd, &a, false));
	assert_int_equal(a.status, 200);
	assert_int_equal(seen.streamed, 300000);
	done_wait(1);
	/* refused at the start */
	says(fd, "POST /stream HTTP/1.1\r\nHost: x\r\nX-Refuse: 1\r\nContent-Length: "
		 "300000\r\n\r\n");
	say(fd, data, sizeof(data));
	assert_true(hear(fd, &a, false));
	assert_int_equal(a.status, 507);
	assert_int_equal(seen.streamed, 300000);
	/* refused on the way, with and without a reason */
	data[10] = '!';
	says(fd, "POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n");
	say(fd, data, sizeof(data));
	assert_true(hear(fd, &a, false));
	assert_int_equal(a.status, 422);
	data[10] = '?';
	says(fd, "POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n");
	say(fd, data, sizeof(data));
	assert_true(hear(fd, &a, false));
	assert_int_equal(a.status, 507);
	done_wait(4);
	/* gone half way */
	says(fd, "POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\nhalf");
	close(fd);
	done_wait(5);
	assert_int_equal(seen.begun, 5);
	assert_int_equal(seen.handled, 1);
	assert_int_equal(seen.done, 5);
}

static void test_more_than_is_drained(void **state)
{
	static char data[1 << 20];
	struct answer a;
	char head[128];
	int fd = dial(*state), n;

	/* announced: answered without reading it */
	(void)snprintf(head, sizeof(head),
		"POST /stream HTTP/1.1\r\nHost: x\r\nX-Refuse: 1\r\nContent-Length: %u\r\n\r\n",
		LIMIT_DRAIN + 1);
	says(fd, head);
	assert_true(hear(fd, &a, false));
	assert_int_equal(a.status, 507);
	assert_true(closed(fd));
	close(fd);
	/* unannounced: the connection is closed */
	fd = dial(*state);
	says(fd, "POST /stream HTTP/1.1\r\nHost: x\r\nX-Refuse: 1\r\n"
		 "Transfer-Encoding: chunked\r\n\r\n");
	for (n = 0; n < 80; n++)
		if (send(fd, "100000\r\n", 8, MSG_NOSIGNAL) < 0 ||
			send(fd, data, sizeof(data), MSG_NOSIGNAL) < 0 ||
			send(fd, "\r\n", 2, MSG_NOSIGNAL) < 0)
			break;
	assert_true(closed(fd));
	close(fd);
	done_wait(2);
}

static void test_worker_does_not_block(void **state)
{
	struct answer a;
	int gate[3];

	for (int i = 0; i < 3; i++) {
		gate[i] = dial(*state);
		says(gate[i], i == 1 ? "GET /defer HTTP/1.1\r\nHost: x\r\n\r\n"
				     : "GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
	}
	gate_wait(2); /* both workers; the third waits in the queue */
	for (int i = 0; i < 20; i++)
		assert_int_equal(get(*state, "/ok").status, 200);
	gate_open();
	for (int i = 0; i < 3; i++) {
		assert_true(hear(gate[i], &a, false));
		assert_string_equal(a.body, "through");
		close(gate[i]);
	}
	done_wait(23);
}

static void test_client_vanishes(void **state)
{
	int fd[8];
	struct linger now = { .l_onoff = 1 };

	for (int i = 0; i < 8; i++) {
		fd[i] = dial(*state);
		says(fd[i], "GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
	}
	begun_wait(8);
	gate_wait(2);
	for (int i = 0; i < 8; i++) {
		if (i % 2) /* a reset instead of an end */
			assert_int_equal(
				setsockopt(fd[i], SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
		close(fd[i]);
	}
	assert_int_equal(get(*state, "/health").status, 200);
	assert_int_equal(seen.done, 0);
	gate_open();
	done_wait(8);
	assert_int_equal(get(*state, "/health").status, 200);
	assert_int_equal(seen.done, 8);
}

/* Two handlers run and 1024 wait: whoever comes then is sent away at once. */
static void test_queue_full(void **state)
{
	enum { FITS = 2 + 1024, N = FITS + 4 };
	static struct pollfd p[N];
	struct answer a;
	int busy = 0, through = 0;

	for (int i = 0; i < N; i++) {
		p[i].fd = dial(*state);
		p[i].events = POLLIN;
		says(p[i].fd, "GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
	}
	while (busy < N - FITS) {
		assert_true(poll(p, N, 120000) > 0); /* a thread takes 20 ms to begin under TSan */
		for (int i = 0; i < N; i++) {
			if (p[i].fd < 0 || !p[i].revents)
				continue;
			assert_true(hear(p[i].fd, &a, false));
			assert_int_equal(a.status, 503);
			assert_true(has(&a, "\r\nRetry-After: "));
			close(p[i].fd);
			p[i].fd = -1;
			busy++;
		}
	}
	assert_int_equal(busy, N - FITS);
	gate_open();
	for (int i = 0; i < N; i++) {
		if (p[i].fd < 0)
			continue;
		assert_true(hear(p[i].fd, &a, false));
		through += a.status == 200;
		close(p[i].fd);
	}
	assert_int_equal(through, FITS);
}

static void test_many_at_once(void **state)
{
	int fd[64];
	struct answer a;

	for (int i = 0; i < 64; i++)
		fd[i] = dial(*state);
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 64; i++)
			says(fd[i], i % 2 ? "GET /worker HTTP/1.1\r\nHost: x\r\n\r\n"
					  : "GET /ok HTTP/1.1\r\nHost: x\r\n\r\n");
		for (int i = 0; i < 64; i++) {
			assert_true(hear(fd[i], &a, false));
			assert_int_equal(a.status, 200);
		}
	}
	for (int i = 0; i < 64; i++)
		close(fd[i]);
	done_wait(640);
	assert_int_equal(seen.handled, 640);
	assert_int_equal(seen.done, 640);
}

static void test_half_requests(void **state)
{
	int fd[20];

	for (int i = 0; i < 20; i++) {
		fd[i] = dial(*state);
		says(fd[i], i % 2 ? "GET /ok HT" : "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Len");
	}
	assert_int_equal(get(*state, "/ok").status, 200);
	for (int i = 0; i < 20; i++)
		close(fd[i]);
}

struct closing {
	struct httpd *d;
	_Atomic bool over;
};

static void *close_thread(void *arg)
{
	struct closing *c = arg;

	httpd_close(&c->d, 100);
	c->over = true;
	return NULL;
}

/* Two handlers run, three wait in the queue, a body is half here, when the server closes. */
static void test_close_waits_for_handlers(void **state)
{
	struct httpd_conf conf = conf_of();
	struct closing c = { .d = server(&conf) };
	int fd[5], half = dial(c.d), through = 0, busy = 0;
	pthread_t t;

	(void)state;
	says(half, "POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\nhalf");
	for (int i = 0; i < 5; i++) {
		fd[i] = dial(c.d);
		says(fd[i], "GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
	}
	gate_wait(2);
	assert_int_equal(pthread_create(&t, NULL, close_thread, &c), 0);
	assert_int_equal(poll(NULL, 0, 200), 0); /* past drain_ms: it must still wait */
	assert_false(c.over);
	gate_open();
	assert_int_equal(pthread_join(t, NULL), 0);
	for (int i = 0; i < 5; i++) {
		struct answer a;

		if (!hear(fd[i], &a, false))
			continue; /* it closed before the bytes were out */
		through += a.status == 200;
		busy += a.status == 503;
		close(fd[i]);
	}
	close(half);
	assert_int_equal(seen.done, seen.begun);
	assert_true(through + busy <= 5);
	assert_int_equal(seen.done_while_running, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_keep_alive_and_pipelining),
		T(test_bodies),
		T(test_framing),
		T(test_expect),
		T(test_stream),
		T(test_more_than_is_drained),
		T(test_worker_does_not_block),
		T(test_client_vanishes),
		T(test_queue_full),
		T(test_many_at_once),
		T(test_half_requests),
		T(test_close_waits_for_handlers),
	};

	int failed = cmocka_run_group_tests_name("workers", tests, NULL, NULL);

	thread_each = true;
	return failed + cmocka_run_group_tests_name("thread_each", tests, NULL, NULL);
}
