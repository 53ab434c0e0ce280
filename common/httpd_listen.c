#include "common/httpd_priv.h"
#include "common/limits.h"
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* "host:port" or "[v6]:port" in parts; an empty host is any address. */
static int split_address(const char *address, char host[LIMIT_HOST + 1], const char **port)
{
	const char *colon = strrchr(address, ':');
	size_t n = colon ? (size_t)(colon - address) : 0;
	char *end;
	unsigned long number;

	if (!colon || n > LIMIT_HOST || colon[1] < '0' || colon[1] > '9')
		return -EINVAL;
	number = strtoul(colon + 1, &end, 10);
	if (*end || number > 65535)
		return -EINVAL;
	if (n >= 2 && address[0] == '[' && address[n - 1] == ']') {
		address++;
		n -= 2;
	} else if (memchr(address, ':', n)) {
		return -EINVAL;
	}
	memcpy(host, address, n);
	host[n] = '\0';
	*port = colon + 1;
	return 0;
}

static int bind_one(const struct addrinfo *a, int *out)
{
	int one = 1, unsent = LIMIT_UNSENT, rc;
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	/* connections inherit both; a slow reader's then takes some bytes every now and then, and is not taken for dead */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
		setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent)) < 0 ||
		bind(fd, a->ai_addr, a->ai_addrlen) < 0 || listen(fd, SOMAXCONN) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	*out = fd;
	return 0;
}

static unsigned bound_port(int fd)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} at = { .v6 = { .sin6_family = AF_UNSPEC } };
	socklen_t len = sizeof(at);

	if (getsockname(fd, &at.sa, &len) < 0)
		return 0;
	return ntohs(at.sa.sa_family == AF_INET6 ? at.v6.sin6_port : at.v4.sin_port);
}

static const char *cure_of(int rc)
{
	switch (rc) {
	case -EADDRINUSE:
		return "stop the program that uses it, or choose another port with --listen";
	case -EACCES:
	case -EPERM:
		return "ports below 1024 need root or CAP_NET_BIND_SERVICE; choose another with "
		       "--listen";
	case -EADDRNOTAVAIL:
		return "this machine does not have that address; 0.0.0.0 means all that it has";
	default:
		return "choose another address with --listen";
	}
}

int httpd_listen(const char *address, int *fd, unsigned *port, char *error, size_t cap)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM },
			*list = NULL;
	char host[LIMIT_HOST + 1];
	const char *service;
	int rc = -EINVAL, found;

	if (!address || split_address(address, host, &service) < 0) {
		(void)snprintf(error, cap,
			"cannot listen on '%s': write HOST:PORT, as in 127.0.0.1:8000 or "
			"[::1]:8000",
			address ? address : "");
		return rc;
	}
	found = getaddrinfo(*host ? host : NULL, service, &hints, &list);
	if (found != 0) {
		(void)snprintf(error, cap, "cannot listen on %s: no such host here (%s)", address,
			gai_strerror(found));
		return rc;
	}
	for (const struct addrinfo *a = list; a && rc < 0; a = a->ai_next)
		rc = bind_one(a, fd);
	freeaddrinfo(list);
	if (rc < 0)
		(void)snprintf(error, cap, "cannot listen on %s: %s: %s", address, strerror(-rc),
			cure_of(rc));
	else
		*port = bound_port(*fd);
	return rc;
}
