#include "cdnfs/store.h"

#include "cdnfs/delta.h"
#include "cdnfs/renew.h"
#include "cdnfs/stream.h"
#include "common/clock.h"
#include "common/extent.h"
#include "common/log.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

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

int store_begin(struct cdnfs *fs, const struct wait *w, struct inode *in, struct staged **out)
{
	int rc = fs->opt->ro ? -EROFS : inode_stage(fs->inodes, in, fs->staging, out);
	struct version v;
	struct attr shown;
	unsigned commits;

	if (rc < 0)
		return rc;
	v = inode_version(fs->inodes, in, &commits);
	if (v.stamp && !v.place && store_refresh(fs, w, inode_id(in), &shown) == 0)
		v = inode_version(fs->inodes, in, &commits); /* else asked for when it is read */
	staged_begin(*out, &v);
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
	bool waits = av->away[0];
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
		/* dist would give one that said it is full, and knows no other */
		if (rc == -EIO && !waits && api_place(fs->api, &once, id, size, "", out) == 0)
			return -ENOSPC;
		av->away[0] = 0; /* nobody else: perhaps it is back */
		if (!pause_retry(w, deadline, &rc))
			return rc == -ENOSPC ? -EIO : rc;
	}
}

/* A job on its way. */
struct sending {
	struct cdnfs *fs;
	const struct wait *w;
	struct inode *in;
	const struct staged_job *job;
	struct api_upload up;
	struct delta delta;
	bool built; /* delta is */
	struct avoided av;
	int64_t deadline;
	bool whole;   /* all bytes are here, and not mostly holes: those are sent as changes only */
	bool unknown; /* an attempt got no answer */
};

/* Worth sending all bytes? Else what was changed, which is also what keeps others' changes and what is appended behind them. */
static bool send_whole(const struct sending *x)
{
	const struct staged_job *job = x->job;

	return x->whole && job->edit->append == EDIT_NONE &&
	       ranges_bytes(&job->edit->dirty) >= job->size / 2;
}

static void as_whole(struct sending *x)
{
	x->up.list = false;
	x->up.body = NULL;
	x->up.fd = x->job->fd;
	x->up.size = x->job->size;
}

static int as_list(struct sending *x)
{
	int rc = x->built ? 0 : delta_build(x->job, x->fs->staging, &x->delta);

	if (rc < 0)
		return rc;
	x->built = true;
	x->up.list = true;
	x->up.body = x->delta.fd < 0 ? buf_str(&x->delta.text) : NULL;
	x->up.fd = x->delta.fd;
	x->up.size = x->delta.len;
	return 0;
}

/* The node that has the current version: changes cost least there. NULL: nobody has, or knows. */
static const struct place *holder(struct sending *x, int *rc)
{
	struct attr shown;
	unsigned commits;

	*rc = store_refresh(x->fs, x->w, x->up.id, &shown);
	return *rc < 0 ? NULL : inode_version(x->fs->inodes, x->in, &commits).place;
}

/* The node was away. Changes wait for the one that has the version, unless all bytes are here. */
static int elsewhere(struct sending *x)
{
	int rc = 0;

	x->unknown = true;
	if (x->up.list && x->job->base.stamp && !x->whole) {
		if (!pause_retry(x->w, x->deadline, &rc))
			return rc ? rc : -EHOSTDOWN;
		x->up.place = holder(x, &rc);
		return rc;
	}
	if (x->up.list && x->job->base.stamp && x->job->edit->append == EDIT_NONE)
		as_whole(x);
	avoid(x->av.away, sizeof(x->av.away), x->up.place);
	x->up.place = NULL;
	return 0;
}

/* After an attempt: 0: another one, as x says; else that is how it ends. */
static int next_attempt(struct sending *x, int rc)
{
	if (rc == -ESTALE && !x->up.list) { /* somebody was quicker: ours into theirs */
		rc = as_list(x);
		if (!rc)
			x->up.place = holder(x, &rc);
		return rc;
	}
	if (rc == -ENOSPC) {
		avoid(x->av.full, sizeof(x->av.full), x->up.place);
		x->up.place = NULL;
		return 0;
	}
	if (rc != -EHOSTDOWN)
		return rc;
	if (clock_ms() < x->deadline)
		return elsewhere(x);
	x->unknown = true;
	return -EHOSTDOWN;
}

/* What a node needs for it. A list is there twice for a while: as it came, and as the file; its base counts with its holes. */
static uint64_t room_for(const struct sending *x)
{
	bool sparse = x->up.list && !x->job->base.stamp && 2 * x->up.size < x->job->size;

	return sparse ? 2 * x->up.size : x->job->size;
}

/* Brings the bytes to a node that takes them. */
static int send_bytes(struct sending *x, struct wire_stored *stored)
{
	struct link *link = api_link(x->fs->api);
	const struct place *at = NULL;
	int rc = send_whole(x) ? (as_whole(x), 0) : as_list(x);

	if (x->job->streamed) {
		rc = stream_end(x->fs, x->in, &x->up, stored);
		at = x->up.place;
		if (!rc)
			return 0;
		rc = next_attempt(x, rc);
	} else if (x->up.list && x->job->base.stamp) {
		x->up.place = x->job->base.place;
	} else {
		x->up.place = inode_take_place(x->fs->inodes, x->in);
	}
	while (!rc) {
		if (!x->up.place)
			rc = choose(x->fs, x->w, x->deadline, x->up.id, room_for(x), &x->av,
				&x->up.place);
		if (rc)
			break;
		at = x->up.place;
		rc = api_upload(x->fs->api, &x->up, stored);
		if (!rc)
			return 0;
		rc = next_attempt(x, rc);
	}
	if (rc == -EHOSTDOWN) {
		if (at && !(x->w && x->w->quiet))
			link_log_away(link, true, at->uri, rc, "");
		rc = -EIO;
	}
	return rc;
}

static int upload(struct cdnfs *fs, const struct wait *w, struct inode *in,
	const struct staged_job *job, bool durable, struct wire_stored *stored,
	const struct place **where, bool *unknown)
{
	int64_t timeout = (int64_t)fs->opt->set.timeout * 1000;
	struct sending x = { .fs = fs,
		.w = w,
		.in = in,
		.job = job,
		.deadline = link_deadline(api_link(fs->api), w),
		.whole = job->whole &&
			 (job->streamed || extent_bytes(job->fd, 0, job->size) >= job->size / 2),
		.up = { .id = inode_id(in),
			.stamp = job->stamp,
			.base = job->base.stamp,
			.mtime = job->mtime,
			.durable = durable,
			.stall_ms = timeout + (int64_t)(job->size / SLOWEST_DISK) } };
	int rc = send_bytes(&x, stored);

	*where = x.up.place;
	*unknown = x.unknown || rc == -EINTR || rc == -EIO;
	if (x.built)
		delta_release(&x.delta);
	return rc;
}

/* Is what was stored more, or other, than what is seen here? */
static bool has_others(const struct staged_job *job, const struct wire_stored *stored)
{
	return stored->stamp != job->stamp || stored->size != job->size ||
	       (stored->has_base && stored->base != job->base.stamp);
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

static int send_empty(struct cdnfs *fs, const struct wait *w, struct inode *in, int64_t mtime,
	struct wire_stored *out, struct attr *attr)
{
	struct wire_change empty = { .set = WIRE_SIZE | WIRE_MTIME, .mtime = mtime };
	struct wire_file f;
	struct attr shown;
	int rc;

	if (inode_attr(fs->inodes, inode_id(in), &shown) == 0) { /* else dist's clock tells */
		empty.set |= WIRE_CTIME;
		empty.ctime = shown.ctime;
	}
	rc = api_setattr(fs->api, w, inode_id(in), &empty, &f);
	if (rc < 0)
		return rc;
	out->mtime = f.attr.mtime;
	out->ctime = f.attr.ctime;
	*attr = f.attr;
	wire_file_release(&f); /* no link */
	return 0;
}

static int send_job(struct cdnfs *fs, const struct wait *w, struct inode *in, struct staged *s,
	const struct staged_job *job, bool durable)
{
	struct wire_stored stored = { 0 };
	const struct place *where = NULL;
	uint64_t tick = inodes_tick(fs->inodes);
	struct attr emptied, shown;
	struct version now;
	bool unknown = false, others;
	int rc;

	inode_store_begin(fs->inodes, in);
	if (inode_gone(fs->inodes, inode_id(in)))
		rc = -ENOENT;
	else if (job->size)
		rc = upload(fs, w, in, job, durable, &stored, &where, &unknown);
	else
		rc = send_empty(fs, w, in, job->mtime, &stored, &emptied);
	if (rc < 0) {
		inode_stale(fs->inodes, inode_id(in)); /* perhaps it was stored all the same */
		staged_send_end(s,
			rc == -ENOENT ? STAGED_LEFT
			: unknown     ? STAGED_UNKNOWN
				      : STAGED_FAILED,
			NULL);
		return rc == -ENOENT ? 0 : rc;
	}
	others = job->size && has_others(job, &stored);
	inode_stored(fs->inodes, in, &stored, where, others ? UINT64_MAX : job->base.stamp,
		durable ? NULL : where);
	if (!job->size)
		inode_changed_since(fs->inodes, tick, &emptied, &shown);
	now = (struct version){ stored.stamp, stored.size, where, stored.allocated };
	staged_send_end(s, others ? STAGED_MERGED : STAGED_STORED, &now);
	if (others)
		renew_add(fs->renew, inode_id(in));
	return 0;
}

int store_commit(struct cdnfs *fs, const struct wait *w, struct inode *in, bool durable)
{
	struct staged *s = inode_staged(fs->inodes, in);
	struct staged_job job;
	bool stored = false;
	int rc;

	while (s && staged_send_begin(s, &job)) {
		rc = send_job(fs, w, in, s, &job, durable);
		if (rc < 0 && !(w && w->quiet))
			log_error("file could not be stored; its bytes are kept and tried again at "
				  "the next close, fsync or unmount",
				"id=%" PRIu64 " size=%" PRIu64 " error=\"%s\"", inode_id(in),
				job.size, strerror(-rc));
		if (rc < 0)
			return rc;
		stored = job.size != 0;
	}
	if (!durable || stored || inode_gone(fs->inodes, inode_id(in)))
		return 0;
	return sync_stored(fs, w, in);
}

static int empty_at_dist(struct cdnfs *fs, const struct wait *w, struct inode *in,
	const struct wire_change *change, struct attr *shown)
{
	struct wire_stored none = { 0 };
	uint64_t base, tick = inodes_tick(fs->inodes);
	unsigned commits;
	struct wire_file f;
	int rc;

	if (inode_gone(fs->inodes, inode_id(in)))
		return inode_change_gone(fs->inodes, inode_id(in), change, shown);
	rc = api_setattr(fs->api, w, inode_id(in), change, &f);
	if (rc == -ENOENT)
		return inode_change_gone(fs->inodes, inode_id(in), change, shown);
	if (rc < 0) {
		inode_stale(fs->inodes, inode_id(in));
		return rc;
	}
	base = inode_version(fs->inodes, in, &commits).stamp;
	inode_stored(fs->inodes, in, &none, NULL, base, NULL);
	inode_changed_since(fs->inodes, tick, &f.attr, shown);
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
		staged_hold_end(s, rc ? NULL : &(struct version){ 0 });
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
