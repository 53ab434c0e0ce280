#include "common/clock.h"
#include "common/httpc_answer.h"
#include "common/httpc_priv.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define LOOK_MS 1000 /* how often the time is looked at while nothing arrives */

/* One exchange. */
struct quick {
	struct httpc_handle *h;
	const struct httpc_watch *watch;
	int fd; /* not blocking */
	const void *body;
	size_t body_len;
	int64_t last, asked,
		deadline; /* clock_ms: something moved, stop() was asked, all must be over (0: never) */
	bool received, keep; /* a byte came; the connection may serve again */
	int local;	     /* an error of this side */
};

/* "http://HOST/target": the length of HOST, or 0 when only libcurl may read it. */
static size_t host_of(const char *url, const char **host)
{
	size_t n;

	if (strncmp(url, "http://", 7) != 0)
		return 0;
	*host = url + 7;
	n = strcspn(*host, "/");
	if (!n || n >= HTTPC_HOST || !(*host)[n])
		return 0;
	for (const char *at = *host; *at; at++)
		if (*at <= ' ' || *at >= 0x7f || *at == '#' || (*at == '@' && at < *host + n))
			return 0;
	return n;
}

/* The connection of the exchange that just ended well may serve without libcurl. */
void httpc_quick_keep(struct httpc_handle *h)
{
	curl_socket_t fd = CURL_SOCKET_BAD;
	struct httpc_kept *free_one = NULL;
	const char *host;
	size_t n = host_of(h->req->url, &host);
	long redirects = 1;

	if (!n || curl_easy_getinfo(h->curl, CURLINFO_REDIRECT_COUNT, &redirects) != CURLE_OK ||
		redirects || curl_easy_getinfo(h->curl, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK ||
		fd == CURL_SOCKET_BAD)
		return;
	for (size_t i = 0; i < HTTPC_KEPT; i++) {
		struct httpc_kept *k = &h->kept[i];

		if (k->fd == fd)
			free_one = k;
		else if (k->fd == CURL_SOCKET_BAD && !free_one)
			free_one = k;
	}
	if (!free_one)
		return;
	free_one->fd = fd;
	free_one->used_ms = clock_ms();
	memcpy(free_one->host, host, n);
	free_one->host[n] = '\0';
}

/* The server has not closed it meanwhile, as far as this side knows: nothing has been sent then. */
static bool is_alive(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

/* A connection to where the request goes, if this is a request for it. */
struct httpc_kept *httpc_quick_find(struct httpc_handle *h)
{
	const struct httpc_req *req = h->req;
	bool small = req->body_from_fd ? req->fd_len <= HTTPC_SMALL_BODY
				       : req->body_len <= HTTPC_SMALL_BODY;
	int64_t now = clock_ms();
	const char *host;
	size_t n = host_of(req->url, &host);

	for (size_t i = 0; n && small && !req->source && !req->moved && i < HTTPC_KEPT; i++) {
		struct httpc_kept *k = &h->kept[i];

		if (k->fd != CURL_SOCKET_BAD && now - k->used_ms < HTTPC_IDLE_SECONDS * 1000 &&
			strncmp(k->host, host, n) == 0 && !k->host[n])
			return is_alive(k->fd) ? k : NULL;
	}
	return NULL;
}

static int make_head(struct httpc_handle *h, const struct httpc_kept *k, size_t body_len)
{
	const struct httpc_req *req = h->req;
	bool put = strcmp(req->method, "PUT") == 0 || strcmp(req->method, "POST") == 0;
	struct buf *b = &h->head;

	buf_clear(b);
	buf_adds(b, req->method);
	buf_adds(b, " ");
	buf_adds(b, req->url + 7 + strlen(k->host));
	buf_adds(b, " HTTP/1.1\r\nHost: ");
	buf_adds(b, k->host);
	buf_adds(b, "\r\nUser-Agent: ");
	buf_adds(b, h->setup->user_agent);
	buf_adds(b, "\r\nAccept: */*\r\n");
	for (size_t i = 0; i < h->nlines; i++) {
		const char *line = h->lines[i].data;
		size_t n = strlen(line);

		if (n && line[n - 1] != ':') { /* that is how libcurl is told to leave it out */
			buf_add(b, line, n);
			buf_adds(b, "\r\n");
		}
	}
	if (put || req->body || req->body_from_fd)
		buf_addf(b, "Content-Length: %zu\r\n", body_len);
	buf_adds(b, "\r\n");
	return buf_error(b);
}

/* Until the socket is ready for events. */
static int wait_for(struct quick *q, short events)
{
	struct pollfd p = { .fd = q->fd, .events = events };

	for (;;) {
		int64_t now = clock_ms(), wait = q->last + q->watch->stall_ms - now;

		if (q->deadline && q->deadline - now < wait)
			wait = q->deadline - now;
		if (wait <= 0)
			return -ETIMEDOUT;
		if (q->watch->stop && now - q->asked >= HTTPC_STOP_MS) {
			q->asked = now;
			if (q->watch->stop(q->watch->stop_ctx))
				return -EINTR;
		}
		wait = wait > LOOK_MS ? LOOK_MS : wait;
		wait = q->watch->stop && wait > HTTPC_STOP_MS ? HTTPC_STOP_MS : wait;
		if (poll(&p, 1, (int)wait) > 0) /* a signal is no reason to end */
			return 0;
	}
}

/* A server that answers before it has read everything, and goes: its answer is read all the same. */
static int send_all(struct quick *q)
{
	struct iovec parts[] = { { q->h->head.data, q->h->head.len },
		{ (void *)(uintptr_t)q->body, q->body_len } };
	struct msghdr msg = { .msg_iov = parts, .msg_iovlen = 2 };
	size_t left = q->h->head.len + q->body_len;
	int rc = 0;

	while (left && rc == 0) {
		ssize_t n = sendmsg(q->fd, &msg, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN) {
			rc = wait_for(q, POLLOUT);
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return 0;
		q->last = clock_ms();
		left -= (size_t)n;
		for (size_t i = 0, gone = (size_t)n; i < 2 && gone; i++) {
			size_t of_it = gone < parts[i].iov_len ? gone : parts[i].iov_len;

			parts[i].iov_base = (char *)parts[i].iov_base + of_it;
			parts[i].iov_len -= of_it;
			gone -= of_it;
		}
	}
	return rc;
}

static int take_in(struct quick *q, struct httpc_answer *a, const char *data, size_t len)
{
	const char *body;
	size_t used, n;
	int rc = 0;

	while (len && rc == 0 && a->state != HTTPC_ANSWER_DONE) {
		rc = httpc_answer_read(a, data, len, &used, &body, &n);
		q->h->res->status = a->status;
		if (rc == 0 && n)
			rc = q->local = httpc_deliver(q->h, body, n);
		data += used;
		len -= used;
	}
	if (len) /* more than was announced: who knows what comes next */
		a->keep = false;
	return rc;
}

static int exchange(struct quick *q)
{
	struct httpc_handle *h = q->h;
	struct httpc_answer a = { .headers = &h->res->headers,
		.no_body = strcmp(h->req->method, "HEAD") == 0 };
	size_t cap = h->req->sink ? HTTPC_LARGE_READ : HTTPC_SMALL_READ;
	int rc;

	buf_clear(&h->in);
	rc = q->local = buf_reserve(&h->in, cap);
	if (rc == 0)
		rc = send_all(q);
	if (rc == 0)
		rc = wait_for(q, POLLIN);
	while (rc == 0 && a.state != HTTPC_ANSWER_DONE) {
		ssize_t n = recv(q->fd, h->in.data, cap, 0);

		if (n > 0) {
			q->last = clock_ms();
			q->received = true;
			rc = take_in(q, &a, h->in.data, (size_t)n);
		} else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			rc = wait_for(q, POLLIN);
		} else {
			rc = n < 0 ? -ECONNRESET : httpc_answer_end(&a);
		}
	}
	q->keep = rc == 0 && a.keep;
	return rc;
}

int httpc_quick(struct httpc_handle *h, const struct httpc_watch *watch, struct httpc_kept *k,
	struct httpc_outcome *outcome)
{
	const struct httpc_req *req = h->req;
	struct quick q = { .h = h, .watch = watch, .fd = k->fd };
	int rc;

	q.body = req->body_from_fd ? h->small.data : req->body;
	q.body_len = req->body_from_fd ? (size_t)req->fd_len : req->body ? req->body_len : 0;
	q.last = q.asked = clock_ms();
	q.deadline = req->timeout_ms ? q.last + req->timeout_ms : 0;
	rc = q.local = make_head(h, k, q.body_len);
	if (rc == 0) {
		h->sent = true;
		rc = exchange(&q);
	}
	k->used_ms = clock_ms();
	*outcome = (struct httpc_outcome){ .clean = q.keep,
		.local = q.local || rc == -EINTR || rc == -ENOMEM,
		.fed = h->fed,
		.stale = rc == -ECONNRESET && !q.received };
	return rc;
}
