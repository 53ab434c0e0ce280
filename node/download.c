#include "node/download.h"
#include "common/buf.h"
#include "common/hash.h"
#include "common/http.h"
#include "common/log.h"
#include "common/stamp.h"
#include "node/dist.h"
#include "node/node.h"
#include "node/store.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NS 1000000000LL

static void set_headers(struct httpd_req *req, const struct blob_meta *m, const char *etag)
{
	struct buf disposition = BUF_INIT;
	char date[HTTP_DATE], id[24];
	int n = snprintf(id, sizeof(id), "%" PRIu64, httpd_id(req));

	http_disposition(
		&disposition, m->name_len ? m->name : id, m->name_len ? m->name_len : (size_t)n);
	http_date_format((time_t)(m->mtime / NS), date);
	httpd_set_header(req, "ETag", etag);
	httpd_set_header(req, "Last-Modified", date);
	httpd_set_header(req, "Accept-Ranges", "bytes");
	/* asked for each time, so that a link that expired, or was replaced, is served by nobody */
	httpd_set_header(
		req, "Cache-Control", httpd_protected(req) ? "private, no-cache" : "no-cache");
	if (buf_error(&disposition) == 0)
		httpd_set_header(req, "Content-Disposition", buf_str(&disposition));
	buf_release(&disposition);
}

static unsigned evaluate(struct httpd_req *req, const struct blob_meta *m, const char *etag,
	uint64_t *first, uint64_t *last)
{
	const struct http_conditions c = { .if_match = httpd_header(req, "If-Match"),
		.if_none_match = httpd_header(req, "If-None-Match"),
		.if_modified_since = httpd_header(req, "If-Modified-Since"),
		.if_unmodified_since = httpd_header(req, "If-Unmodified-Since"),
		.if_range = httpd_header(req, "If-Range"),
		.range = httpd_header(req, "Range"),
		.read = true };
	const struct http_validator v = {
		.etag = etag, .modified = (time_t)(m->mtime / NS), .size = m->size
	};

	return http_evaluate(&c, &v, first, last);
}

/* Answers with a representation; fd -1: an empty one. Takes fd. */
static void answer(struct httpd_req *req, int fd, const struct blob_meta *m)
{
	char etag[HASH_TEXT + 2], range[96];
	uint64_t first = 0, last = 0;
	unsigned status;

	snprintf(etag, sizeof(etag), "\"%s\"", m->etag);
	status = evaluate(req, m, etag, &first, &last);
	set_headers(req, m, etag);
	if (status == 206) {
		snprintf(range, sizeof(range), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, first,
			last, m->size);
		httpd_set_header(req, "Content-Range", range);
	} else if (status == 416) {
		snprintf(range, sizeof(range), "bytes */%" PRIu64, m->size);
		httpd_set_header(req, "Content-Range", range);
	}
	if ((status == 200 || status == 206) && fd >= 0) {
		httpd_set_header(req, "Content-Type", m->type);
		httpd_reply_file(
			req, status, fd, first, status == 206 ? last - first + 1 : m->size);
		return;
	}
	if (fd >= 0)
		close(fd);
	if (status == 200)
		httpd_reply(req, 200, m->type, NULL, 0);
	else if (status == 304)
		httpd_reply(req, 304, NULL, NULL, 0);
	else if (status == 416)
		httpd_reply_error(
			req, 416, "Range: nothing of it lies within %" PRIu64 " bytes", m->size);
	else
		httpd_reply_error(req, status,
			"the content is not in the state that If-Match or "
			"If-Unmodified-Since asks for");
}

/* False when the bytes are not here, or it is not known that they are the current ones. */
static bool answer_local(struct httpd_req *req, uint64_t stamp)
{
	struct node *n = httpd_server(req);
	struct blob_read b;
	int rc = store_read(n->store, httpd_id(req), stamp, &b);

	if (rc == -ENOENT && !stamp) /* replaced between the index and the file: once more */
		rc = store_read(n->store, httpd_id(req), stamp, &b);
	if (rc == -ENOENT || rc == -EAGAIN)
		return false;
	if (rc == 0) {
		answer(req, b.fd, &b.meta);
		return true;
	}
	log_error("cannot read a blob", "id=%" PRIu64 " stamp=%016" PRIx64 " error=\"%s\"",
		httpd_id(req), stamp, strerror(-rc));
	httpd_reply_error(req, 500, "the node cannot read content %" PRIu64 ": %s", httpd_id(req),
		rc == -EIO ? "its bytes are damaged" : strerror(-rc));
	return true;
}

static void answer_empty(struct httpd_req *req, const struct dist_record *rec)
{
	struct blob_meta m = { .mtime = rec->mtime };
	size_t len = strlen(rec->filename);

	hash_bytes("", 0, m.etag);
	strcpy(m.type, http_type_ok(rec->type) ? rec->type : "application/octet-stream");
	if (len <= LIMIT_NAME) {
		memcpy(m.name, rec->filename, len);
		m.name_len = len;
	}
	answer(req, -1, &m);
}

/* Whether the holder that dist names is this node. */
static bool is_here(const struct httpd_req *req, const struct dist_record *rec)
{
	struct node *n = httpd_server(req);
	const char *host = httpd_header(req, "Host");
	char self[LIMIT_URI + 1];

	if (dist_name(n->dist)[0])
		return strcmp(dist_name(n->dist), rec->node) == 0;
	snprintf(self, sizeof(self), "%s://%s", n->scheme, host ? host : "");
	return strcmp(self, rec->uri) == 0;
}

/* To base/retrieve/{id}: by a link, a link until the same second; else with the stamp, if one was asked for. */
static int add_location(
	const struct httpd_req *req, struct buf *out, const char *base, uint64_t stamp)
{
	char path[48], hex[STAMP_TEXT];

	snprintf(path, sizeof(path), "/retrieve/%" PRIu64, httpd_id(req));
	buf_adds(out, base);
	if (httpd_link(req))
		return httpd_link_add(req, out, path, httpd_link(req));
	buf_adds(out, path);
	if (stamp) {
		stamp_format(stamp, hex);
		buf_addf(out, "?stamp=%s", hex);
	}
	return buf_error(out);
}

static void redirect(struct httpd_req *req, const struct dist_record *rec, uint64_t stamp)
{
	struct buf location = BUF_INIT;
	int rc = add_location(req, &location, rec->uri, stamp);

	if (rc < 0) {
		httpd_reply_error(req, 500, "the redirect could not be made: %s", strerror(-rc));
	} else {
		httpd_set_header(req, "Location", buf_str(&location));
		if (httpd_link(req))
			httpd_set_header(req, "Cache-Control", "no-store");
		httpd_reply_error(
			req, 307, "content %" PRIu64 " is at %s", httpd_id(req), rec->uri);
	}
	buf_release(&location);
}

/* Bytes of which dist says that this node has them. */
static void answer_as_told(struct httpd_req *req, const struct dist_record *rec, uint64_t stamp)
{
	struct node *n = httpd_server(req);
	uint64_t want = stamp ? stamp : rec->stamp;
	struct blob_read b;
	int rc = store_read_pending(n->store, httpd_id(req), want, &b);

	if (rc == 0) {
		answer(req, b.fd, &b.meta);
		return;
	}
	if (want == rec->stamp)
		log_error("dist says that this node holds a content that it does not hold",
			"id=%" PRIu64 " stamp=%016" PRIx64, httpd_id(req), want);
	httpd_reply_error(req, 404, "this node does not hold %s of content %" PRIu64,
		stamp ? "that version" : "the bytes", httpd_id(req));
}

static void ask_dist(struct httpd_req *req)
{
	struct node *n = httpd_server(req);
	const char *text = httpd_query(req, "stamp");
	struct dist_answer a;
	uint64_t stamp = 0;

	if (text)
		(void)stamp_parse(text, &stamp); /* download_handle has checked it */
	switch (dist_get(n->dist, httpd_id(req), &a)) {
	case DIST_DONE:
		break;
	case DIST_REFUSED:
		httpd_reply_error(req, a.status, "%s", a.message);
		return;
	default:
		httpd_reply_error(req, 503,
			"content %" PRIu64 " is not here, and dist cannot be asked where it is: %s",
			httpd_id(req), a.message);
		return;
	}
	if (a.record.stamp == 0 && a.record.size == 0 && !stamp)
		answer_empty(req, &a.record);
	else if (a.record.stamp && is_here(req, &a.record))
		answer_as_told(req, &a.record, stamp);
	else if (a.record.uri[0] && !is_here(req, &a.record))
		redirect(req, &a.record, stamp);
	else
		httpd_reply_error(
			req, 404, "no node holds the bytes of content %" PRIu64, httpd_id(req));
}

void download_handle(struct httpd_req *req)
{
	const char *text = httpd_query(req, "stamp");
	uint64_t stamp = 0;

	if (text && stamp_parse(text, &stamp) < 0) {
		httpd_reply_error(req, 400, "stamp: must be 16 hex digits, and not 0");
		return;
	}
	if (text && httpd_link(req)) {
		httpd_reply_error(
			req, 403, "the link leads to the current version; stamp needs the token");
		return;
	}
	if (!answer_local(req, stamp))
		httpd_defer(req, ask_dist);
}
