#include "dist/answer.h"

#include "common/http.h"
#include "common/log.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define RETRY_SECONDS "1"

/* Errors that are one status and sentence wherever they come up. */
static const struct {
	int err;
	unsigned status;
	const char *sentence;
} reasons[] = {
	{ -ENOENT, 404, "does not exist" },
	{ -ENOTDIR, 404, "is not there: a part of its path is no directory" },
	{ -ELOOP, 404, "cannot be reached: too many symbolic links" },
	{ -EISDIR, 409, "is a directory" },
	{ -EEXIST, 409, "exists already" },
	{ -ENOTEMPTY, 409, "is not empty" },
	{ -EBUSY, 409, "is in use" },
	{ -ESTALE, 409, "was changed by a later request" },
	{ -EMLINK, 409, "has too many names" },
	{ -EPERM, 409, "cannot be changed so" },
	{ -EINVAL, 400, "has a name that is not allowed" },
	{ -ENAMETOOLONG, 400, "has a name that is too long" },
};

void answer_error(struct httpd_req *req, int rc, const char *what)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
		if (reasons[i].err == rc) {
			httpd_reply_error(
				req, reasons[i].status, "%s %s", what, reasons[i].sentence);
			return;
		}
	}
	if (rc == -EHOSTDOWN) {
		log_warn("the database does not answer", "error=\"%s\"", meta_error());
		httpd_set_header(req, "Retry-After", RETRY_SECONDS);
		httpd_reply_error(
			req, 503, "the database does not answer; nothing was done for %s", what);
		return;
	}
	log_error("a request failed", "what=\"%s\" error=\"%s\" reason=\"%s\"", what, strerror(-rc),
		meta_error());
	httpd_reply_error(req, http_status_of(rc), "%s: %s", what, strerror(-rc));
}

void answer_no_node(struct httpd_req *req, int rc)
{
	if (rc == -ENOSPC) {
		httpd_reply_error(req, 507, "no node has room for it");
		return;
	}
	httpd_set_header(req, "Retry-After", RETRY_SECONDS);
	httpd_reply_error(req, 503, "no node that could take it is up");
}

void answer_message(struct httpd_req *req, unsigned status, const char *fmt, ...)
{
	cJSON *root = cJSON_CreateObject();
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)cJSON_AddStringToObject(
		root, "message", text); /* NULL: httpd_reply_json answers 500 */
	httpd_reply_json(req, status, root);
}

void answer_json(struct httpd_req *req, unsigned status, struct buf *body)
{
	if (buf_error(body) < 0) {
		buf_release(body);
		httpd_reply_error(req, 500, "out of memory");
		return;
	}
	httpd_reply_buf(req, status, "application/json", body);
}

void answer_redirect(struct httpd_req *req, const char *base, const char *path)
{
	struct buf url = BUF_INIT;

	buf_adds(&url, base);
	buf_adds(&url, path);
	if (buf_error(&url) < 0) {
		httpd_reply_error(req, 500, "out of memory");
	} else {
		httpd_set_header(req, "Location", buf_str(&url));
		answer_message(req, 307, "see the header Location");
	}
	buf_release(&url);
}

void answer_when(struct httpd_req *req, bool slow, void (*fn)(struct httpd_req *req))
{
	const struct dist *d = httpd_server(req);

	if (slow && !d->waits)
		httpd_defer(req, fn);
	else
		fn(req);
}

static void hold(void *req)
{
	httpd_hold(req);
}

static void release(void *req)
{
	httpd_release(req);
}

void answer_known(struct httpd_req *req, bool repeated)
{
	const struct dist *d = httpd_server(req);
	uint64_t number = feed_published();

	if (!number && repeated)
		number = feed_last(d->feed);
	if (number) /* false: everybody knows */
		(void)feed_wait(d->feed, number, httpd_origin(req), hold, release, req);
}

const char *answer_base(const struct dist *d, const char *node, const char *uri)
{
	const struct conf_node *known = node[0] ? nodes_find(d->nodes, node) : NULL;

	if (known)
		return known->uri;
	return uri[0] ? uri : NULL;
}

int answer_holder(
	struct dist *d, const char *node, const char *uri, uint64_t size, const char **base)
{
	const char *known = answer_base(d, node, uri);
	const struct conf_node *any;

	if (!known && size)
		return -ENODATA;
	if (!known) {
		any = nodes_any(d->nodes);
		if (!any)
			return -EHOSTDOWN;
		known = any->uri;
	}
	*base = known;
	return 0;
}
