#include "cdnfs/api.h"

#include "common/http.h"
#include "common/json.h"
#include "common/metrics.h"
#include "common/name.h"
#include "common/stamp.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct api {
	struct link *link;
	_Atomic uint64_t fetched, stored; /* bytes */
};

int api_open(const struct link_conf *conf, struct api **out)
{
	struct api *a = calloc(1, sizeof(*a));
	int rc = -ENOMEM;

	if (!a)
		return rc;
	rc = link_open(conf, &a->link);
	if (rc < 0) {
		api_close(&a);
		return rc;
	}
	*out = a;
	return 0;
}

void api_close(struct api **a)
{
	if (!*a)
		return;
	link_close(&(*a)->link);
	free(*a);
	*a = NULL;
}

struct link *api_link(struct api *a)
{
	return a->link;
}

/* One operation, and the attributes of other inodes behind it. */
struct call {
	bool change;
	uint64_t others[API_MOVE_TOLD]; /* 0: none */
	cJSON *root;			/* of the answer, to be deleted after success */
};

static cJSON *ops_of(cJSON *op, const struct call *c)
{
	cJSON *ops = op ? cJSON_CreateArray() : NULL;

	if (!ops) {
		cJSON_Delete(op);
		return NULL;
	}
	cJSON_AddItemToArray(ops, op);
	for (size_t i = 0; i < ARRAY_LEN(c->others); i++)
		if (c->others[i])
			cJSON_AddItemToArray(ops, wire_op_id("getattr", c->others[i]));
	return ops;
}

/* The others' attributes, as far as they were told. */
static void read_others(
	struct api *a, const struct call *c, const cJSON *results, struct attr *told)
{
	struct wire_file f;
	const cJSON *result;
	int at = 1;

	for (size_t i = 0; i < ARRAY_LEN(c->others); i++) {
		if (!c->others[i])
			continue;
		told[i].id = 0;
		if (wire_result(results, at++, &result) == 0 &&
			wire_file(result, link_places(a->link), &f) == 0) {
			told[i] = f.attr;
			wire_file_release(&f);
		}
	}
}

static int call(struct api *a, const struct wait *w, struct call *c, cJSON *op, struct attr *told,
	const cJSON **result)
{
	cJSON *ops = ops_of(op, c);
	const cJSON *results;
	int rc;

	if (!ops)
		return -ENOMEM;
	rc = link_fs(a->link, w, c->change, false, ops, &c->root, &results);
	if (rc < 0)
		return rc;
	rc = wire_result(results, 0, result);
	if (rc < 0)
		cJSON_Delete(c->root);
	else if (told)
		read_others(a, c, results, told);
	return rc == -EPROTO ? -EIO : rc;
}

int api_op(struct api *a, const struct wait *w, bool change, cJSON *op, cJSON **root,
	const cJSON **result)
{
	struct call c = { .change = change };
	int rc = call(a, w, &c, op, NULL, result);

	if (rc == 0)
		*root = c.root;
	return rc;
}

/* Sends op and reads the file it answers. dir 0: nothing of a directory. */
static int file_op(struct api *a, const struct wait *w, bool change, cJSON *op, uint64_t dir,
	struct wire_file *out, struct attr *dirs)
{
	struct call c = { .change = change, .others = { dir } };
	const cJSON *result;
	int rc = call(a, w, &c, op, dirs, &result);

	if (rc < 0)
		return rc;
	rc = wire_file(result, link_places(a->link), out);
	cJSON_Delete(c.root);
	return rc == -EPROTO ? -EIO : rc;
}

int api_lookup(
	struct api *a, const struct wait *w, uint64_t dir, const char *name, struct wire_file *out)
{
	return file_op(a, w, false, wire_op_name("lookup", dir, name), 0, out, NULL);
}

int api_getattr(struct api *a, const struct wait *w, uint64_t id, struct wire_file *out)
{
	return file_op(a, w, false, wire_op_id("getattr", id), 0, out, NULL);
}

int api_setattr(struct api *a, const struct wait *w, uint64_t id, const struct wire_change *change,
	struct wire_file *out)
{
	return file_op(a, w, true, wire_op_change(id, change), 0, out, NULL);
}

static cJSON *new_op(const char *op, const struct api_new *new)
{
	cJSON *o = wire_op_name(op, new->dir, new->name);

	if (o) {
		wire_add_owner(o, new->mode, new->uid, new->gid);
		json_add_u64(o, "umask", new->umask);
	}
	return o;
}

int api_create(struct api *a, const struct wait *w, const struct api_new *new,
	struct wire_file *out, bool *existed, const struct place **place, struct attr *dirs)
{
	struct call c = { .change = true, .others = { new->dir } };
	cJSON *op = new_op("create", new);
	const cJSON *result, *p;
	const struct place *where = NULL;
	int rc;

	if (op)
		cJSON_AddBoolToObject(op, "exclusive", new->exclusive);
	rc = call(a, w, &c, op, dirs, &result);
	if (rc < 0)
		return rc;
	rc = wire_file(result, link_places(a->link), out);
	p = cJSON_GetObjectItemCaseSensitive(result, "place");
	if (!rc && cJSON_IsObject(p) && wire_place(p, "", link_places(a->link), &where) < 0)
		where = NULL; /* asked for when it is needed */
	if (!rc) {
		*existed = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(result, "existed"));
		*place = where;
	}
	cJSON_Delete(c.root);
	return rc == -EPROTO ? -EIO : rc;
}

int api_mknod(struct api *a, const struct wait *w, const struct api_new *new, struct wire_file *out,
	struct attr *dirs)
{
	cJSON *op = new_op("mknod", new);

	if (op)
		json_add_u64(op, "rdev", new->rdev);
	return file_op(a, w, true, op, new->dir, out, dirs);
}

int api_mkdir(struct api *a, const struct wait *w, const struct api_new *new, struct wire_file *out,
	struct attr *dirs)
{
	return file_op(a, w, true, new_op("mkdir", new), new->dir, out, dirs);
}

int api_symlink(struct api *a, const struct wait *w, const struct api_new *new,
	struct wire_file *out, struct attr *dirs)
{
	cJSON *op = new_op("symlink", new);

	if (op)
		json_add_bytes(op, "target", new->target, strlen(new->target));
	return file_op(a, w, true, op, new->dir, out, dirs);
}

int api_link_file(struct api *a, const struct wait *w, uint64_t id, uint64_t dir, const char *name,
	struct wire_file *out, struct attr *dirs)
{
	cJSON *op = wire_op_name("link", dir, name);

	if (op)
		json_add_u64(op, "id", id);
	return file_op(a, w, true, op, dir, out, dirs);
}

static int remove_op(struct api *a, const struct wait *w, const char *what, uint64_t dir,
	const char *name, uint64_t *id, uint32_t *nlink, struct attr *dirs)
{
	struct call c = { .change = true, .others = { dir } };
	struct json_reader r;
	const cJSON *result;
	uint64_t gone = 0;
	uint32_t left = 0;
	int rc = call(a, w, &c, wire_op_name(what, dir, name), dirs, &result);

	if (rc < 0)
		return rc;
	json_reader_init(&r, result);
	(void)json_u64(&r, "id", LIMIT_ID, &gone);
	(void)json_u32(&r, "nlink", UINT32_MAX, &left);
	cJSON_Delete(c.root);
	*id = gone;
	*nlink = left;
	return 0;
}

int api_unlink(struct api *a, const struct wait *w, uint64_t dir, const char *name, uint64_t *id,
	uint32_t *nlink, struct attr *dirs)
{
	return remove_op(a, w, "unlink", dir, name, id, nlink, dirs);
}

int api_rmdir(struct api *a, const struct wait *w, uint64_t dir, const char *name, uint64_t *id,
	struct attr *dirs)
{
	uint32_t nlink;

	return remove_op(a, w, "rmdir", dir, name, id, &nlink, dirs);
}

int api_rename(struct api *a, const struct wait *w, uint64_t dir, const char *name, uint64_t todir,
	const char *toname, const char *flags, const uint64_t moved[2],
	struct attr told[API_MOVE_TOLD])
{
	struct call c = { .change = true,
		.others = { dir, todir == dir ? 0 : todir, moved[0], moved[1] } };
	cJSON *op = wire_op_name("rename", dir, name);
	const cJSON *result;
	int rc;

	if (op) {
		json_add_u64(op, "todir", todir);
		json_add_bytes(op, "toname", toname, strlen(toname));
		cJSON_AddStringToObject(op, "flags", flags);
	}
	rc = call(a, w, &c, op, told, &result);
	if (!rc)
		cJSON_Delete(c.root);
	return rc;
}

int api_readdir(struct api *a, const struct wait *w, uint64_t dir, const char *after,
	unsigned limit, struct wire_page *out)
{
	cJSON *op = wire_op("readdir");
	struct call c = { 0 };
	const cJSON *result;
	int rc;

	if (op) {
		json_add_u64(op, "dir", dir);
		json_add_bytes(op, "after", after, strlen(after));
		json_add_u64(op, "limit", limit);
	}
	rc = call(a, w, &c, op, NULL, &result);
	if (rc < 0)
		return rc;
	rc = wire_page(result, link_places(a->link), out);
	cJSON_Delete(c.root);
	return rc == -EPROTO ? -EIO : rc;
}

int api_statfs(struct api *a, const struct wait *w, struct wire_room *out)
{
	struct call c = { 0 };
	const cJSON *result;
	int rc = call(a, w, &c, wire_op("statfs"), NULL, &result);

	if (rc < 0)
		return rc;
	rc = wire_room(result, out);
	cJSON_Delete(c.root);
	return rc == -EPROTO ? -EIO : rc;
}

int api_sync(struct api *a, const struct wait *w)
{
	const cJSON *results;
	cJSON *root;
	int rc = link_fs(a->link, w, true, true, cJSON_CreateArray(), &root, &results);

	if (!rc)
		cJSON_Delete(root);
	return rc;
}

int api_place(struct api *a, const struct wait *w, uint64_t id, uint64_t size, const char * not,
	const struct place **out)
{
	struct httpc_req req = { .method = "GET" };
	struct httpc_res res = HTTPC_RES_INIT;
	struct buf url = BUF_INIT;
	cJSON *root = NULL;
	int rc;

	buf_addf(&url, "%s/update/%" PRIu64 "?size=%" PRIu64, link_url(a->link), id, size);
	if (*not ) {
		buf_adds(&url, "&not=");
		name_url(&url, not, strlen(not ));
	}
	rc = buf_error(&url);
	if (rc < 0)
		goto out;
	req.url = buf_str(&url);
	rc = link_dist(a->link, w, &req, &res);
	if (rc < 0)
		goto out;
	rc = json_parse(buf_str(&res.body), res.body.len, &root);
	if (!rc)
		rc = wire_place(root, "update", link_places(a->link), out);
	if (rc == -EPROTO || rc == -EINVAL || rc == -E2BIG)
		rc = -EIO;
	cJSON_Delete(root);
out:
	buf_release(&url);
	httpc_res_release(&res);
	return rc;
}

static void split_time(int64_t t, int64_t *sec, int64_t *ns)
{
	*ns = t % 1000000000;
	*sec = t / 1000000000 - (*ns < 0);
	*ns += *ns < 0 ? 1000000000 : 0;
}

/* An upload whose end is not known when it begins. */
struct streaming {
	const struct api_upload *up;
	struct httpc_req *req;
};

static ssize_t stream_source(void *ctx, uint64_t at, void *data, size_t cap)
{
	struct streaming *s = ctx;
	ssize_t n = s->up->source(s->up->source_ctx, at, data, cap);

	if (n == 0)
		s->req->stall_ms = s->up->stall_ms;
	return n;
}

static size_t stream_trailers(void *ctx, char lines[][HTTPC_TRAILER])
{
	struct streaming *s = ctx;
	int64_t sec, ns;

	split_time(s->up->mtime, &sec, &ns);
	(void)snprintf(
		lines[0], HTTPC_TRAILER, "X-Mtime: %" PRId64 ".%09" PRId64, sec, ns); /* fits */
	(void)snprintf(lines[1], HTTPC_TRAILER, "X-Durable: %d", s->up->durable);
	return 2;
}

int api_upload(struct api *a, const struct api_upload *up, struct wire_stored *out)
{
	struct httpc_req req = { .method = up->list ? "PATCH" : "PUT",
		.body = up->body,
		.body_len = up->body ? (size_t)up->size : 0,
		.body_from_fd = !up->body && !up->source,
		.body_fd = up->fd,
		.fd_len = up->size,
		.stall_ms = up->stall_ms };
	struct httpc_res res = HTTPC_RES_INIT;
	struct buf url = BUF_INIT;
	char stamp[STAMP_TEXT], base[STAMP_TEXT];
	struct streaming streaming = { up, &req };
	int64_t sec, ns;
	int rc;

	if (up->source) {
		req.source = stream_source;
		req.trailers = stream_trailers;
		req.source_ctx = &streaming;
	}
	split_time(up->mtime, &sec, &ns);
	stamp_format(up->stamp, stamp);
	stamp_format(up->base, base);
	buf_addf(&url,
		"%s/update/%" PRIu64 "?stamp=%s&base=%s&mtime=%" PRId64 ".%09" PRId64 "&durable=%d",
		up->place->uri, up->id, stamp, base, sec, ns, up->durable);
	rc = buf_error(&url);
	if (rc < 0)
		goto out;
	req.url = buf_str(&url);
	rc = link_node_once(a->link, &req, &res);
	if (rc < 0)
		goto out;
	rc = wire_stored(buf_str(&res.body), res.body.len, out);
	if (!rc)
		metrics_add(&a->stored, up->size);
	if (!rc && !up->durable)
		link_changed(a->link);
	if (rc == -EPROTO)
		rc = -EIO;
out:
	buf_release(&url);
	httpc_res_release(&res);
	return rc;
}

/* Counts what the sink got, so that a short or too long answer is seen. */
struct counted {
	struct api *api;
	int (*sink)(void *ctx, const void *data, size_t len);
	void (*restart)(void *ctx);
	void *ctx;
	uint64_t got, want;
};

static int counted_sink(void *ctx, const void *data, size_t len)
{
	struct counted *c = ctx;

	if (len > c->want - c->got)
		return -EPROTO;
	c->got += len;
	metrics_add(&c->api->fetched, len);
	return c->sink(c->ctx, data, len);
}

static void counted_restart(void *ctx)
{
	struct counted *c = ctx;

	c->got = 0;
	c->restart(c->ctx);
}

int api_fetch(struct api *a, const struct wait *w, const struct api_range *range,
	int (*sink)(void *ctx, const void *data, size_t len), void (*restart)(void *ctx), void *ctx)
{
	struct counted c = { a, sink, restart, ctx, 0, range->len };
	char stamp[STAMP_TEXT], url[LIMIT_URI], line[80];
	const char *const headers[] = { line, NULL };
	struct httpc_req req = { .method = "GET",
		.url = url,
		.headers = headers,
		.sink = counted_sink,
		.restart = counted_restart,
		.ctx = &c,
		.follow = true };
	struct httpc_res res = HTTPC_RES_INIT;
	int rc;

	stamp_format(range->stamp, stamp);
	(void)snprintf(url, sizeof(url), "%s/retrieve/%" PRIu64 "?stamp=%s", range->place->uri,
		range->id, stamp);
	(void)snprintf(line, sizeof(line), "Range: bytes=%" PRIu64 "-%" PRIu64, range->off,
		range->off + range->len - 1);
	rc = link_node(a->link, w, &req, &res);
	if (!rc && (c.got != c.want || (res.status != 206 && range->off)))
		rc = -EIO;
	httpc_res_release(&res);
	return rc;
}

int api_extents(struct api *a, const struct wait *w, const struct place *place, uint64_t id,
	uint64_t stamp, uint64_t from, struct stretch *out)
{
	char url[LIMIT_URI + 100], hex[STAMP_TEXT];
	struct httpc_req req = { .method = "GET", .url = url };
	struct httpc_res res = HTTPC_RES_INIT;
	int rc;

	stamp_format(stamp, hex);
	(void)snprintf(url, sizeof(url), "%s/extents/%" PRIu64 "?stamp=%s&from=%" PRIu64,
		place->uri, id, hex, from);
	rc = link_node(a->link, w, &req, &res);
	if (!rc)
		rc = extents_parse(buf_str(&res.body), res.body.len, from, out);
	if (!rc)
		out->stamp = stamp;
	httpc_res_release(&res);
	return rc == -EPROTO ? -EIO : rc;
}

int api_sync_node(struct api *a, const struct wait *w, const struct place *place)
{
	char url[LIMIT_URI];
	struct httpc_req req = { .method = "POST", .url = url };
	struct httpc_res res = HTTPC_RES_INIT;
	int rc;

	(void)snprintf(url, sizeof(url), "%s/sync/", place->uri);
	rc = link_node(a->link, w, &req, &res);
	httpc_res_release(&res);
	return rc;
}

void api_bytes(const struct api *a, uint64_t *fetched, uint64_t *stored)
{
	*fetched = metrics_get(&a->fetched);
	*stored = metrics_get(&a->stored);
}
