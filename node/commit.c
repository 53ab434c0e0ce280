#include "node/commit.h"
#include "common/clock.h"
#include "common/extent.h"
#include "common/log.h"
#include "common/stamp.h"
#include "node/resolve.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void fail(struct commit_result *out, unsigned status, const char *fmt, ...)
	ATTR_PRINTF(3, 4);

static void fail(struct commit_result *out, unsigned status, const char *fmt, ...)
{
	va_list args;

	out->status = status;
	va_start(args, fmt);
	vsnprintf(out->message, sizeof(out->message), fmt, args);
	va_end(args);
}

static void fail_disk(struct commit_result *out, int rc)
{
	if (rc == -ENOSPC)
		fail(out, 507, "the node's disk is full");
	else
		fail(out, 500, "the node cannot write the upload: %s", strerror(-rc));
}

/* More than was promised when little was written into many holes: whole blocks count. */
static int reserve_exactly(struct store *s, struct commit *c, uint64_t bytes)
{
	int rc = bytes > c->reserved ? store_reserve(s, bytes - c->reserved) : 0;

	if (rc < 0)
		return rc;
	if (bytes < c->reserved)
		usage_unreserve(&s->usage, c->reserved - bytes);
	c->reserved = bytes;
	return 0;
}

/* Seals the bytes, gives back what was promised too much, and makes them pending. */
static bool prepare(struct node *n, struct commit *c, struct pending *p, struct commit_result *out)
{
	int rc = blob_seal(c->blob, &c->meta);

	if (rc < 0) {
		fail_disk(out, rc);
		return false;
	}
	if (c->expect && !hash_is(c->blob->hash, c->expect)) {
		fail(out, 422, "X-Content-XXH128: the bytes that arrived have check-sum %s",
			c->meta.etag);
		return false;
	}
	p->size = extent_bytes(c->blob->fd, 0, c->meta.size);
	rc = reserve_exactly(n->store, c, p->size);
	if (rc == 0)
		rc = store_pend(n->store, c->blob, p, c->durable);
	if (rc < 0) {
		fail_disk(out, rc);
		return false;
	}
	c->reserved = 0;
	return true;
}

static enum dist_outcome tell_dist(
	struct node *n, const struct commit *c, const struct pending *p, struct dist_answer *answer)
{
	struct dist_new new = {
		.name = c->meta.name_len ? c->meta.name : NULL,
		.name_len = c->meta.name_len,
		.path = c->id ? NULL : c->path,
		.path_len = c->path_len,
		.uri = c->uri,
		.etag = c->meta.etag,
		.type = c->meta.type,
		.size = c->meta.size,
		.allocated = p->size,
		.stamp = p->stamp,
		.has_mtime = c->has_mtime,
		.mtime = c->meta.mtime,
		.durable = c->durable,
		.has_base = c->has_base,
		.base = c->base,
		.once = c->once,
	};

	return c->id ? dist_replace(n->dist, c->id, &new, answer)
		     : dist_register(n->dist, &new, answer);
}

/* The version that this one replaced may be here, on its way to be published here, or on another node. */
static void retire_old(struct node *n, const struct dist_record *rec)
{
	struct blob_name old = { .id = rec->id, .stamp = rec->old_stamp };
	int rc = store_supersede(n->store, &old);

	if (rc == -ENOENT && rec->old_uri[0] && strcmp(rec->old_node, dist_name(n->dist)) != 0) {
		rc = dist_reclaim(n->dist, rec->old_uri, rec->id, rec->old_stamp);
		if (rc < 0)
			log_info("the node of the version before did not take it back, dist will "
				 "tell it",
				"id=%" PRIu64 " node=%s error=\"%s\"", rec->id, rec->old_node,
				strerror(-rc));
	} else if (rc < 0 && rc != -ENOENT) {
		log_error("cannot move a superseded blob to the trash",
			"id=%" PRIu64 " error=\"%s\"", rec->id, strerror(-rc));
	}
}

/* A repeat may not be told what the first attempt replaced. */
static void retire_others(struct node *n, uint64_t id, uint64_t stamp)
{
	struct dist_answer a;
	uint64_t other;
	uint32_t part;

	if (index_other(&n->store->index, id, stamp, &part, &other) < 0)
		return;
	if (dist_get(n->dist, id, &a) == DIST_DONE && a.record.stamp == stamp)
		(void)store_retire_all(n->store, id, stamp); /* dist's reclaim list has them too */
}

/* Is the version that dist has under this stamp the one that was uploaded now? A repeat of a change may find that its first
 * attempt counts, with other bytes or on another node. */
static bool is_this(const struct node *n, const struct commit *c, const struct pending *p,
	const struct dist_record *rec)
{
	if (rec->stamp && rec->stamp != p->stamp) /* an old repeat: replaced meanwhile */
		return false;
	if (rec->etag[0] && strcmp(rec->etag, c->meta.etag) != 0)
		return false;
	return !rec->node[0] || !dist_name(n->dist)[0] ||
	       strcmp(rec->node, dist_name(n->dist)) == 0;
}

/* dist has registered the upload. Returns 0, or -errno when it could not be published. */
static int finish(
	struct node *n, struct commit *c, const struct pending *p, const struct dist_record *rec)
{
	size_t len = strlen(rec->filename);
	int rc;

	if (!is_this(n, c, p, rec)) {
		store_drop(n->store, p);
		return 0;
	}
	if (c->meta.name_len == 0 && len > 0 && len <= LIMIT_NAME) {
		memcpy(c->meta.name, rec->filename, len);
		c->meta.name_len = len;
		(void)blob_seal(c->blob, &c->meta); /* without it the download is named by its id */
	}
	rc = store_publish(n->store, p, rec->id, c->durable ? -1 : c->blob->fd);
	if (rc < 0)
		return rc;
	if (rec->replaced && rec->old_stamp != p->stamp)
		retire_old(n, rec);
	else if (!rec->replaced)
		retire_others(n, rec->id, p->stamp);
	return 0;
}

static void succeed(const struct node *n, const struct commit *c, const struct pending *p,
	struct dist_answer *a, struct commit_result *out)
{
	out->status = 200;
	out->record = a->record;
	out->done_before = !is_this(n, c, p, &a->record);
	if (!out->done_before) {
		out->record.stamp = p->stamp;
		out->record.size = c->meta.size;
		out->record.allocated = p->size;
		strcpy(out->record.etag, c->meta.etag);
	}
}

/* Returns whether the claim stays with the upload; else resolve has it. */
static bool decide(
	struct node *n, struct commit *c, const struct pending *p, struct commit_result *out)
{
	struct dist_answer a;
	int rc;

	switch (tell_dist(n, c, p, &a)) {
	case DIST_DONE:
		rc = finish(n, c, p, &a.record);
		if (rc == 0) {
			succeed(n, c, p, &a, out);
			return true;
		}
		log_error("cannot publish an upload that is registered, will try again",
			"id=%" PRIu64 " error=\"%s\"", a.record.id, strerror(-rc));
		resolve_add(n->resolve, p, RESOLVE_KEEP);
		fail(out, 500, "the node cannot publish the upload: %s", strerror(-rc));
		return false;
	case DIST_REFUSED:
		store_drop(n->store, p);
		fail(out, a.status, "%s", a.message[0] ? a.message : "dist refused the upload");
		return true;
	case DIST_AWAY:
		store_drop(n->store, p);
		fail(out, 503,
			"dist cannot be reached to register the upload, nothing was stored: %s",
			a.message);
		return true;
	case DIST_UNKNOWN:
		break;
	}
	/* what replaces a file is kept if it is registered: the version before is gone then */
	resolve_add(n->resolve, p, c->id || c->path ? RESOLVE_KEEP : RESOLVE_UNDO);
	log_warn("dist did not answer in time, the upload is settled later",
		"stamp=%016" PRIx64 " error=\"%s\"", p->stamp, a.message);
	fail(out, 503, "dist did not answer in time whether the upload is registered: %s",
		a.message);
	return false;
}

void commit_run(struct node *n, struct commit *c, struct commit_result *out)
{
	struct pending p = { .id = c->id, .stamp = c->stamp ? c->stamp : stamp_new() };
	int rc = claim_take(&n->store->claims, p.stamp, clock_ms() + n->dist_timeout_ms);

	*out = (struct commit_result){ 0 };
	if (rc < 0) {
		if (rc == -EBUSY)
			fail(out, 503, "an upload with this stamp is still being settled");
		else
			fail(out, 500, "the node is out of memory");
		return;
	}
	if (!prepare(n, c, &p, out) || decide(n, c, &p, out))
		claim_drop(&n->store->claims, p.stamp);
}
