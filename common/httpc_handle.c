#include "common/httpc_priv.h"
#include "common/limits.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAGIC = 0x68747063 };

static struct httpc_handle *handle_of(void *ctx)
{
	struct httpc_handle *h = ctx;

	assert(h && h->magic == MAGIC);
	return h;
}

static int on_prereq(void *ctx, char *peer, char *local, int peer_port, int local_port)
{
	(void)peer;
	(void)local;
	(void)peer_port;
	(void)local_port;
	handle_of(ctx)->sent = true;
	return CURL_PREREQFUNC_OK;
}

static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

	(void)ctx;
	(void)purpose;
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static int on_close(void *ctx, curl_socket_t fd)
{
	struct httpc_handle *h = handle_of(ctx);

	for (size_t i = 0; i < HTTPC_KEPT; i++)
		if (h->kept[i].fd == fd)
			h->kept[i].fd = CURL_SOCKET_BAD;
	return close(fd);
}

/* "HTTP/1.1 200 OK" → 200 */
static unsigned status_of(const char *line, size_t len)
{
	const char *at = memchr(line, ' ', len);
	unsigned status = 0;

	if (!at)
		return 0;
	for (at++; at < line + len && *at >= '0' && *at <= '9' && status < 1000; at++)
		status = status * 10 + (unsigned)(*at - '0');
	return status;
}

static size_t on_header(char *data, size_t one, size_t len, void *ctx)
{
	struct httpc_handle *h = handle_of(ctx);
	struct httpc_res *res = h->res;

	(void)one;
	h->received += len;
	if (len >= 5 && memcmp(data, "HTTP/", 5) == 0) {
		/* an answer that follows a redirect or an interim one replaces it */
		buf_clear(&res->headers);
		res->status = status_of(data, len);
		if (h->req->follow && res->status / 100 == 3)
			h->sent = false;
	}
	if (res->headers.len + len > LIMIT_HEADERS)
		h->error = -EMSGSIZE;
	else
		buf_add(&res->headers, data, len);
	if (h->error == 0)
		h->error = buf_error(&res->headers);
	return h->error ? 0 : len;
}

int httpc_deliver(struct httpc_handle *h, const char *data, size_t len)
{
	const struct httpc_req *req = h->req;
	size_t max = req->body_max ? req->body_max : LIMIT_JSON_REPLY;
	int rc;

	h->received += len;
	if (req->sink && h->res->status / 100 == 2) {
		h->fed = true;
		rc = req->sink(req->ctx, data, len);
	} else if (len > max - h->res->body.len) {
		rc = -EMSGSIZE;
	} else {
		buf_add(&h->res->body, data, len);
		rc = buf_error(&h->res->body);
	}
	h->error = rc < 0 ? rc : 0;
	return h->error;
}

static size_t on_body(char *data, size_t one, size_t len, void *ctx)
{
	(void)one;
	return httpc_deliver(handle_of(ctx), data, len) < 0 ? 0 : len;
}

static size_t from_source(struct httpc_handle *h, char *data, size_t cap)
{
	ssize_t n = h->req->source(h->req->source_ctx, h->body_at, data, cap);

	if (n < 0) {
		h->error = (int)n;
		return CURL_READFUNC_ABORT;
	}
	h->body_at += (uint64_t)n;
	return (size_t)n;
}

/* libcurl frees the list. */
static int on_trailers(struct curl_slist **list, void *ctx)
{
	struct httpc_handle *h = handle_of(ctx);
	char lines[HTTPC_TRAILERS][HTTPC_TRAILER];
	size_t n = h->req->trailers ? h->req->trailers(h->req->source_ctx, lines) : 0;

	assert(n <= HTTPC_TRAILERS);
	for (size_t i = 0; i < n; i++) {
		struct curl_slist *more = curl_slist_append(*list, lines[i]);

		if (!more) {
			h->error = -ENOMEM;
			return CURL_TRAILERFUNC_ABORT;
		}
		*list = more;
	}
	return CURL_TRAILERFUNC_OK;
}

static size_t on_read(char *data, size_t one, size_t cap, void *ctx)
{
	struct httpc_handle *h = handle_of(ctx);
	const struct httpc_req *req = h->req;
	uint64_t left = req->fd_len - h->body_at;
	ssize_t n;

	cap *= one;
	if (req->source)
		return from_source(h, data, cap);
	if (cap > left)
		cap = (size_t)left;
	if (cap == 0)
		return 0;
	n = pread(req->body_fd, data, cap, (off_t)(req->fd_off + h->body_at));
	if (n <= 0) {
		/* the file became shorter than promised: that must not look like a lost connection */
		h->error = n < 0 ? -errno : -EIO;
		return CURL_READFUNC_ABORT;
	}
	h->body_at += (uint64_t)n;
	return (size_t)n;
}

static int on_seek(void *ctx, curl_off_t at, int origin)
{
	struct httpc_handle *h = handle_of(ctx);

	if (origin != SEEK_SET || at < 0 || (!h->req->source && (uint64_t)at > h->req->fd_len))
		return CURL_SEEKFUNC_CANTSEEK;
	h->body_at = (uint64_t)at;
	return CURL_SEEKFUNC_OK;
}

/* What stays the same for the handle's life. Non-zero when libcurl refused something. */
static int set_callbacks(struct httpc_handle *h)
{
	CURL *c = h->curl;
	int bad = 0;

	bad |= (int)curl_easy_setopt(c, CURLOPT_PREREQFUNCTION, on_prereq);
	bad |= (int)curl_easy_setopt(c, CURLOPT_PREREQDATA, h);
	bad |= (int)curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	bad |= (int)curl_easy_setopt(c, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	bad |= (int)curl_easy_setopt(c, CURLOPT_CLOSESOCKETDATA, h);
	bad |= (int)curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	bad |= (int)curl_easy_setopt(c, CURLOPT_HEADERDATA, h);
	bad |= (int)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	bad |= (int)curl_easy_setopt(c, CURLOPT_WRITEDATA, h);
	bad |= (int)curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
	bad |= (int)curl_easy_setopt(c, CURLOPT_READDATA, h);
	bad |= (int)curl_easy_setopt(c, CURLOPT_TRAILERFUNCTION, on_trailers);
	bad |= (int)curl_easy_setopt(c, CURLOPT_TRAILERDATA, h);
	bad |= (int)curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, on_seek);
	bad |= (int)curl_easy_setopt(c, CURLOPT_SEEKDATA, h);
	return bad;
}

static int set_constants(struct httpc_handle *h)
{
	const struct httpc_setup *s = h->setup;
	CURL *c = h->curl;
	int bad = set_callbacks(h);

	bad |= (int)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	bad |= (int)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->text);
	bad |= (int)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	bad |= (int)curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	bad |= (int)curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	/* the servers are ours: a proxy from the environment would only be in the way */
	bad |= (int)curl_easy_setopt(c, CURLOPT_PROXY, "");
	bad |= (int)curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
	bad |= (int)curl_easy_setopt(c, CURLOPT_TCP_NODELAY, 1L);
	bad |= (int)curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, 512L << 10);
	bad |= (int)curl_easy_setopt(c, CURLOPT_MAXAGE_CONN, (long)HTTPC_IDLE_SECONDS);
	bad |= (int)curl_easy_setopt(c, CURLOPT_MAXREDIRS, 5L);
	bad |= (int)curl_easy_setopt(c, CURLOPT_POSTREDIR, (long)CURL_REDIR_POST_ALL);
	/* dist redirects to nodes, which share its token */
	bad |= (int)curl_easy_setopt(c, CURLOPT_UNRESTRICTED_AUTH, 1L);
	bad |= (int)curl_easy_setopt(c, CURLOPT_USERAGENT, s->user_agent);
	bad |= (int)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)s->connect_ms);
	bad |= (int)curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (s->ca_file && *s->ca_file)
		bad |= (int)curl_easy_setopt(c, CURLOPT_CAINFO, s->ca_file);
	return bad;
}

int httpc_handle_open(const struct httpc_setup *setup, struct httpc_handle **out)
{
	struct httpc_handle *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->magic = MAGIC;
	h->setup = setup;
	for (size_t i = 0; i < HTTPC_KEPT; i++)
		h->kept[i].fd = CURL_SOCKET_BAD;
	h->curl = curl_easy_init();
	h->multi = curl_multi_init();
	if (!h->curl || !h->multi || set_constants(h)) {
		httpc_handle_close(&h);
		return -ENOMEM;
	}
	*out = h;
	return 0;
}

void httpc_handle_close(struct httpc_handle **h)
{
	if (!*h)
		return;
	curl_easy_cleanup((*h)->curl); /* NULL is fine */
	if ((*h)->multi)
		(void)curl_multi_cleanup((*h)->multi); /* fails for a bad handle only */
	buf_release(&(*h)->small);
	buf_release(&(*h)->head);
	buf_release(&(*h)->in);
	(*h)->magic = 0;
	free(*h);
	*h = NULL;
}
