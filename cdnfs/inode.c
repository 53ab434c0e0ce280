/* Lock order: inodes.lock → a staged file's own. */
#include "cdnfs/inode.h"

#include "cdnfs/gate.h"
#include "cdnfs/inode_table.h"
#include "cdnfs/staging_holes.h"
#include "common/clock.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* asked: when, if that is another time than tick, which orders the answers. */
static void learn_locked(
	struct inodes *t, struct inode *in, const struct attr *a, uint64_t tick, uint64_t asked)
{
	const struct place *place = in->attr.place;

	if (tick <= in->tick || in->gone)
		return;
	if (!a->place && a->stamp == in->attr.stamp) {
		in->attr = *a;
		in->attr.place = place; /* not told this time */
	} else {
		in->attr = *a;
	}
	in->tick = tick;
	in->learnt_ms = gate_clean_locked(t, gate_inode(in->id), asked) ? clock_ms() : 0;
}

static void show_locked(const struct inode *in, struct attr *shown)
{
	uint64_t size;
	int64_t mtime;

	*shown = in->attr;
	if (in->staged && staged_dirty(in->staged, &size, &mtime)) {
		shown->size = size;
		shown->allocated = staged_allocated(in->staged);
		if (mtime > shown->ctime)
			shown->ctime = mtime;
		shown->mtime = mtime;
	}
}

/* Learns, and shows the kernel, which refers to it `lookups` times more. */
static void tell_locked(struct inodes *t, struct inode *in, const struct attr *a, uint64_t tick,
	unsigned lookups, struct attr *shown)
{
	learn_locked(t, in, a, tick, tick);
	in->nlookup += lookups;
	if (lookups)
		in->told = in->attr.stamp;
	show_locked(in, shown);
}

/* Takes the inode out of the table when nobody refers to it; the caller frees it after unlocking. */
static struct inode *unneeded_locked(struct inodes *t, struct inode *in)
{
	uint64_t size;
	int64_t mtime;

	if (in->users || in->nlookup || in->id == INODE_ROOT)
		return NULL;
	if (in->staged && staged_dirty(in->staged, &size, &mtime))
		return NULL;
	(void)map_remove(&t->by_id, in->id);
	return in;
}

int inode_learn(struct inodes *t, const struct attr *a, const char *target, uint64_t tick,
	unsigned lookups, struct attr *shown)
{
	char *copy = target ? strdup(target) : NULL;
	struct inode *in;
	int rc = -ENOMEM;

	pthread_mutex_lock(&t->lock);
	in = inode_find_or_insert_locked(t, a->id);
	if (in) {
		tell_locked(t, in, a, tick, lookups, shown);
		if (!in->target && copy) {
			in->target = copy;
			copy = NULL;
		}
		in = unneeded_locked(t, in);
		rc = 0;
	}
	pthread_mutex_unlock(&t->lock);
	inode_free(in);
	free(copy);
	return rc;
}

void inode_forget(struct inodes *t, uint64_t id, uint64_t lookups)
{
	struct inode *in = inode_lock(t, id);

	if (in) {
		assert(in->nlookup >= lookups || id == INODE_ROOT);
		in->nlookup -= lookups < in->nlookup ? lookups : in->nlookup;
		in = unneeded_locked(t, in);
	}
	pthread_mutex_unlock(&t->lock);
	inode_free(in);
}

struct inode *inode_hold(struct inodes *t, uint64_t id)
{
	struct inode *in = inode_lock(t, id);

	if (in)
		in->users++;
	pthread_mutex_unlock(&t->lock);
	return in;
}

struct inode *inode_hold_new(
	struct inodes *t, const struct attr *a, uint64_t tick, unsigned lookups, struct attr *shown)
{
	struct inode *in;

	pthread_mutex_lock(&t->lock);
	in = inode_find_or_insert_locked(t, a->id);
	if (in) {
		tell_locked(t, in, a, tick, lookups, shown);
		in->users++;
	}
	pthread_mutex_unlock(&t->lock);
	return in;
}

void inode_drop(struct inodes *t, struct inode *in)
{
	struct staged *staged = NULL;
	uint64_t size;
	int64_t mtime;

	pthread_mutex_lock(&t->lock);
	assert(in->users);
	if (!--in->users) {
		if (in->staged && !staged_dirty(in->staged, &size, &mtime)) {
			staged = in->staged;
			in->staged = NULL;
		}
		in = unneeded_locked(t, in);
	} else {
		in = NULL;
	}
	pthread_mutex_unlock(&t->lock);
	staged_close(&staged);
	inode_free(in);
}

uint64_t inode_id(const struct inode *in)
{
	return in->id;
}

bool inode_fresh_locked(const struct inodes *t, const struct inode *in, int64_t max_age_ms)
{
	return in->learnt_ms && in->tick >= t->trust && clock_ms() - in->learnt_ms < max_age_ms;
}

bool inode_fresh(
	struct inodes *t, uint64_t id, int64_t max_age_ms, struct attr *shown, int64_t *age_ms)
{
	struct inode *in = inode_lock(t, id);
	bool fresh;

	fresh = in && inode_fresh_locked(t, in, max_age_ms);
	if (fresh) {
		show_locked(in, shown);
		*age_ms = clock_ms() - in->learnt_ms;
	}
	pthread_mutex_unlock(&t->lock);
	return fresh;
}

void inodes_distrust(struct inodes *t, uint64_t tick)
{
	pthread_mutex_lock(&t->lock);
	if (tick > t->trust)
		t->trust = tick;
	pthread_mutex_unlock(&t->lock);
}

bool inode_refer(struct inodes *t, uint64_t id, struct attr *shown)
{
	struct inode *in = inode_lock(t, id);
	bool known = in && in->learnt_ms && in->tick >= t->trust && !in->gone;

	if (known) {
		in->nlookup++;
		in->told = in->attr.stamp;
		show_locked(in, shown);
	}
	pthread_mutex_unlock(&t->lock);
	return known;
}

bool inode_known(struct inodes *t, uint64_t id)
{
	struct inode *in = inode_lock(t, id);
	bool known = in && in->learnt_ms && in->tick >= t->trust;

	pthread_mutex_unlock(&t->lock);
	return known;
}

bool inode_unstored(struct inodes *t, uint64_t id)
{
	struct inode *in = inode_lock(t, id);
	uint64_t size;
	int64_t mtime;
	bool dirty = in && in->staged && staged_dirty(in->staged, &size, &mtime);

	pthread_mutex_unlock(&t->lock);
	return dirty;
}

bool inode_event(struct inodes *t, uint64_t id)
{
	struct inode *in = inode_lock(t, id);
	bool referred = in && in->nlookup;

	gate_touch_locked(t, gate_inode(id));
	if (in)
		in->learnt_ms = 0;
	pthread_mutex_unlock(&t->lock);
	return referred || id == INODE_ROOT;
}

bool inode_referred(struct inodes *t, uint64_t id)
{
	struct inode *in = inode_lock(t, id);
	bool referred = in && in->nlookup;

	pthread_mutex_unlock(&t->lock);
	return referred;
}

ssize_t inodes_referred(struct inodes *t, uint64_t **ids)
{
	struct inode *in;
	size_t pos = 0, n = 0;
	uint64_t id, *list;

	pthread_mutex_lock(&t->lock);
	list = malloc((t->by_id.used + 1) * sizeof(*list));
	while (list && (in = map_next(&t->by_id, &pos, &id)))
		if (in->nlookup || id == INODE_ROOT)
			list[n++] = id;
	pthread_mutex_unlock(&t->lock);
	if (!list)
		return -ENOMEM;
	*ids = list;
	return (ssize_t)n;
}

void inode_stale(struct inodes *t, uint64_t id)
{
	struct inode *in = inode_lock(t, id);

	gate_touch_locked(t, gate_inode(id));
	if (in)
		in->learnt_ms = 0;
	pthread_mutex_unlock(&t->lock);
}

int inode_attr(struct inodes *t, uint64_t id, struct attr *shown)
{
	struct inode *in = inode_lock(t, id);

	if (in && in->tick)
		show_locked(in, shown);
	else
		in = NULL;
	pthread_mutex_unlock(&t->lock);
	return in ? 0 : -ENOENT;
}

char *inode_target(struct inodes *t, uint64_t id)
{
	struct inode *in = inode_lock(t, id);
	char *copy;

	copy = in && in->target ? strdup(in->target) : NULL;
	pthread_mutex_unlock(&t->lock);
	return copy;
}

void inode_changed(struct inodes *t, const struct attr *a, struct attr *shown)
{
	inode_changed_since(t, 0, a, shown);
}

void inode_changed_since(struct inodes *t, uint64_t tick, const struct attr *a, struct attr *shown)
{
	struct inode *in = inode_lock(t, a->id);

	if (in) {
		learn_locked(t, in, a, ++t->clock, tick);
		gate_touch_locked(t, gate_inode(a->id));
		show_locked(in, shown);
	} else {
		*shown = *a;
	}
	pthread_mutex_unlock(&t->lock);
}

void inode_moved(struct inodes *t, uint64_t tick, uint64_t id, const struct attr *a)
{
	struct inode *in = inode_lock(t, id);

	if (in && a->id == id && gate_clean_locked(t, gate_inode(id), tick))
		learn_locked(t, in, a, ++t->clock, tick);
	else if (in)
		in->learnt_ms = 0;
	gate_touch_locked(t, gate_inode(id));
	pthread_mutex_unlock(&t->lock);
}

int inode_changed_here(struct inodes *t, uint64_t id, struct attr *shown)
{
	struct inode *in = inode_lock(t, id);

	if (in) {
		in->attr.ctime = clock_real_ns();
		show_locked(in, shown);
	}
	pthread_mutex_unlock(&t->lock);
	return in ? 0 : -ENOENT;
}

int inode_change_gone(
	struct inodes *t, uint64_t id, const struct wire_change *c, struct attr *shown)
{
	struct inode *in = inode_lock(t, id);

	if (in && in->users) {
		if (!in->gone || c->set)
			in->attr.ctime = clock_real_ns();
		in->gone = true;
		in->attr.nlink = 0;
		if (c->set & WIRE_MODE)
			in->attr.mode = (in->attr.mode & S_IFMT) | (c->mode & 07777);
		if (c->set & WIRE_UID)
			in->attr.uid = c->uid;
		if (c->set & WIRE_GID)
			in->attr.gid = c->gid;
		if (c->set & WIRE_SIZE) {
			in->attr.size = in->attr.allocated = in->attr.stamp = 0;
			in->attr.mtime = in->attr.ctime;
			in->stored = (struct version){ 0 };
			in->commits++;
		}
		if (c->set & WIRE_ATIME)
			in->attr.atime = c->atime;
		if (c->set & WIRE_MTIME)
			in->attr.mtime = c->mtime;
		show_locked(in, shown);
	} else {
		in = NULL;
	}
	pthread_mutex_unlock(&t->lock);
	return in ? 0 : -ENOENT;
}

void inode_unlinked(struct inodes *t, uint64_t id, uint32_t nlink)
{
	struct inode *in = inode_lock(t, id);

	if (in) {
		in->attr.nlink = nlink;
		gate_touch_locked(t, gate_inode(id));
		in->tick = ++t->clock;
		in->learnt_ms = 0; /* its ctime */
		in->gone = in->gone || !nlink;
		if (in->gone) /* nobody else tells it any more */
			in->attr.ctime = clock_real_ns();
	}
	pthread_mutex_unlock(&t->lock);
}

bool inode_gone(struct inodes *t, uint64_t id)
{
	struct inode *in = inode_lock(t, id);
	bool gone;

	gone = in && in->gone;
	pthread_mutex_unlock(&t->lock);
	return gone;
}

void inode_names_changed(struct inodes *t, uint64_t dir)
{
	struct inode *in = inode_lock(t, dir);

	if (in)
		in->names_tick = ++t->clock;
	pthread_mutex_unlock(&t->lock);
}

uint64_t inode_names_tick(struct inodes *t, uint64_t dir)
{
	struct inode *in = inode_lock(t, dir);
	uint64_t tick;

	tick = in ? in->names_tick : 0;
	pthread_mutex_unlock(&t->lock);
	return tick;
}
