#include "common/base.h"
#include "common/clock.h"
#include "common/httpc_priv.h"
#include "common/id.h"
#include "common/limits.h"
#include "common/request_id.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Adds one header line, not copied. -EINVAL: it would break out of its line; -E2BIG: too many. */
static int add_line(struct httpc_handle *h, const char *line)
{
	struct curl_slist *at = &h->lines[h->nlines];

	if (line[strcspn(line, "\r\n")])
		return -EINVAL;
	if (h->nlines == HTTPC_LINES)
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
	return req->body_from_fd && req->fd_len > 0 && req->fd_len <= HTTPC_SMALL_BODY;
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

/* Lines and a small body. */
static int prepare(struct httpc_handle *h)
{
	int rc = make_lines(h);

	return rc == 0 && is_small(h->req) ? read_small(h) : rc;
}

static int prepare_curl(struct httpc_handle *h)
{
	const struct httpc_req *req = h->req;
	CURL *c = h->curl;
	int bad;

	bad = set_method(h);
	bad |= (int)curl_easy_setopt(
		c, CURLOPT_BUFFERSIZE, (long)(req->sink ? HTTPC_LARGE_READ : HTTPC_SMALL_READ));
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
		if (watch->stop && wait > HTTPC_STOP_MS)
			wait = HTTPC_STOP_MS;
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
	if (rc == 0 && code == CURLE_OK)
		httpc_quick_keep(h);
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

static void begin(struct httpc_handle *h, const struct httpc_req *req, struct httpc_res *res)
{
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
}

static int run_curl(
	struct httpc_handle *h, const struct httpc_watch *watch, struct httpc_outcome *outcome)
{
	bool local = true;
	int rc = prepare_curl(h);

	if (rc == 0)
		rc = run(h, watch, &local);
	/* libcurl 7.88 does not forget that it sent trailers, and writes beyond its buffer the next time */
	*outcome = (struct httpc_outcome){ .clean = rc == 0 && !h->req->source,
		.local = rc < 0 && local,
		.fed = h->fed,
		.stale = rc < 0 && !local && is_stale(h, rc) };
	return rc;
}

/* A redirect is left to libcurl: nothing has been done yet. */
static bool is_redirect(const struct httpc_handle *h)
{
	return h->req->follow && h->res->status / 100 == 3 && h->res->status != 304;
}

int httpc_exchange(struct httpc_handle *h, const struct httpc_req *req,
	const struct httpc_watch *watch, struct httpc_res *res, struct httpc_outcome *outcome)
{
	struct httpc_kept *k;
	bool clean = true;
	int rc;

	begin(h, req, res);
	*outcome = (struct httpc_outcome){ .local = true };
	rc = prepare(h);
	k = rc == 0 ? httpc_quick_find(h) : NULL;
	if (k)
		rc = httpc_quick(h, watch, k, outcome);
	if (k && rc == 0 && is_redirect(h)) {
		clean = outcome->clean;
		begin(h, req, res);
		k = NULL;
	}
	if (rc == 0 && !k)
		rc = run_curl(h, watch, outcome);
	outcome->clean = outcome->clean && clean;
	res->sent = rc < 0 && h->sent;
	h->req = NULL;
	h->res = NULL;
	return rc;
}
