/* httpd_client - raw sockets against a server of this process. */
#ifndef TESTS_HTTPD_CLIENT_H
#define TESTS_HTTPD_CLIENT_H

#include "common/httpd.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static inline struct httpd_conf conf_with(const struct httpd_route *routes, size_t n)
{
	return (struct httpd_conf){ .listen = "127.0.0.1:0",
		.routes = routes,
		.nroutes = n,
		.event_threads = 2,
		.workers = 2 };
}

static inline struct httpd *server(const struct httpd_conf *conf)
{
	struct httpd *d = NULL;
	char error[256] = "";
	int rc = httpd_open(conf, &d, error, sizeof(error));

	if (rc < 0)
		fail_msg("%s", error);
	return d;
}

static inline int dial(const struct httpd *d)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)httpd_port(d)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval limit = { .tv_sec = 10 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static inline void say(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		assert_true(n > 0);
		text += n;
		len -= (size_t)n;
	}
}

static inline void says(int fd, const char *text)
{
	say(fd, text, strlen(text));
}

struct answer {
	int status;
	char head[4096];
	char body[16384];
	size_t len;
};

/* Reads one answer; `head` of a request has no body. False when the connection ended first. */
static inline bool hear(int fd, struct answer *a, bool no_body)
{
	size_t n = 0;
	const char *length;

	memset(a, 0, sizeof(*a));
	while (n < 4 || memcmp(a->head + n - 4, "\r\n\r\n", 4) != 0) {
		assert_true(n < sizeof(a->head) - 1);
		if (recv(fd, a->head + n, 1, 0) != 1)
			return false;
		n++;
	}
	assert_int_equal(sscanf(a->head, "HTTP/1.1 %d", &a->status), 1);
	length = strcasestr(a->head, "\r\nContent-Length:");
	a->len = length ? strtoul(length + 17, NULL, 10) : 0;
	if (no_body)
		return true;
	assert_true(a->len < sizeof(a->body));
	for (n = 0; n < a->len;) {
		ssize_t got = recv(fd, a->body + n, a->len - n, 0);

		if (got <= 0)
			return false;
		n += (size_t)got;
	}
	return true;
}

static inline struct answer ask(const struct httpd *d, const char *request)
{
	struct answer a;
	int fd = dial(d);

	says(fd, request);
	assert_true(hear(fd, &a, strncmp(request, "HEAD", 4) == 0));
	close(fd);
	return a;
}

static inline struct answer get(const struct httpd *d, const char *target)
{
	char request[8192];

	(void)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", target);
	return ask(d, request);
}

static inline bool closed(int fd)
{
	char c;

	return recv(fd, &c, 1, 0) <= 0;
}

static inline bool has(const struct answer *a, const char *line)
{
	return strcasestr(a->head, line) != NULL;
}

#endif
