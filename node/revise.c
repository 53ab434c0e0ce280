#include "node/revise.h"
#include "common/clock.h"
#include "common/extent.h"
#include "common/http.h"
#include "common/json.h"
#include "common/log.h"
#include "common/stamp.h"
#include "node/amend.h"
#include "node/asked.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define REVISE_MAGIC 0x72657669U
#define PAUSE_MOST_MS 64 /* before another try, when another node changes the content, too */
#define DEFAULT_TYPE "application/octet-stream"

struct revise {
	unsigned magic;
	struct node *node;
	struct commit commit; /* what is the same for every try */
	bool hinted;	      /* the client named the version that it knows */
	uint64_t hint;
	struct changes changes;
	struct blob_write spool; /* the bytes that the list brings */
	bool has_spool;
	uint64_t reserved; /* for the spool */
	char uri[LIMIT_URI + 1];
};

/* The version that the list is applied to. */
struct base {
	uint64_t stamp; /* 0: the content is empty */
	struct blob_read blob;
	bool open;		/* blob is, and to be closed */
	struct blob_write copy; /* its bytes when another node has them */
	bool copied;		/* copy is to be ended */
	uint64_t reserved;	/* for copy */
};

static struct revise *revise_of(const struct httpd_req *req)
{
	struct revise *r = httpd_data(req);

	assert(r && r->magic == REVISE_MAGIC);
	return r;
}

static void say_disk(struct httpd_req *req, int rc)
{
	if (rc == -ENOSPC) {
		httpd_reply_error(req, 507, "the node has no room for the changes");
		return;
	}
	log_error("cannot apply changes to a content", "error=\"%s\"", strerror(-rc));
	httpd_reply_error(req, 500, "the node cannot apply the changes: %s", strerror(-rc));
}

/* Up to `bytes` in all for the spool. */
static int reserve_spool(struct revise *r, uint64_t bytes)
{
	int rc = 0;

	if (bytes > r->reserved)
		rc = store_reserve(r->node->store, bytes - r->reserved);
	if (rc == 0 && bytes > r->reserved)
		r->reserved = bytes;
	return rc;
}

static int spool_data(void *ctx, const void *data, size_t len)
{
	struct revise *r = ctx;
	int rc = reserve_spool(r, r->spool.size + len);

	return rc < 0 ? rc : store_append(r->node->store, &r->spool, data, len);
}

void revise_begin(struct httpd_req *req)
{
	struct revise *r = calloc(1, sizeof(*r));
	uint64_t length = httpd_length(req);
	int rc;

	if (!r) {
		httpd_reply_error(req, 500, "the node is out of memory");
		return;
	}
	r->magic = REVISE_MAGIC;
	r->node = httpd_server(req);
	r->commit.id = httpd_id(req);
	changes_init(&r->changes, spool_data, r);
	httpd_set_data(req, r);
	if (!asked_read(req, &r->commit, r->uri) || !asked_body(req))
		return;
	r->hinted = r->commit.has_base;
	r->hint = r->commit.base;
	rc = length == UINT64_MAX ? 0 : reserve_spool(r, length);
	if (rc == 0)
		rc = blob_begin(&r->node->store->folder, &r->spool);
	r->has_spool = rc == 0;
	if (rc < 0)
		say_disk(req, rc);
}

int revise_data(struct httpd_req *req, const void *data, size_t len)
{
	struct revise *r = revise_of(req);
	int rc = changes_feed(&r->changes, data, len);

	if (rc == -EBADMSG)
		httpd_reply_error(req, 400, "body: %s", r->changes.error);
	else if (rc < 0)
		say_disk(req, rc);
	return rc;
}

static void base_release(struct node *n, struct base *b)
{
	if (b->copied)
		blob_abort(&b->copy);
	else if (b->open)
		close(b->blob.fd);
	usage_unreserve(&n->store->usage, b->reserved);
	*b = (struct base){ .stamp = 0 };
}

static int copy_sink(void *ctx, const void *data, size_t len)
{
	return blob_append(ctx, data, len);
}

static void copy_restart(void *ctx)
{
	struct blob_write *w = ctx;

	w->size = 0; /* written over; what is longer is no content */
	hash_reset(w->hash);
}

/* The bytes of a version that another node has. */
static int base_fetch(struct node *n, const struct dist_record *rec, struct base *b)
{
	int rc = store_reserve(n->store, rec->size);

	if (rc < 0)
		return rc;
	b->reserved = rec->size;
	rc = blob_begin(&n->store->folder, &b->copy);
	b->copied = rc == 0;
	if (rc == 0 && rec->size > HASH_SECTION && !strchr(rec->etag, '-'))
		rc = hash_plain(b->copy.hash); /* stored before there were sections */
	if (rc == 0)
		rc = dist_fetch(n->dist, rec, copy_sink, copy_restart, &b->copy);
	if (rc < 0)
		return rc;
	if (b->copy.size != rec->size || !hash_is(b->copy.hash, rec->etag))
		return -EIO;
	b->blob.fd = b->copy.fd;
	strcpy(b->blob.meta.type, rec->type);
	b->open = true;
	return 0;
}

/* What dist says is current. 0 or -errno; 1: the changes are in it already. */
static int base_ask(
	struct httpd_req *req, struct revise *r, struct base *b, struct dist_record *out)
{
	struct node *n = r->node;
	struct dist_answer a;
	enum dist_outcome o = dist_get(n->dist, r->commit.id, &a);
	int rc;

	if (o != DIST_DONE) {
		httpd_reply_error(req, o == DIST_REFUSED ? a.status : 503, "%s", a.message);
		return -EREMOTEIO;
	}
	*out = a.record;
	b->stamp = a.record.stamp;
	if (b->stamp && b->stamp == r->commit.stamp)
		return 1;
	if (!b->stamp)
		return a.record.size ? -ENODATA : 0;
	rc = store_read_pending(n->store, r->commit.id, b->stamp, &b->blob);
	b->open = rc == 0;
	if (rc == -ENOENT && a.record.uri[0] && strcmp(a.record.node, dist_name(n->dist)) != 0)
		rc = base_fetch(n, &a.record, b);
	return rc;
}

/* As base_ask, but what the client says is current is believed once, when nothing newer is known here. */
static int base_find(
	struct httpd_req *req, struct revise *r, struct base *b, struct dist_record *out)
{
	struct store *s = r->node->store;
	uint64_t current;

	*b = (struct base){ .stamp = r->hint };
	if (r->hinted) {
		r->hinted = false;
		if (!b->stamp)
			return 0;
		b->open = index_current(&s->index, r->commit.id, &current) == 0 &&
			  current == b->stamp &&
			  store_read(s, r->commit.id, b->stamp, &b->blob) == 0;
		if (b->open)
			return 0;
	}
	return base_ask(req, r, b, out);
}

static void say_base(struct httpd_req *req, const struct revise *r, int rc)
{
	if (rc == -EREMOTEIO)
		return;
	if (rc == -ENOSPC)
		say_disk(req, rc);
	else if (rc == -ENODATA || rc == -ENOENT)
		httpd_reply_error(
			req, 409, "no node has the bytes of content %" PRIu64, r->commit.id);
	else
		httpd_reply_error(req, 503, "the bytes of content %" PRIu64 " cannot be had: %s",
			r->commit.id, strerror(-rc));
}

static void reply(struct httpd_req *req, const struct dist_record *rec, const uint64_t *base)
{
	cJSON *o = cJSON_CreateObject();
	char text[STAMP_TEXT];

	json_add_u64(o, "id", rec->id);
	cJSON_AddStringToObject(o, "message", "Content successfully changed.");
	asked_add_version(o, rec);
	if (base) {
		stamp_format(*base, text);
		cJSON_AddStringToObject(o, "base", text);
	}
	httpd_reply_json(req, 200, o);
}

/* The room that a version takes which is made of `old` bytes at most: holes of the old one, and of what is copied, stay. */
static uint64_t room_for(struct revise *r, const struct base *b, uint64_t old, uint64_t most)
{
	const struct changes *list = &r->changes;
	uint64_t room = list->bytes;
	struct blob_read source;

	if (b->open)
		room += extent_bytes(b->blob.fd, 0, changes_kept(list, old));
	for (size_t i = 0; i < list->n; i++) {
		const struct change *c = &list->list[i];

		if (c->kind != CHANGE_COPY ||
			store_read(r->node->store, c->id, c->stamp, &source) < 0)
			continue; /* amend() tells what is not here */
		room += extent_bytes(source.fd, c->source, c->source + c->len);
		close(source.fd);
	}
	return room < most ? room : most;
}

/* The new bytes into w, with room for c->reserved of them. */
static int build(struct revise *r, const struct base *b, struct commit *c, struct blob_write *w)
{
	struct store *s = r->node->store;
	uint64_t after, most, old = 0, room = 0;
	int rc;

	if (b->open && lseek(b->blob.fd, 0, SEEK_END) > 0)
		old = (uint64_t)lseek(b->blob.fd, 0, SEEK_END);
	rc = changes_size(&r->changes, old, &after, &most);
	if (rc == 0) {
		room = room_for(r, b, old, most);
		rc = store_reserve(s, room);
	}
	if (rc < 0)
		return rc;
	c->reserved = room;
	do {
		rc = blob_begin(&s->folder, w);
		if (rc == 0)
			rc = amend(s, b->open ? b->blob.fd : -1, &r->changes, r->spool.fd, w);
		if (rc < 0)
			blob_abort(w);
	} while (rc == -ENOSPC && store_make_room(s, room));
	if (rc == 0)
		c->blob = w;
	return rc;
}

/* Applies the list to b and registers the result. 0 after a reply; -ESTALE: b is not the current version. */
static int try(struct httpd_req *req, struct revise *r, const struct base *b)
{
	struct commit c = r->commit;
	struct blob_write w;
	struct commit_result result = { 0 };
	int rc = build(r, b, &c, &w);

	if (rc == 0) {
		strcpy(c.meta.type,
			b->open && b->blob.meta.type[0] ? b->blob.meta.type : DEFAULT_TYPE);
		/* no name: that would rename the file; the blob gets the one that dist tells */
		c.has_base = true;
		c.base = b->stamp;
		c.once = changes_once(&r->changes);
		commit_run(r->node, &c, &result);
		blob_abort(&w);
	}
	usage_unreserve(&r->node->store->usage, c.reserved);
	if (rc == -EFBIG)
		httpd_reply_error(req, 413, "the content would be longer than %" PRIu64 " bytes",
			(uint64_t)LIMIT_FILE_SIZE);
	else if (rc == -ESTALE)
		httpd_reply_error(req, 422, "copy: this node does not have those bytes");
	else if (rc < 0)
		say_disk(req, rc);
	else if (result.status == 412)
		return -ESTALE;
	else if (result.status == 200)
		reply(req, &result.record, result.done_before ? NULL : &b->stamp);
	else
		httpd_reply_error(req, result.status, "%s", result.message);
	return 0;
}

static void pause_random(int64_t most_ms)
{
	struct timespec t = { 0, (long)(stamp_new() % (uint64_t)(most_ms * 1000000)) };

	(void)nanosleep(&t, NULL); /* a signal shortens it */
}

static void revise(struct httpd_req *req, struct revise *r)
{
	struct dist_record rec;
	struct base b;
	int64_t deadline = clock_ms() + r->node->dist_timeout_ms, most = 1;
	int rc;

	do {
		rc = base_find(req, r, &b, &rec);
		if (rc == 1)
			reply(req, &rec, NULL);
		else if (rc < 0)
			say_base(req, r, rc);
		else
			rc = try(req, r, &b);
		base_release(r->node, &b);
		if (httpd_replied(req))
			return;
		pause_random(most);
		most = most < PAUSE_MOST_MS ? 2 * most : most;
	} while (rc == -ESTALE && clock_ms() < deadline);
	httpd_set_header(req, "Retry-After", "1");
	httpd_reply_error(req, 503, "content %" PRIu64 " is being changed by others all the time",
		r->commit.id);
}

void revise_handle(struct httpd_req *req)
{
	struct revise *r = revise_of(req);
	struct claims *changing = &r->node->store->changing;
	int rc = changes_finish(&r->changes);

	if (rc < 0) {
		httpd_reply_error(req, 400, "body: %s", r->changes.error);
		return;
	}
	if (!r->commit.stamp)
		r->commit.stamp = stamp_new(); /* of all tries: dist may have applied one of them */
	rc = claim_take(changing, r->commit.id, clock_ms() + r->node->dist_timeout_ms);
	if (rc < 0) {
		httpd_set_header(req, "Retry-After", "1");
		httpd_reply_error(
			req, 503, "content %" PRIu64 " is being changed by others", r->commit.id);
		return;
	}
	revise(req, r);
	claim_drop(changing, r->commit.id);
}

void revise_done(struct httpd_req *req)
{
	struct revise *r = httpd_data(req);

	if (!r)
		return;
	if (r->has_spool)
		blob_abort(&r->spool);
	usage_unreserve(&r->node->store->usage, r->reserved);
	changes_release(&r->changes);
	free(r);
}
