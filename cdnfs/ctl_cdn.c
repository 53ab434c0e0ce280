#include "cdnfs/ctl_cdn.h"
#include "cdnfs/ctl_print.h"
#include "common/limits.h"
#include "common/name.h"
#include "common/stamp.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRIES 3

int ctl_target_parse(struct ctl *c, const char *text, struct ctl_target *out)
{
	struct ctl_target t = { 0 };

	if (*text && text[strspn(text, "0123456789")] == '\0') {
		errno = 0;
		t.id = strtoull(text, NULL, 10);
		if (errno || t.id == 0 || t.id > LIMIT_ID)
			return ctl_fail(
				c, -EINVAL, "%s: ids are numbers from 1 to %llu", text, LIMIT_ID);
	}
	t.path = text + strspn(text, "/");
	*out = t;
	return 0;
}

/* BASE/retrieve/ID, as dist redirects to it. */
static int split_location(const char *location, struct buf *base, uint64_t *id)
{
	static const char route[] = "/retrieve/";
	const char *at = strstr(location, route);
	char *end;
	uint64_t value;

	if (!at)
		return -EPROTO;
	value = strtoull(at + sizeof(route) - 1, &end, 10);
	if (value == 0 || value > LIMIT_ID || (*end && *end != '/' && *end != '?'))
		return -EPROTO;
	buf_add(base, location, (size_t)(at - location));
	*id = value;
	return buf_error(base);
}

static int locate_path(struct ctl *c, const char *path, struct buf *base, uint64_t *id)
{
	struct buf url = BUF_INIT;
	struct httpc_req req = { .method = "GET" };
	struct httpc_res res = HTTPC_RES_INIT;
	char location[LIMIT_URI + 64];
	int rc;

	buf_addf(&url, "%s/files/", c->url);
	name_url_path(&url, path, strlen(path));
	req.url = buf_str(&url);
	rc = ctl_request(c, &req, &res);
	if (rc == 0 && res.status < 300)
		rc = ctl_fail(c, -EISDIR, "/%s is a directory", path);
	if (rc == 0 && !httpc_header(&res, "Location", location, sizeof(location)))
		rc = -EPROTO;
	if (rc == 0)
		rc = split_location(location, base, id);
	if (rc == -EPROTO)
		ctl_fail(c, rc, "%s answered %u without saying where /%s is", req.url, res.status,
			path);
	httpc_res_release(&res);
	buf_release(&url);
	return rc;
}

static int locate_id(struct ctl *c, uint64_t id, struct buf *base)
{
	struct buf url = BUF_INIT;
	const char *uri = NULL;
	cJSON *answer = NULL;
	int rc;

	buf_addf(&url, "%s/retrieve/%" PRIu64, c->url, id);
	rc = ctl_json(c, "GET", buf_str(&url), &answer);
	if (rc == 0)
		rc = ctl_text(c, answer, "uri", &uri);
	if (rc == 0) {
		buf_adds(base, uri);
		rc = buf_error(base);
	}
	cJSON_Delete(answer);
	buf_release(&url);
	return rc;
}

int ctl_locate(struct ctl *c, const struct ctl_target *t, struct buf *base, uint64_t *id)
{
	int rc = t->id ? locate_id(c, t->id, base) : locate_path(c, t->path, base, id);

	if (rc == 0 && t->id)
		*id = t->id;
	return rc;
}

int ctl_link(struct ctl *c, const struct ctl_target *t, cJSON **out)
{
	struct buf url = BUF_INIT;
	int rc;

	if (t->id) {
		buf_addf(&url, "%s/retrieve/%" PRIu64, c->url, t->id);
	} else {
		buf_addf(&url, "%s/files/", c->url);
		name_url_path(&url, t->path, strlen(t->path));
	}
	buf_addf(&url, "?ttl=%" PRIu64, c->expires);
	rc = buf_error(&url);
	if (rc == 0)
		rc = ctl_json(c, "GET", buf_str(&url), out);
	buf_release(&url);
	return rc;
}

/* Asks dist; adds the chosen node's URL to uri and its name to `not`, the list of those to pass over. */
static int place(
	struct ctl *c, const struct ctl_upload *u, uint64_t size, struct buf * not, struct buf *uri)
{
	const char *text = NULL, *node = NULL;
	struct buf url = BUF_INIT;
	cJSON *answer = NULL;
	int rc;

	if (u->id)
		buf_addf(&url, "%s/update/%" PRIu64 "?size=%" PRIu64, c->url, u->id, size);
	else
		buf_addf(&url, "%s/store/?size=%" PRIu64, c->url, size);
	if (not ->len)
		buf_addf(&url, "&not=%s", buf_str(not ));
	rc = ctl_json(c, "GET", buf_str(&url), &answer);
	if (rc == 0)
		rc = ctl_text(c, answer, "uri", &text);
	if (rc == 0)
		rc = ctl_text(c, answer, "node", &node);
	if (rc == 0) {
		buf_clear(uri);
		buf_adds(uri, text);
		buf_addf(not, "%s%s", not ->len ? "," : "", node);
		rc = buf_error(uri);
	}
	cJSON_Delete(answer);
	buf_release(&url);
	return rc;
}

static void sent_so_far(void *ctx, uint64_t sent, uint64_t received, uint64_t expected)
{
	struct ctl *c = ctx;

	(void)received; /* the answer is short */
	(void)expected;
	ctl_progress_set(&c->progress, sent, c->progress.total);
}

static void received_so_far(void *ctx, uint64_t sent, uint64_t received, uint64_t expected)
{
	struct ctl *c = ctx;

	(void)sent; /* there is no body */
	ctl_progress_set(&c->progress, received, expected);
}

static int send_bytes(struct ctl *c, const struct ctl_upload *u, const struct ctl_source *src,
	const char *uri, const char *stamp, cJSON **out)
{
	static const char *const headers[] = { "Content-Type: application/octet-stream", NULL };
	struct buf url = BUF_INIT;
	struct httpc_res res = HTTPC_RES_INIT;
	struct httpc_req req = { .method = u->id ? "PUT" : "POST",
		.headers = headers,
		.body_from_fd = true,
		.body_fd = src->fd,
		.fd_len = src->size,
		.moved = sent_so_far,
		.moved_ctx = c };
	int rc;

	buf_adds(&url, uri);
	if (u->id)
		buf_addf(&url, "/%" PRIu64, u->id);
	buf_addf(&url, "?stamp=%s", stamp);
	if (u->filename) {
		buf_adds(&url, "&filename=");
		name_url(&url, u->filename, strlen(u->filename));
	}
	if (u->path) {
		buf_adds(&url, "&path=");
		name_url_path(&url, u->path, strlen(u->path));
	}
	req.url = buf_str(&url);
	rc = buf_error(&url);
	ctl_progress_begin(&c->progress, src->name, src->size);
	if (rc == 0)
		rc = ctl_request(c, &req, &res);
	ctl_progress_end(&c->progress, rc == 0);
	if (rc == 0)
		rc = ctl_parse(c, req.url, &res, out);
	httpc_res_release(&res);
	buf_release(&url);
	return rc;
}

/* The next node may do what this one did not: it is down or full, or cannot reach dist. The stamp is
 * the same on each try, so one that had arrived after all is not stored twice. */
static bool another_may(int rc)
{
	return rc == -ENOSPC || rc == -ECONNREFUSED || rc == -EHOSTUNREACH || rc == -ECONNRESET ||
	       rc == -ETIMEDOUT || rc == -EAGAIN;
}

int ctl_upload(struct ctl *c, const struct ctl_upload *u, const struct ctl_source *src, cJSON **out)
{
	struct buf not = BUF_INIT, uri = BUF_INIT;
	char stamp[STAMP_TEXT], first[sizeof(c->error)] = "";
	int rc = 0;

	stamp_format(stamp_new(), stamp);
	for (int i = 0; i < TRIES; i++) {
		int placed = place(c, u, src->size, &not, &uri);

		if (placed < 0) { /* of several reasons the first is the one to tell */
			if (first[0])
				memcpy(c->error, first, sizeof(first));
			rc = rc < 0 ? rc : placed;
			break;
		}
		if (u->placed)
			u->placed(u->ctx, buf_str(&uri));
		rc = send_bytes(c, u, src, buf_str(&uri), stamp, out);
		if (!another_may(rc) || i + 1 == TRIES)
			break;
		if (!first[0])
			memcpy(first, c->error, sizeof(first));
		c->error[0] = '\0';
	}
	buf_release(&uri);
	buf_release(&not );
	return rc;
}

int ctl_download(struct ctl *c, const char *base, uint64_t id, struct ctl_sink *s, cJSON **headers)
{
	struct buf url = BUF_INIT;
	struct httpc_req req = { .method = "GET",
		.sink = ctl_sink_write,
		.ctx = s,
		.moved = received_so_far,
		.moved_ctx = c,
		.follow = true };
	struct httpc_res res = HTTPC_RES_INIT;
	const char *slash = strrchr(s->path, '/');
	char etag[HASH_TEXT + 2] = "";
	int rc;

	buf_addf(&url, "%s/retrieve/%" PRIu64, base, id);
	req.url = buf_str(&url);
	if (s->fd != STDOUT_FILENO || !isatty(s->fd)) /* where the bytes themselves are shown */
		ctl_progress_begin(&c->progress, slash ? slash + 1 : s->path, 0);
	rc = ctl_request(c, &req, &res);
	ctl_progress_end(&c->progress, rc == 0);
	if (s->error < 0) { /* not the node's fault */
		c->error[0] = '\0';
		rc = ctl_fail(c, s->error, "cannot write %s: %s", s->path, strerror(-s->error));
	}
	if (rc == 0)
		(void)httpc_header(&res, "ETag", etag, sizeof(etag)); /* none: nothing to verify */
	if (rc == 0)
		rc = ctl_sink_commit(c, s, etag);
	else
		ctl_sink_abort(s);
	if (rc == 0 && headers)
		*headers = ctl_headers(&res);
	httpc_res_release(&res);
	buf_release(&url);
	return rc;
}

int ctl_delete(struct ctl *c, const struct ctl_target *t, cJSON **out)
{
	struct buf url = BUF_INIT;
	uint64_t id;
	int rc = 0;

	if (t->id) {
		rc = ctl_locate(c, t, &url, &id);
		buf_addf(&url, "/delete/%" PRIu64, t->id);
	} else {
		buf_addf(&url, "%s/files/", c->url);
		name_url_path(&url, t->path, strlen(t->path));
	}
	if (rc == 0)
		rc = ctl_json(c, "DELETE", buf_str(&url), out);
	buf_release(&url);
	return rc;
}
