#include "common/base.h"
#include "common/clock.h"
#include "common/httpc_priv.h"
#include "common/id.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/origin.h"
#include "common/request_id.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	MAGIC = 0x68747063,
	HEADERS = 32,	     /* lines of one request, ours included */
	IDLE_SECONDS = 25,   /* a connection idle for longer is not used: servers drop it at 30 */
	SMALL_READ = 32768,  /* bytes at a time of an answer that is kept: allocated anew */
	LARGE_READ = 262144, /* of one that goes to a sink */
	SMALL_BODY = 65535,  /* libcurl sends a body of this size in one piece with its headers */
	STOP_MS = 50	     /* how often stop() is asked while nothing arrives */
};

struct httpc_handle {
	unsigned magic;
	struct httpc_handle *next; /* the pool's */
	const struct httpc_setup *setup;
	CURL *curl;
	CURLM *multi;

	/* one exchange */
	const struct httpc_req *req;
	struct httpc_res *res;
	struct curl_slist lines[HEADERS];
	size_t nlines;
	char request_id[LOG_REQUEST_ID + 16];
	char origin[ORIGIN_TEXT + 16];
	struct buf small;  /* the fd's body when it is small */
	uint64_t body_at;  /* bytes of the fd's body handed to libcurl */
	uint64_t received; /* bytes, headers included */
	bool sent; /* written to some connection, and not answered there (a redirect is an answer) */
	bool fed;
	char text[CURL_ERROR_SIZE]; /* libcurl's words about a failure */
	int error;		    /* why a callback ended the exchange; 0 while all is well */
};

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

static size_t on_body(char *data, size_t one, size_t len, void *ctx)
{
	struct httpc_handle *h = handle_of(ctx);
	const struct httpc_req *req = h->req;
	size_t max = req->body_max ? req->body_max : LIMIT_JSON_REPLY;

	(void)one;
	h->received += len;
	if (req->sink && h->res->status / 100 == 2) {
		h->fed = true;
		h->error = req->sink(req->ctx, data, len);
	} else if (len > max - h->res->body.len) {
		h->error = -EMSGSIZE;
	} else {
		buf_add(&h->res->body, data, len);
		h->error = buf_error(&h->res->body);
	}
	if (h->error < 0)
		return 0;
	h->error = 0;
	return len;
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
	bad |= (int)curl_easy_setopt(c, CURLOPT_MAXAGE_CONN, (long)IDLE_SECONDS);
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
	(*h)->magic = 0;
	free(*h);
	*h = NULL;
}

struct httpc_handle **httpc_handle_next(struct httpc_handle *h)
{
	return &h->next;
}

/* Adds one header line, not copied. -EINVAL: it would break out of its line; -E2BIG: too many. */
static int add_line(struct httpc_handle *h, const char *line)
{
	struct curl_slist *at = &h->lines[h->nlines];

	if (line[strcspn(line, "\r\n")])
		return -EINVAL;
	if (h->nlines == HEADERS)
		return -E2BIG;
	/* libcurl only reads the list; char * is its old style */
	*at = (struct curl_slist){ .data = (char *)(uintptr_t)line };
	if (h->nlines++)
		at[-1].next = at;
	return 0;
}

static bool is_header(const char *line, const char *name)
{
	size_t n = strlen(name);

	return strncasecmp(line, name, n) == 0 && line[n] == ':';
}

static int make_lines(struct httpc_handle *h)
{
	bool typed = false;
	int rc;

	h->nlines = 0;
	rc = add_line(h, "Expect:"); /* no waiting for 100 Continue */
	for (size_t i = 0; rc == 0 && h->req->headers && h->req->headers[i]; i++) {
		rc = add_line(h, h->req->headers[i]);
		typed = typed || is_header(h->req->headers[i], "Content-Type");
	}
	if (rc == 0 && !typed)
		rc = add_line(h, "Content-Type:"); /* libcurl would call it a form */
	if (rc == 0 && h->setup->authorization)
		rc = add_line(h, h->setup->authorization);
	if (rc == 0 && id_ok(log_request_get(), strlen(log_request_get()), LIMIT_REQUEST_ID)) {
		(void)snprintf(h->request_id, sizeof(h->request_id), "X-Request-Id: %s",
			log_request_get());
		rc = add_line(h, h->request_id);
	}
	if (rc == 0 && origin_get()[0]) {
		(void)snprintf(h->origin, sizeof(h->origin), "X-Session: %s", origin_get());
		rc = add_line(h, h->origin);
	}
	return rc;
}

static bool is_small(const struct httpc_req *req)
{
	return req->body_from_fd && req->fd_len > 0 && req->fd_len <= SMALL_BODY;
}

/* One packet instead of two, and one wake-up of the server. */
static int read_small(struct httpc_handle *h)
{
	const struct httpc_req *req = h->req;

	buf_clear(&h->small);
	if (buf_reserve(&h->small, (size_t)req->fd_len) < 0)
		return -ENOMEM;
	while (h->small.len < req->fd_len) {
		ssize_t n = pread(req->body_fd, h->small.data + h->small.len,
			(size_t)req->fd_len - h->small.len, (off_t)(req->fd_off + h->small.len));

		if (n <= 0)
			return n < 0 ? -errno : -EIO; /* shorter than promised */
		h->small.len += (size_t)n;
	}
	return 0;
}

/* Method and body. libcurl's own notion of a method decides how redirects change it, so a custom
 * one is set only where it has none. */
static int set_method(struct httpc_handle *h)
{
	const struct httpc_req *req = h->req;
	bool post = strcmp(req->method, "POST") == 0, put = strcmp(req->method, "PUT") == 0;
	bool small = is_small(req);
	const void *body = small ? h->small.data : req->body;
	const char *custom = NULL;
	CURL *c = h->curl;
	int bad;

	/* forgets upload, post and no-body of the request before */
	bad = (int)curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
	if ((req->body_from_fd && !small) || req->source) {
		bad |= (int)curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
		bad |= (int)curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE,
			req->source ? (curl_off_t)-1 : (curl_off_t)req->fd_len);
		custom = put ? NULL : req->method;
	} else if (body || post || put) {
		size_t len = small ? h->small.len : req->body_len;

		bad |= (int)curl_easy_setopt(c, CURLOPT_POST, 1L);
		bad |= (int)curl_easy_setopt(
			c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(body ? len : 0));
		bad |= (int)curl_easy_setopt(c, CURLOPT_POSTFIELDS, body ? body : "");
		custom = post ? NULL : req->method;
	} else if (strcmp(req->method, "HEAD") == 0) {
		bad |= (int)curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	} else if (strcmp(req->method, "GET") != 0) {
		custom = req->method;
	}
	bad |= (int)curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, custom);
	return bad;
}

static int prepare(struct httpc_handle *h)
{
	const struct httpc_req *req = h->req;
	CURL *c = h->curl;
	int rc, bad;

	rc = make_lines(h);
	if (rc == 0 && is_small(req))
		rc = read_small(h);
	if (rc < 0)
		return rc;
	bad = set_method(h);
	bad |= (int)curl_easy_setopt(
		c, CURLOPT_BUFFERSIZE, (long)(req->sink ? LARGE_READ : SMALL_READ));
	bad |= (int)curl_easy_setopt(c, CURLOPT_URL, req->url);
	bad |= (int)curl_easy_setopt(c, CURLOPT_HTTPHEADER, h->lines);
	bad |= (int)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)req->timeout_ms);
	bad |= (int)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, req->follow ? 1L : 0L);
	return bad ? -ENOMEM : 0;
}

/* Bytes that moved, either way. */
static uint64_t moved(const struct httpc_handle *h)
{
	curl_off_t up = 0;

	(void)curl_easy_getinfo(h->curl, CURLINFO_SIZE_UPLOAD_T, &up); /* stays 0 when refused */
	return h->received + (uint64_t)up;
}

static uint64_t figure(CURL *curl, CURLINFO info)
{
	curl_off_t value = 0;

	(void)curl_easy_getinfo(curl, info, &value); /* stays 0 when refused */
	return value > 0 ? (uint64_t)value : 0;
}

static void tell(const struct httpc_handle *h)
{
	const struct httpc_req *req = h->req;

	if (req->moved)
		req->moved(req->moved_ctx, figure(h->curl, CURLINFO_SIZE_UPLOAD_T),
			figure(h->curl, CURLINFO_SIZE_DOWNLOAD_T),
			figure(h->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T));
}

/* Turns the wheel until the exchange ended or the watch ends it (h->error). */
static int drive(struct httpc_handle *h, const struct httpc_watch *watch)
{
	int64_t last = clock_ms(), now, wait, stall;
	uint64_t seen = 0, bytes;
	int running = 1;

	for (;;) {
		if (curl_multi_perform(h->multi, &running) != CURLM_OK)
			return -ENOMEM;
		tell(h);
		if (!running)
			return 0;
		now = clock_ms();
		bytes = moved(h);
		if (bytes != seen) {
			seen = bytes;
			last = now;
		}
		stall = h->req->source ? h->req->stall_ms : watch->stall_ms;
		if (now - last >= stall)
			return -ETIMEDOUT;
		if (watch->stop && watch->stop(watch->stop_ctx))
			return -EINTR;
		wait = last + stall - now;
		if (wait > 1000)
			wait = 1000;
		if (watch->stop && wait > STOP_MS)
			wait = STOP_MS;
		if (curl_multi_poll(h->multi, NULL, 0, (int)wait, NULL) != CURLM_OK)
			return -ENOMEM;
	}
}

static int connect_errno(CURL *curl)
{
	long err = 0;

	if (curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &err) != CURLE_OK)
		return -ECONNREFUSED;
	if (err == ETIMEDOUT)
		return -ETIMEDOUT;
	return err == EHOSTUNREACH || err == ENETUNREACH ? -EHOSTUNREACH : -ECONNREFUSED;
}

static int errno_of(CURLcode code, const char *text)
{
	static const struct {
		CURLcode code;
		int err;
	} table[] = {
		{ CURLE_OK, 0 },
		{ CURLE_COULDNT_RESOLVE_HOST, -EHOSTUNREACH },
		{ CURLE_COULDNT_RESOLVE_PROXY, -EHOSTUNREACH },
		{ CURLE_OPERATION_TIMEDOUT, -ETIMEDOUT },
		{ CURLE_GOT_NOTHING, -ECONNRESET },
		{ CURLE_SEND_ERROR, -ECONNRESET },
		{ CURLE_RECV_ERROR, -ECONNRESET },
		{ CURLE_PARTIAL_FILE, -ECONNRESET },
		{ CURLE_OUT_OF_MEMORY, -ENOMEM },
		{ CURLE_URL_MALFORMAT, -EINVAL },
		{ CURLE_TOO_MANY_REDIRECTS, -ELOOP },
#if LIBCURL_VERSION_NUM >= 0x080600
		{ CURLE_TOO_LARGE, -EMSGSIZE }, /* libcurl's own limit of headers */
#endif
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		if (table[i].code == code)
			return table[i].err;
	}
	return httpc_tls_errno((int)code, text);
}

/* The transfer's result; CURLE_OK cannot be missing once nothing runs. */
static CURLcode result_of(CURLM *multi)
{
	CURLcode code = CURLE_RECV_ERROR;
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(multi, &left))) {
		if (msg->msg == CURLMSG_DONE)
			code = msg->data.result;
	}
	return code;
}

/* libcurl repeats by itself what a kept connection lost, but not when the body was half sent, and
 * only five times in a handle's life. */
static bool is_stale(const struct httpc_handle *h, int rc)
{
	long connects = 1;

	return rc == -ECONNRESET && h->received == 0 &&
	       curl_easy_getinfo(h->curl, CURLINFO_NUM_CONNECTS, &connects) == CURLE_OK &&
	       connects == 0;
}

static int run(struct httpc_handle *h, const struct httpc_watch *watch, bool *local)
{
	CURLcode code = CURLE_OK;
	int rc;

	if (curl_multi_add_handle(h->multi, h->curl) != CURLM_OK)
		return -ENOMEM;
	rc = drive(h, watch);
	if (rc == 0)
		code = result_of(h->multi);
	/* fails for a bad handle only */
	(void)curl_multi_remove_handle(h->multi, h->curl);
	*local = h->error || rc == -EINTR || rc == -ENOMEM;
	if (h->error)
		return h->error;
	if (rc < 0)
		return rc;
	httpc_tls_explain((int)code, h->text, h->req->url, &h->res->why);
	rc = code == CURLE_COULDNT_CONNECT ? connect_errno(h->curl) : errno_of(code, h->text);
	return rc == 0 && h->res->status == 0 ? -EPROTO : rc;
}

int httpc_exchange(struct httpc_handle *h, const struct httpc_req *req,
	const struct httpc_watch *watch, struct httpc_res *res, struct httpc_outcome *outcome)
{
	bool local = true;
	int rc;

	res->status = 0;
	res->sent = false;
	buf_clear(&res->body);
	buf_clear(&res->headers);
	buf_clear(&res->why);
	h->text[0] = '\0';
	h->req = req;
	h->res = res;
	h->body_at = h->received = 0;
	h->sent = h->fed = false;
	h->error = 0;
	rc = prepare(h);
	if (rc == 0)
		rc = run(h, watch, &local);
	res->sent = rc < 0 && h->sent;
	/* libcurl 7.88 does not forget that it sent trailers, and writes beyond its buffer the next time */
	*outcome = (struct httpc_outcome){ .clean = rc == 0 && !req->source,
		.local = rc < 0 && local,
		.fed = h->fed,
		.stale = rc < 0 && !local && is_stale(h, rc) };
	h->req = NULL;
	h->res = NULL;
	return rc;
}
