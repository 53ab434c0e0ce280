#include "common/clock.h"
#include "common/httpd_priv.h"
#include "common/limits.h"
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static const char HELLO[] = "GET /health HTTP/1.1\r\nHost: self\r\nConnection: close\r\n\r\n";

/* A full server accepts nobody; then whom it serves is its sign of life. */
static bool full(const struct httpd *d)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(d->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return info && info->num_connections >= LIMIT_CONNECTIONS;
}

/* 1 when the socket is ready before `until`, else 0. */
static int ready(int fd, short events, int64_t until)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left;

	for (;;) {
		left = until - clock_ms();
		if (left <= 0)
			return 0;
		if (poll(&p, 1, (int)left) > 0)
			return 1;
	}
}

static int call(const struct sockaddr *at, socklen_t len, int64_t until)
{
	int fd = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int alive = 0;
	char byte;

	if (fd < 0)
		return -errno;
	if ((connect(fd, at, len) == 0 || errno == EINPROGRESS) && ready(fd, POLLOUT, until) &&
		send(fd, HELLO, sizeof(HELLO) - 1, MSG_NOSIGNAL) > 0 && ready(fd, POLLIN, until))
		/* a byte, an end, or a reset: TLS refuses plain words in its own way */
		alive = recv(fd, &byte, 1, 0) >= 0 || errno == ECONNRESET;
	close(fd);
	return alive;
}

bool httpd_alive(const struct httpd *d, int64_t timeout_ms)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof(at);
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(d->daemon, MHD_DAEMON_INFO_LISTEN_FD);

	if (!info || getsockname(info->listen_fd, (struct sockaddr *)&at, &len) < 0)
		return false;
	/* connecting to "any address" reaches this machine: ip(7) */
	return full(d) || call((const struct sockaddr *)&at, len, clock_ms() + timeout_ms) > 0;
}
