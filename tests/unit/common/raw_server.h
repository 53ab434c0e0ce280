/* raw_server - a small HTTP server on raw sockets that does as each test says, and what the tests of
 * httpc start with. */
#ifndef TESTS_RAW_SERVER_H
#define TESTS_RAW_SERVER_H

#include "common/buf.h"
#include "common/clock.h"
#include "common/httpc.h"
#include "common/limits.h"
#include "common/log.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { CONNECTIONS = 64 };

struct server;

/* One request as it arrived. nth counts per connection from 1, total over all. */
struct asked {
	struct server *server;
	int fd, nth, total;
	char head[8192];
	struct buf body;
};

struct server {
	int listener;
	unsigned port;
	/* Answers; false: the connection is closed. Runs on the connection's thread. */
	bool (*_Atomic answer)(struct asked *a);
	_Atomic bool body_unread; /* answer() is called before the body was read */
	const char *_Atomic text; /* for answer() */
	pthread_t acceptor, threads[CONNECTIONS];
	int fds[CONNECTIONS]; /* acceptor, then server_stop() */
	_Atomic int accepted, requests;
	pthread_mutex_t lock;
	struct buf heads, bodies; /* lock: all of them, in order */
};

static inline void say(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		at += n;
		len -= (size_t)n;
	}
}

static inline void says(int fd, const char *text)
{
	say(fd, text, strlen(text));
}

/* Waits until the client goes. */
static inline void wait_for_end(int fd)
{
	char c;

	while (recv(fd, &c, 1, 0) > 0)
		continue;
}

static inline bool read_head(struct asked *a)
{
	size_t n = 0;

	while (n + 1 < sizeof(a->head)) {
		if (recv(a->fd, a->head + n, 1, 0) != 1)
			return false;
		a->head[++n] = '\0';
		if (n >= 4 && memcmp(a->head + n - 4, "\r\n\r\n", 4) == 0)
			return true;
	}
	return false;
}

static inline bool read_body(struct asked *a)
{
	const char *at = strstr(a->head, "Content-Length: ");
	size_t left = at ? strtoul(at + 16, NULL, 10) : 0;
	char chunk[65536];
	ssize_t n;

	while (left) {
		n = recv(a->fd, chunk, left < sizeof(chunk) ? left : sizeof(chunk), 0);
		if (n <= 0)
			return false;
		buf_add(&a->body, chunk, (size_t)n);
		left -= (size_t)n;
	}
	return true;
}

struct connection {
	struct server *server;
	int fd;
};

static inline void *connection_main(void *arg)
{
	struct connection c = *(struct connection *)arg;
	struct server *s = c.server;
	struct asked a = { .server = s, .fd = c.fd };
	bool more = true;

	free(arg);
	while (more && read_head(&a) && (s->body_unread || read_body(&a))) {
		a.nth++;
		a.total = ++s->requests;
		pthread_mutex_lock(&s->lock);
		buf_adds(&s->heads, a.head);
		buf_add(&s->bodies, a.body.data, a.body.len);
		pthread_mutex_unlock(&s->lock);
		more = atomic_load(&s->answer)(&a);
		buf_clear(&a.body);
	}
	buf_release(&a.body);
	(void)shutdown(c.fd, SHUT_RDWR);
	return NULL;
}

static inline void *acceptor_main(void *arg)
{
	struct server *s = arg;
	struct connection *c;
	int fd, n;

	while ((fd = accept(s->listener, NULL, NULL)) >= 0) {
		n = s->accepted;
		c = malloc(sizeof(*c));
		if (n == CONNECTIONS || !c)
			abort();
		*c = (struct connection){ .server = s, .fd = fd };
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
		s->fds[n] = fd;
		s->accepted = n + 1;
		if (pthread_create(&s->threads[n], NULL, connection_main, c) != 0)
			abort();
	}
	return NULL;
}

/* What arrived so far; for the main thread, between requests. */
static inline const char *heads(struct server *s)
{
	const char *text;

	pthread_mutex_lock(&s->lock);
	text = buf_str(&s->heads);
	pthread_mutex_unlock(&s->lock);
	return text;
}

static inline const char *bodies(struct server *s)
{
	const char *text;

	pthread_mutex_lock(&s->lock);
	text = buf_str(&s->bodies);
	pthread_mutex_unlock(&s->lock);
	return text;
}

static inline void forget(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	buf_clear(&s->heads);
	buf_clear(&s->bodies);
	pthread_mutex_unlock(&s->lock);
}

static inline void server_start(struct server *s, bool (*answer)(struct asked *a))
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	int yes = 1;

	memset(s, 0, sizeof(*s));
	s->answer = answer;
	pthread_mutex_init(&s->lock, NULL);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(s->listener >= 0);
	assert_int_equal(setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)), 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(s->listener, 64), 0);
	assert_int_equal(getsockname(s->listener, (struct sockaddr *)&at, &len), 0);
	s->port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&s->acceptor, NULL, acceptor_main, s), 0);
}

/* The port of the server that stopped last, bound but not listening: nobody else answers there. */
static int held = -1;

static inline void hold_port(unsigned port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int yes = 1;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (held >= 0)
		close(held);
	held = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(held >= 0);
	assert_int_equal(setsockopt(held, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)), 0);
	assert_int_equal(bind(held, (struct sockaddr *)&at, sizeof(at)), 0);
}

static inline void server_stop(struct server *s)
{
	(void)shutdown(s->listener, SHUT_RDWR);
	pthread_join(s->acceptor, NULL);
	for (int i = 0; i < s->accepted; i++) {
		(void)shutdown(s->fds[i], SHUT_RDWR);
		pthread_join(s->threads[i], NULL);
		close(s->fds[i]);
	}
	close(s->listener);
	hold_port(s->port);
	buf_release(&s->heads);
	buf_release(&s->bodies);
	pthread_mutex_destroy(&s->lock);
}

/* What each test starts with. */
static struct server server;

static struct httpc *http;

static struct httpc_res res;

static char url[128];

static inline const char *url_of(const struct server *s, const char *path)
{
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", s->port, path);
	return url;
}

static inline int setup(void **state)
{
	struct httpc_conf conf = { .token = "the-token", .keep = 4 };

	(void)state;
	log_request_set("");
	return httpc_open(&conf, &http);
}

static inline int teardown(void **state)
{
	(void)state;
	httpc_close(&http);
	assert_null(http);
	httpc_close(&http);
	httpc_res_release(&res);
	return 0;
}

static inline int get(const char *path)
{
	struct httpc_req req = { .method = "GET", .url = url_of(&server, path) };

	return httpc_do(http, &req, &res);
}

static inline bool answer_hello(struct asked *a)
{
	says(a->fd, "HTTP/1.1 200 OK\r\nX-Kind:  greeting \r\nContent-Length: 5\r\n\r\nhello");
	return true;
}

/* More of them than a client takes. */
static inline bool answer_headers(struct asked *a)
{
	says(a->fd, "HTTP/1.1 200 OK\r\n");
	for (size_t sent = 0; sent <= LIMIT_HEADERS; sent += 10)
		says(a->fd, "X-Y: 123\r\n");
	says(a->fd, "\r\n");
	return false;
}

static inline bool answer_text(struct asked *a)
{
	says(a->fd, a->server->text);
	return false;
}

static inline int memory_file(const char *data, size_t len)
{
	int fd = memfd_create("body", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	return fd;
}

static inline bool answer_never(struct asked *a)
{
	wait_for_end(a->fd);
	return false;
}

static inline bool answer_echo(struct asked *a)
{
	char head[128];

	(void)snprintf(
		head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", a->body.len);
	says(a->fd, head);
	say(a->fd, a->body.data, a->body.len);
	return true;
}

/* A sink that gathers, and fails when told so. */
struct gathered {
	struct buf bytes;
	int fail, restarts;
};

static inline int gather(void *ctx, const void *data, size_t len)
{
	struct gathered *g = ctx;

	buf_add(&g->bytes, data, len);
	return g->fail;
}

static inline void start_again(void *ctx)
{
	struct gathered *g = ctx;

	buf_clear(&g->bytes);
	g->restarts++;
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
