#include "common/httpd_priv.h"
#include "common/json.h"
#include "common/name.h"
#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TLS_BLOCK (64U << 10) /* four records of the largest size */

/* A reply is only kept here; the event thread hands it to libmicrohttpd. */
static void keep(struct httpd_req *req, unsigned status, const char *type, uint64_t len,
	struct MHD_Response *r)
{
	const struct buf *h = &req->headers;

	assert(!req->replied);
	req->replied = true;
	req->status = status;
	req->response = r;
	req->length_out = len;
	if (!r)
		return; /* the connection will be closed */
	/* A header that libmicrohttpd refuses (a line break in it) is better left out than sent. */
	for (const char *s = h->data, *end = s + h->len; s && s < end;) {
		const char *value = s + strlen(s) + 1;

		(void)MHD_add_response_header(r, s, value);
		s = value + strlen(value) + 1;
	}
	if (type)
		(void)MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	(void)MHD_add_response_header(r, "X-Request-Id", req->request_id);
}

void httpd_set_header(struct httpd_req *req, const char *name, const char *value)
{
	assert(!req->replied);
	buf_add(&req->headers, name, strlen(name) + 1);
	buf_add(&req->headers, value, strlen(value) + 1);
}

void httpd_reply(
	struct httpd_req *req, unsigned status, const char *type, const void *data, size_t len)
{
	static char nothing[1];
	enum MHD_ResponseMemoryMode mode = len ? MHD_RESPMEM_MUST_COPY : MHD_RESPMEM_PERSISTENT;

	/* the copy is made before this returns, so nobody writes through the lost const */
	keep(req, status, type, len,
		MHD_create_response_from_buffer(
			len, len ? (void *)(uintptr_t)data : nothing, mode));
}

void httpd_reply_buf(struct httpd_req *req, unsigned status, const char *type, struct buf *body)
{
	struct MHD_Response *r;
	size_t len = 0;
	char *data;

	if (body->len == 0 && buf_error(body) == 0) {
		buf_release(body);
		httpd_reply(req, status, type, NULL, 0);
		return;
	}
	data = buf_detach(body, &len);
	if (!data) {
		keep(req, 503, NULL, 0, NULL);
		return;
	}
	r = MHD_create_response_from_buffer(len, data, MHD_RESPMEM_MUST_FREE);
	if (!r)
		free(data);
	keep(req, status, type, len, r);
}

void httpd_reply_json(struct httpd_req *req, unsigned status, cJSON *value)
{
	struct buf text = BUF_INIT;

	json_print(value, &text);
	httpd_reply_buf(req, status, "application/json", &text);
}

/* text inside a JSON string: UTF-8 already, control bytes become spaces. */
static void add_quoted(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			buf_add(out, "\\", 1);
		buf_add(out, c < 0x20 || c == 0x7f ? " " : &text[i], 1);
	}
}

void httpd_reply_error(struct httpd_req *req, unsigned status, const char *fmt, ...)
{
	char raw[1024];
	struct buf text = BUF_INIT, json = BUF_INIT;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(raw, sizeof(raw), fmt, args);
	va_end(args);
	if (n < 0)
		n = 0;
	utf8_lossy(&text, raw, strnlen(raw, (size_t)n));
	buf_adds(&json, "{\"message\":\"");
	add_quoted(&json, buf_str(&text), text.len);
	buf_adds(&json, "\"}");
	buf_release(&text);
	httpd_reply_buf(req, status, "application/json", &json);
}

/* What is left of a file's answer over TLS. */
struct piece {
	int fd;
	uint64_t off;
};

static ssize_t piece_read(void *cls, uint64_t pos, char *out, size_t max)
{
	const struct piece *p = cls;
	ssize_t n = pread(p->fd, out, max, (off_t)(p->off + pos));

	return n > 0 ? n : MHD_CONTENT_READER_END_WITH_ERROR; /* it is shorter than it was */
}

static void piece_free(void *cls)
{
	struct piece *p = cls;

	close(p->fd);
	free(p);
}

/* There is no sendfile through TLS, and libmicrohttpd by itself reads and encrypts 4 KiB at a time, a quarter
 * as fast as whole records. Takes fd unless NULL is returned. */
static struct MHD_Response *reply_over_tls(int fd, uint64_t off, uint64_t len)
{
	struct piece *p = malloc(sizeof(*p));
	struct MHD_Response *r;

	if (!p)
		return NULL;
	*p = (struct piece){ .fd = fd, .off = off };
	r = MHD_create_response_from_callback(len, TLS_BLOCK, piece_read, p, piece_free);
	if (!r)
		free(p);
	return r;
}

void httpd_reply_file(struct httpd_req *req, unsigned status, int fd, uint64_t off, uint64_t len)
{
	struct MHD_Response *r;

	if (len == 0) {
		close(fd);
		httpd_reply(req, status, NULL, NULL, 0);
		return;
	}
	r = req->server->tls.cert
		    ? reply_over_tls(fd, off, len)
		    : MHD_create_response_from_fd_at_offset64(len, fd, off); /* takes fd */
	if (!r)
		close(fd);
	keep(req, status, NULL, len, r);
}

bool httpd_replied(const struct httpd_req *req)
{
	return req->replied;
}

void httpd_defer(struct httpd_req *req, void (*fn)(struct httpd_req *req))
{
	assert(!req->replied && !req->job);
	req->job = fn;
}
