#include "cdnfs/store.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/stamp.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#define FILL_CHUNK (64ULL << 20)
#define PAUSE_MS 200
#define SLOWEST_DISK 10000 /* bytes a millisecond that a node may be as slow to sync */

int store_refresh(struct cdnfs *fs, const struct wait *w, uint64_t id, struct attr *shown)
{
	uint64_t tick = inodes_tick(fs->inodes);
	struct wire_file f;
	int rc = api_getattr(fs->api, w, id, &f);

	if (rc < 0)
		return rc;
	rc = inode_learn(fs->inodes, &f.attr, f.target, tick, 0, shown);
	wire_file_release(&f);
	return rc;
}

/* One stretch of the stored version on its way into staging. */
struct filling {
	struct staged *staged;
	uint64_t start, pos;
};

static int fill_sink(void *ctx, const void *data, size_t len)
{
	struct filling *f = ctx;
	int rc = staged_fill(f->staged, data, len, f->pos);

	f->pos += len;
	return rc;
}

static void fill_restart(void *ctx)
{
	struct filling *f = ctx;

	f->pos = f->start;
}

static int fill_from(struct cdnfs *fs, const struct wait *w, struct staged *s, uint64_t id,
	const struct version *v, uint64_t size)
{
	for (uint64_t off = 0; off < size; off += FILL_CHUNK) {
		struct filling f = { s, off, off };
		struct api_range r = { v->place, id, v->stamp, off, size - off };
		int rc;

		if (r.len > FILL_CHUNK)
			r.len = FILL_CHUNK;
		rc = api_fetch(fs->api, w, &r, fill_sink, fill_restart, &f);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int fill(
	struct cdnfs *fs, const struct wait *w, struct inode *in, struct staged *s, uint64_t keep)
{
	struct version v = { 0 };
	uint64_t size = 0;
	struct attr shown;
	unsigned commits;
	int rc = -ENOENT;

	for (int attempt = 0; attempt < 2 && rc == -ENOENT; attempt++) {
		v = inode_version(fs->inodes, in, &commits);
		size = v.size < keep ? v.size : keep;
		if (!v.stamp || !size)
			rc = 0;
		else if (v.place)
			rc = fill_from(fs, w, s, inode_id(in), &v, size);
		if (rc == -ENOENT && store_refresh(fs, w, inode_id(in), &shown) < 0)
			break; /* the version is gone, and nothing newer is known */
	}
	if (!v.stamp)
		size = 0;
	staged_fill_end(s, size, v.stamp, rc);
	return rc == -ENOENT ? -ESTALE : rc;
}

int store_begin(struct cdnfs *fs, const struct wait *w, struct inode *in, uint64_t keep,
	struct staged **out)
{
	struct staged *s;
	int rc = fs->opt->ro ? -EROFS : inode_stage(fs->inodes, in, fs->staging, &s);

	if (rc < 0)
		return rc;
	if (staged_fill_begin(s)) {
		rc = fill(fs, w, in, s, keep);
		if (rc < 0)
			return rc;
	}
	*out = s;
	return 0;
}

/* Nodes not to be asked again. */
struct avoided {
	char full[1024], away[1024];
};

static void avoid(char *list, size_t cap, const struct place *p)
{
	size_t len = strlen(list);

	if (p->node[0] && len + strlen(p->node) + 2 < cap)
		(void)snprintf(list + len, cap - len, "%s%s", len ? "," : "", p->node);
}

/* False when it is time to give up: *rc tells why. */
static bool pause_retry(const struct wait *w, int64_t deadline, int *rc)
{
	struct timespec t = { 0, PAUSE_MS * 1000000L };

	if (w && w->stop && w->stop(w->ctx)) {
		*rc = -EINTR;
		return false;
	}
	if (clock_ms() >= deadline)
		return false;
	(void)nanosleep(&t, NULL); /* a signal shortens it */
	return true;
}

/* Another node for `size` bytes. Nodes that were away may be asked again after a pause. */
static int choose(struct cdnfs *fs, const struct wait *w, int64_t deadline, uint64_t id,
	uint64_t size, struct avoided *av, const struct place **out)
{
	char not [sizeof(av->full) + sizeof(av->away) + 1];
	struct wait once = { .stop = w ? w->stop : NULL, .ctx = w ? w->ctx : NULL, .quiet = true };
	int rc;

	for (;;) {
		bool both = av->full[0] && av->away[0];

		if (!av->full[0] && !av->away[0])
			return api_place(fs->api, w, id, size, "", out);
		(void)snprintf(not, sizeof(not ), "%s%s%s", av->full, both ? "," : "", av->away);
		rc = api_place(fs->api, &once, id, size, not, out);
		if (!rc || rc == -ENOENT || rc == -EINTR || rc == -ENOMEM)
			return rc;
		if (rc == -ENOSPC && !av->away[0])
			return rc;
		av->away[0] = 0; /* nobody else: perhaps it is back */
		if (!pause_retry(w, deadline, &rc))
			return rc == -ENOSPC ? -EIO : rc;
	}
}

/* Brings the bytes to a node that takes them. */
static int upload(struct cdnfs *fs, const struct wait *w, struct inode *in,
	const struct staged_job *job, bool durable, struct wire_stored *stored,
	const struct place **where)
{
	struct link *link = api_link(fs->api);
	int64_t timeout = (int64_t)fs->opt->set.timeout * 1000;
	int64_t deadline = link_deadline(link, w);
	struct api_upload up = { .id = inode_id(in),
		.size = job->size,
		.fd = job->fd,
		.mtime = job->mtime,
		.durable = durable,
		.stall_ms = timeout + (int64_t)(job->size / SLOWEST_DISK) };
	struct avoided av = { 0 };
	int rc;

	up.place = inode_take_place(fs->inodes, in);
	for (;;) {
		if (!up.place)
			rc = choose(fs, w, deadline, up.id, up.size, &av, &up.place);
		else
			rc = 0;
		if (rc < 0)
			return rc;
		up.stamp = stamp_new();
		rc = api_upload(fs->api, &up, stored);
		if (rc == -ENOSPC)
			avoid(av.full, sizeof(av.full), up.place);
		else if (rc == -EHOSTDOWN)
			avoid(av.away, sizeof(av.away), up.place);
		else
			break;
		if (rc == -EHOSTDOWN && clock_ms() >= deadline) {
			if (!(w && w->quiet))
				link_log_away(link, true, up.place->uri, rc, "");
			return -EIO;
		}
		up.place = NULL;
	}
	*where = up.place;
	return rc;
}

/* All of what this mount stored without sync, to disk. */
static int sync_stored(struct cdnfs *fs, const struct wait *w, struct inode *in)
{
	const struct place *p = inode_take_unsynced(fs->inodes, in);
	int rc = p ? api_sync_node(fs->api, w, p) : 0;

	if (!rc && link_unsynced(api_link(fs->api)))
		rc = api_sync(fs->api, w);
	if (rc < 0 && p)
		inode_set_unsynced(fs->inodes, in, p);
	return rc;
}

static int send_job(struct cdnfs *fs, const struct wait *w, struct inode *in, struct staged *s,
	const struct staged_job *job, bool durable)
{
	struct wire_stored stored = { 0 };
	const struct place *where = NULL;
	struct wire_change empty = { .set = WIRE_SIZE | WIRE_MTIME, .mtime = job->mtime };
	struct wire_file f;
	int rc = 0;

	if (inode_gone(fs->inodes, inode_id(in))) {
		staged_send_end(s, job->base, 0);
		return 0;
	}
	if (job->size) {
		rc = upload(fs, w, in, job, durable, &stored, &where);
	} else {
		rc = api_setattr(fs->api, w, inode_id(in), &empty, &f);
		if (!rc) {
			stored.mtime = f.attr.mtime;
			stored.ctime = f.attr.ctime;
			wire_file_release(&f);
		}
	}
	if (!rc)
		inode_stored(fs->inodes, in, &stored, where, job->base, durable ? NULL : where);
	staged_send_end(s, stored.stamp, rc == -ENOENT ? 0 : rc);
	return rc == -ENOENT ? 0 : rc;
}

int store_commit(struct cdnfs *fs, const struct wait *w, struct inode *in, bool durable)
{
	struct staged *s = inode_staged(fs->inodes, in);
	struct staged_job job;
	int rc;

	if (s && staged_send_begin(s, &job)) {
		rc = send_job(fs, w, in, s, &job, durable);
		if (rc < 0 && !(w && w->quiet))
			log_error("file could not be stored; its bytes are kept and tried again at "
				  "the next close, fsync or unmount",
				"id=%" PRIu64 " size=%" PRIu64 " error=\"%s\"", inode_id(in),
				job.size, strerror(-rc));
		if (rc < 0 || job.size)
			return rc;
	}
	if (!durable || inode_gone(fs->inodes, inode_id(in)))
		return 0;
	return sync_stored(fs, w, in);
}

static int empty_at_dist(struct cdnfs *fs, const struct wait *w, struct inode *in,
	const struct wire_change *change, struct attr *shown)
{
	struct wire_stored none = { 0 };
	unsigned commits;
	uint64_t base;
	struct wire_file f;
	int rc;

	if (inode_gone(fs->inodes, inode_id(in)))
		return inode_change_gone(fs->inodes, inode_id(in), change, shown);
	rc = api_setattr(fs->api, w, inode_id(in), change, &f);
	if (rc == -ENOENT)
		return inode_change_gone(fs->inodes, inode_id(in), change, shown);
	if (rc < 0)
		return rc;
	base = inode_version(fs->inodes, in, &commits).stamp;
	inode_stored(fs->inodes, in, &none, NULL, base, NULL);
	inode_changed(fs->inodes, &f.attr, shown);
	wire_file_release(&f);
	return 0;
}

int store_empty(struct cdnfs *fs, const struct wait *w, struct inode *in,
	struct wire_change *change, struct attr *shown)
{
	struct staged *s = inode_staged(fs->inodes, in);
	uint64_t size;
	int64_t mtime;
	int rc;

	change->set |= WIRE_SIZE;
	if (s)
		staged_hold(s);
	rc = empty_at_dist(fs, w, in, change, shown);
	if (s)
		staged_hold_end(s, rc);
	if (!rc && s && !staged_dirty(s, &size, &mtime))
		return inode_attr(fs->inodes, inode_id(in), shown); /* without the staged size */
	return rc;
}

void store_left(struct cdnfs *fs)
{
	struct wait once = { .quiet = true };
	struct inode *in;
	uint64_t id = 0;
	int rc = 0;

	while (!rc && (in = inode_next_dirty(fs->inodes, id, true))) {
		id = inode_id(in);
		log_request_new();
		rc = store_commit(fs, &once, in, false);
		if (!rc)
			log_info("file is stored after all", "id=%" PRIu64, id);
		inode_drop(fs->inodes, in);
	}
}

unsigned store_all(struct cdnfs *fs)
{
	int64_t deadline = link_deadline(api_link(fs->api), NULL);
	struct inode *in;
	uint64_t id = 0;
	unsigned lost = 0;

	while ((in = inode_next_dirty(fs->inodes, id, false))) {
		struct wait w = { .ms = deadline - clock_ms() };

		if (w.ms < 0)
			w.ms = 0; /* one attempt: all of them together wait for one timeout */
		id = inode_id(in);
		log_request_new();
		if (store_commit(fs, &w, in, false) < 0)
			lost++;
		inode_drop(fs->inodes, in);
	}
	return lost;
}
