#include "node/dist.h"
#include "common/clock.h"
#include "common/httpc.h"
#include "common/json.h"
#include "common/stamp.h"
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASK_MS 3000    /* one question of the background */
#define RECLAIM_MS 500 /* best effort: dist's queue does it too */
#define CONNECT_MS 2000
#define HEALTH_MS 1000

struct dist {
	struct httpc *http;
	char *base, *name;
	int64_t timeout_ms;
	atomic_bool stopping;
};

int dist_open(const struct dist_conf *conf, struct dist **out)
{
	struct httpc_conf http = { .token = conf->token,
		.ca_file = conf->ca_file,
		.connect_ms = CONNECT_MS,
		.user_agent = "cdn-node" };
	struct dist *d = calloc(1, sizeof(*d));
	int rc = -ENOMEM;

	if (!d)
		return rc;
	d->timeout_ms = conf->timeout_ms;
	d->base = strdup(conf->base);
	d->name = strdup(conf->name ? conf->name : "");
	if (!d->base || !d->name)
		goto fail;
	for (size_t n = strlen(d->base); n > 0 && d->base[n - 1] == '/'; n--)
		d->base[n - 1] = 0;
	rc = httpc_open(&http, &d->http);
	if (rc < 0)
		goto fail;
	*out = d;
	return 0;
fail:
	dist_close(&d);
	return rc;
}

void dist_stop(struct dist *d)
{
	atomic_store(&d->stopping, true);
}

void dist_close(struct dist **dp)
{
	struct dist *d = *dp;

	if (!d)
		return;
	httpc_close(&d->http);
	free(d->base);
	free(d->name);
	free(d);
	*dp = NULL;
}

const char *dist_name(const struct dist *d)
{
	return d->name;
}

static bool stopping(void *ctx)
{
	struct dist *d = ctx;

	return atomic_load(&d->stopping);
}

static void copy_text(struct json_reader *r, const char *key, size_t cap, char *out)
{
	const char *text;

	if (json_text(r, key, cap - 1, &text))
		strcpy(out, text);
}

static int read_record(const cJSON *object, struct dist_record *out)
{
	struct dist_record rec = { 0 };
	const cJSON *old = cJSON_GetObjectItemCaseSensitive(object, "previous");
	struct json_reader r;

	json_reader_init(&r, object);
	json_need(&r, json_u64(&r, "id", LIMIT_ID, &rec.id), "id");
	json_u64(&r, "size", LIMIT_FILE_SIZE, &rec.size);
	rec.allocated = rec.size;
	json_u64(&r, "allocated", rec.size, &rec.allocated);
	json_stamp(&r, "stamp", &rec.stamp);
	copy_text(&r, "etag", sizeof(rec.etag), rec.etag);
	copy_text(&r, "content_type", sizeof(rec.type), rec.type);
	copy_text(&r, "node", sizeof(rec.node), rec.node);
	copy_text(&r, "uri", sizeof(rec.uri), rec.uri);
	copy_text(&r, "filename", sizeof(rec.filename), rec.filename);
	json_time(&r, "mtime", &rec.mtime);
	json_time(&r, "ctime", &rec.ctime);
	if (json_failed(&r) < 0)
		return -EBADMSG;
	if (cJSON_IsObject(old)) {
		json_reader_init(&r, old);
		copy_text(&r, "node", sizeof(rec.old_node), rec.old_node);
		copy_text(&r, "uri", sizeof(rec.old_uri), rec.old_uri);
		rec.replaced = json_stamp(&r, "stamp", &rec.old_stamp);
		if (json_failed(&r) < 0)
			return -EBADMSG;
	}
	*out = rec;
	return 0;
}

/* The answer's content, or the only one of its list. */
static int read_answer(const struct buf *body, struct dist_record *out)
{
	cJSON *value = NULL;
	int rc = json_parse(buf_str(body), body->len, &value);

	if (rc < 0)
		return rc;
	if (!cJSON_IsArray(value))
		rc = read_record(value, out);
	else if (cJSON_GetArraySize(value) > 0)
		rc = read_record(cJSON_GetArrayItem(value, 0), out);
	cJSON_Delete(value);
	return rc;
}

static enum dist_outcome judge(int rc, const struct httpc_res *res, struct dist_answer *out)
{
	if (rc < 0) {
		snprintf(out->message, sizeof(out->message), "%s", httpc_why(res, rc));
		return res->sent ? DIST_UNKNOWN : DIST_AWAY;
	}
	out->status = res->status;
	out->again = res->sent;
	if (res->status >= 200 && res->status < 300) {
		if (read_answer(&res->body, &out->record) == 0)
			return DIST_DONE;
		snprintf(out->message, sizeof(out->message),
			"dist sent an answer that is no content");
		return DIST_UNKNOWN;
	}
	httpc_message(res, out->message, sizeof(out->message));
	if (res->status == 503)
		return res->sent ? DIST_UNKNOWN : DIST_AWAY;
	if ((res->status >= 400 && res->status < 500) || res->status == 507)
		return DIST_REFUSED;
	return DIST_UNKNOWN; /* a failure inside, or in a proxy before it */
}

/* Asks until the time is over; body is taken. timeout_ms 0: the configured. */
static enum dist_outcome call(struct dist *d, const char *method, cJSON *body, bool again,
	struct dist_answer *out, const char *path)
{
	static const char *const json[] = { "Content-Type: application/json", NULL };
	struct httpc_res res = HTTPC_RES_INIT;
	struct buf text = BUF_INIT, url = BUF_INIT;
	struct httpc_req req = { .method = method, .timeout_ms = again ? d->timeout_ms : ASK_MS };
	enum dist_outcome outcome;
	int rc;

	*out = (struct dist_answer){ 0 };
	buf_addf(&url, "%s%s", d->base, path);
	if (body) {
		json_print(body, &text);
		req.body = buf_str(&text);
		req.body_len = text.len;
		req.headers = json;
	}
	req.url = buf_str(&url);
	rc = buf_error(&url) < 0 || buf_error(&text) < 0 ? -ENOMEM : 0;
	if (rc == 0)
		rc = again ? httpc_retry(
				     d->http, &req, &res, clock_ms() + d->timeout_ms, stopping, d)
			   : httpc_do(d->http, &req, &res);
	outcome = judge(rc, &res, out);
	httpc_res_release(&res);
	buf_release(&text);
	buf_release(&url);
	return outcome;
}

static cJSON *body_of(struct dist *d, const struct dist_new *n)
{
	cJSON *o = cJSON_CreateObject();
	char base[STAMP_TEXT];

	if (n->name) {
		json_add_lossy(o, "filename", n->name, n->name_len);
		json_add_bytes(o, "name", n->name, n->name_len);
	}
	if (n->path)
		json_add_bytes(o, "path", n->path, n->path_len);
	if (n->uri)
		cJSON_AddStringToObject(o, "uri", n->uri);
	if (d->name[0])
		cJSON_AddStringToObject(o, "node", d->name);
	json_add_u64(o, "size", n->size);
	if (n->allocated < n->size)
		json_add_u64(o, "allocated", n->allocated);
	json_add_stamp(o, "stamp", n->stamp);
	cJSON_AddStringToObject(o, "etag", n->etag);
	cJSON_AddStringToObject(o, "content_type", n->type);
	if (n->has_mtime)
		json_add_time(o, "mtime", n->mtime);
	cJSON_AddBoolToObject(o, "durable", n->durable);
	if (n->has_base) {
		stamp_format(n->base, base);
		cJSON_AddStringToObject(o, "base", base);
	}
	if (n->once)
		cJSON_AddBoolToObject(o, "once", true);
	return o;
}

enum dist_outcome dist_register(struct dist *d, const struct dist_new *n, struct dist_answer *out)
{
	return call(d, "POST", body_of(d, n), true, out, "/content/");
}

static const char *content_path(uint64_t id, char text[48])
{
	snprintf(text, 48, "/content/%" PRIu64, id);
	return text;
}

enum dist_outcome dist_replace(
	struct dist *d, uint64_t id, const struct dist_new *n, struct dist_answer *out)
{
	char path[48];

	return call(d, "PUT", body_of(d, n), true, out, content_path(id, path));
}

enum dist_outcome dist_get(struct dist *d, uint64_t id, struct dist_answer *out)
{
	char path[48];

	return call(d, "GET", NULL, true, out, content_path(id, path));
}

enum dist_outcome dist_by_stamp(struct dist *d, uint64_t stamp, struct dist_answer *out)
{
	char hex[STAMP_TEXT], path[64];

	stamp_format(stamp, hex);
	snprintf(path, sizeof(path), "/content/?stamp=%s", hex);
	return call(d, "GET", NULL, false, out, path);
}

enum dist_outcome dist_delete(struct dist *d, uint64_t id, struct dist_answer *out)
{
	char path[48];
	enum dist_outcome o = call(d, "DELETE", NULL, true, out, content_path(id, path));

	return o == DIST_REFUSED && out->status == 404 && out->again ? DIST_DONE : o;
}

int dist_fetch(struct dist *d, const struct dist_record *rec,
	int (*sink)(void *ctx, const void *data, size_t len), void (*restart)(void *ctx), void *ctx)
{
	char url[LIMIT_URI + 80], hex[STAMP_TEXT];
	struct httpc_req req = {
		.method = "GET", .url = url, .sink = sink, .restart = restart, .ctx = ctx
	};
	struct httpc_res res = HTTPC_RES_INIT;
	int rc;

	stamp_format(rec->stamp, hex);
	(void)snprintf(
		url, sizeof(url), "%s/retrieve/%" PRIu64 "?stamp=%s", rec->uri, rec->id, hex);
	rc = httpc_retry(d->http, &req, &res, clock_ms() + d->timeout_ms, stopping, d);
	if (rc == 0 && res.status != 200)
		rc = res.status == 404 ? -ENOENT : -EHOSTUNREACH;
	httpc_res_release(&res);
	return rc;
}

int dist_reclaim(struct dist *d, const char *base, uint64_t id, uint64_t stamp)
{
	struct httpc_res res = HTTPC_RES_INIT;
	struct httpc_req req = { .method = "POST", .timeout_ms = RECLAIM_MS };
	char hex[STAMP_TEXT], body[96], url[LIMIT_URI + 16];
	int rc;

	stamp_format(stamp, hex);
	snprintf(url, sizeof(url), "%s/reclaim/", base);
	req.body_len =
		(size_t)snprintf(body, sizeof(body), "{\"blobs\":[\"%" PRIu64 ".0.%s\"]}", id, hex);
	req.body = body;
	req.url = url;
	rc = httpc_do(d->http, &req, &res);
	if (rc == 0 && res.status != 200)
		rc = -EPROTO;
	httpc_res_release(&res);
	return rc;
}

int dist_health(struct dist *d, char *why, size_t cap)
{
	struct httpc_res res = HTTPC_RES_INIT;
	struct httpc_req req = { .method = "GET", .timeout_ms = HEALTH_MS };
	char url[LIMIT_URI + 16], text[256] = "";
	int rc;

	snprintf(url, sizeof(url), "%s/health", d->base);
	req.url = url;
	rc = httpc_do(d->http, &req, &res);
	if (rc < 0) {
		(void)snprintf(why, cap, "dist cannot be reached: %s", httpc_why(&res, rc));
	} else if (res.status != 200) {
		rc = -EHOSTDOWN;
		httpc_message(&res, text, sizeof(text));
		(void)snprintf(why, cap, "dist answers %u: %s", res.status, text);
	}
	httpc_res_release(&res);
	return rc;
}
