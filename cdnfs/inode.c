/* Lock order: inodes.lock → staged's own. */
#include "cdnfs/inode.h"

#include "common/clock.h"
#include "common/map.h"
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct inode {
	uint64_t id;
	/* all under inodes.lock */
	struct attr attr;
	char *target;
	uint64_t nlookup; /* the kernel's references */
	unsigned users;	  /* handles, and operations under way */
	unsigned commits; /* versions stored through this mount */
	struct version stored;
	uint64_t tick;	     /* when attr was learnt */
	int64_t learnt_ms;   /* clock_ms of that, 0: some of it is not known */
	uint64_t names_tick; /* last change of a name in it */
	uint64_t pages;	     /* version of the kernel's pages */
	uint64_t told;	     /* version whose size the kernel knows */
	const struct place *place, *unsynced;
	struct staged *staged;
	bool gone;
};

struct inodes {
	pthread_mutex_t lock;
	struct map by_id; /* lock */
	uint64_t clock;	  /* lock */
	uint64_t trust;	  /* lock: what was learnt at an earlier tick is not fresh */
};

int inodes_open(struct inodes **out)
{
	struct inodes *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	pthread_mutex_init(&t->lock, NULL);
	*out = t;
	return 0;
}

static void inode_free(struct inode *in)
{
	if (!in)
		return;
	staged_close(&in->staged);
	free(in->target);
	free(in);
}

void inodes_close(struct inodes **t)
{
	struct inode *in;
	size_t pos = 0;
	uint64_t id;

	if (!*t)
		return;
	while ((in = map_next(&(*t)->by_id, &pos, &id)))
		inode_free(in);
	map_release(&(*t)->by_id);
	pthread_mutex_destroy(&(*t)->lock);
	free(*t);
	*t = NULL;
}

uint64_t inodes_tick(struct inodes *t)
{
	uint64_t tick;

	pthread_mutex_lock(&t->lock);
	tick = ++t->clock;
	pthread_mutex_unlock(&t->lock);
	return tick;
}

size_t inodes_count(struct inodes *t)
{
	size_t n;

	pthread_mutex_lock(&t->lock);
	n = t->by_id.used;
	pthread_mutex_unlock(&t->lock);
	return n;
}

static struct inode *find_or_insert_locked(struct inodes *t, uint64_t id)
{
	struct inode *in = map_get(&t->by_id, id);

	if (in)
		return in;
	in = calloc(1, sizeof(*in));
	if (!in)
		return NULL;
	in->id = id;
	if (map_put(&t->by_id, id, in) < 0) {
		free(in);
		return NULL;
	}
	return in;
}

static void learn_locked(struct inode *in, const struct attr *a, uint64_t tick)
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
	in->learnt_ms = clock_ms();
}

static void show_locked(const struct inode *in, struct attr *shown)
{
	uint64_t size;
	int64_t mtime;

	*shown = in->attr;
	if (in->staged && staged_dirty(in->staged, &size, &mtime)) {
		shown->size = size;
		if (mtime > shown->ctime)
			shown->ctime = mtime;
		shown->mtime = mtime;
	}
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
	in = find_or_insert_locked(t, a->id);
	if (in) {
		learn_locked(in, a, tick);
		in->nlookup += lookups;
		if (lookups)
			in->told = in->attr.stamp;
		if (!in->target && copy) {
			in->target = copy;
			copy = NULL;
		}
		show_locked(in, shown);
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
	struct inode *in;

	pthread_mutex_lock(&t->lock);
	in = map_get(&t->by_id, id);
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
	struct inode *in;

	pthread_mutex_lock(&t->lock);
	in = map_get(&t->by_id, id);
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
	in = find_or_insert_locked(t, a->id);
	if (in) {
		learn_locked(in, a, tick);
		in->nlookup += lookups;
		if (lookups)
			in->told = in->attr.stamp;
		in->users++;
		show_locked(in, shown);
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

bool inode_fresh(
	struct inodes *t, uint64_t id, int64_t max_age_ms, struct attr *shown, int64_t *age_ms)
{
	int64_t now = clock_ms();
	struct inode *in;
	bool fresh;

	pthread_mutex_lock(&t->lock);
	in = map_get(&t->by_id, id);
	fresh = in && in->learnt_ms && in->tick >= t->trust && now - in->learnt_ms < max_age_ms;
	if (fresh) {
		show_locked(in, shown);
		*age_ms = now - in->learnt_ms;
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

void inode_stale(struct inodes *t, uint64_t id)
{
	struct inode *in;

	pthread_mutex_lock(&t->lock);
	in = map_get(&t->by_id, id);
	if (in)
		in->learnt_ms = 0;
	pthread_mutex_unlock(&t->lock);
}

int inode_attr(struct inodes *t, uint64_t id, struct attr *shown)
{
	struct inode *in;

	pthread_mutex_lock(&t->lock);
	in = map_get(&t->by_id, id);
	if (in && in->tick)
		show_locked(in, shown);
	else
		in = NULL;
	pthread_mutex_unlock(&t->lock);
	return in ? 0 : -ENOENT;
}

bool inode_in_use(struct inodes *t, uint64_t id)
{
	struct inode *in;
	bool used;

	pthread_mutex_lock(&t->lock);
	in = map_get(&t->by_id, id);
	used = in && in->users;
	pthread_mutex_unlock(&t->lock);
	return used;
}

char *inode_target(struct inodes *t, uint64_t id)
{
	struct inode *in;
	char *copy;

	pthread_mutex_lock(&t->lock);
	in = map_get(&t->by_id, id);
	copy = in && in->target ? strdup(in->target) : NULL;
	pthread_mutex_unlock(&t->lock);
	return copy;
}

void inode_changed(struct inodes *t, const struct attr *a, struct attr *shown)
{
	struct inode *in;

	pthread_mutex_lock(&t->lock);
	in = map_get(&t->by_id, a->id);
	if (in) {
		learn_locked(in, a, ++t->clock);
		show_locked(in, shown);
	} else {
		*shown = *a;
	}
	pthread_mutex_unlock(&t->lock);
}

int inode_change_gone(
	struct inodes *t, uint64_t id, const struct wire_change *c, struct attr *shown)
{
	struct inode *in;

	pthread_mutex_lock(&t->lock);
	in = map_get(&t->by_id, id);
	if (in && in->users) {
		in->gone = true;
		in->attr.nlink = 0;
		if (c->set & WIRE_MODE)
			in->attr.mode = (in->attr.mode & S_IFMT) | (c->mode & 07777);
		if (c->set & WIRE_UID)
			in->attr.uid = c->uid;
		if (c->set & WIRE_GID)
			in->attr.gid = c->gid;
		if (c->set & WIRE_SIZE) {
			in->attr.size = in->attr.stamp = 0;
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
	struct inode *in;

	pthread_mutex_lock(&t->lock);
	in = map_get(&t->by_id, id);
	if (in) {
		in->attr.nlink = nlink;
		in->tick = ++t->clock;
		in->learnt_ms = 0; /* its ctime */
		in->gone = in->gone || !nlink;
	}
	pthread_mutex_unlock(&t->lock);
}

bool inode_gone(struct inodes *t, uint64_t id)
{
	struct inode *in;
	bool gone;

	pthread_mutex_lock(&t->lock);
	in = map_get(&t->by_id, id);
	gone = in && in->gone;
	pthread_mutex_unlock(&t->lock);
	return gone;
}

void inode_names_changed(struct inodes *t, uint64_t dir)
{
	struct inode *in;

	pthread_mutex_lock(&t->lock);
	in = map_get(&t->by_id, dir);
	if (in)
		in->names_tick = ++t->clock;
	pthread_mutex_unlock(&t->lock);
}

uint64_t inode_names_tick(struct inodes *t, uint64_t dir)
{
	struct inode *in;
	uint64_t tick;

	pthread_mutex_lock(&t->lock);
	in = map_get(&t->by_id, dir);
	tick = in ? in->names_tick : 0;
	pthread_mutex_unlock(&t->lock);
	return tick;
}

struct version inode_version(struct inodes *t, const struct inode *in, unsigned *commits)
{
	struct version v;

	pthread_mutex_lock(&t->lock);
	v = (struct version){ in->attr.stamp, in->attr.size, in->attr.place };
	*commits = in->commits;
	pthread_mutex_unlock(&t->lock);
	return v;
}

void inode_follow(struct inodes *t, const struct inode *in, unsigned *commits, struct version *v)
{
	pthread_mutex_lock(&t->lock);
	if (*commits != in->commits) {
		*v = in->stored;
		*commits = in->commits;
	}
	pthread_mutex_unlock(&t->lock);
}

void inode_stored(struct inodes *t, struct inode *in, const struct wire_stored *s,
	const struct place *place, uint64_t base, const struct place *unsynced)
{
	pthread_mutex_lock(&t->lock);
	in->attr.stamp = s->stamp;
	in->attr.size = s->size;
	in->attr.place = place;
	if (s->mtime)
		in->attr.mtime = s->mtime;
	if (s->ctime)
		in->attr.ctime = s->ctime;
	in->tick = ++t->clock;
	in->stored = (struct version){ s->stamp, s->size, place };
	in->commits++;
	in->unsynced = unsynced;
	if (in->pages == base)
		in->pages = s->stamp;
	if (in->told == base)
		in->told = s->stamp;
	pthread_mutex_unlock(&t->lock);
}

bool inode_pages(struct inodes *t, struct inode *in, uint64_t stamp)
{
	bool same;

	pthread_mutex_lock(&t->lock);
	same = in->pages == stamp;
	in->pages = stamp;
	pthread_mutex_unlock(&t->lock);
	return same;
}

void inode_tell(struct inodes *t, uint64_t id, uint64_t stamp)
{
	struct inode *in;

	pthread_mutex_lock(&t->lock);
	in = map_get(&t->by_id, id);
	if (in)
		in->told = stamp;
	pthread_mutex_unlock(&t->lock);
}

bool inode_told(struct inodes *t, const struct inode *in, uint64_t stamp)
{
	bool same;

	pthread_mutex_lock(&t->lock);
	same = in->told == stamp;
	pthread_mutex_unlock(&t->lock);
	return same;
}

bool inode_shared(struct inodes *t, const struct inode *in, uint64_t stamp)
{
	bool shared;

	pthread_mutex_lock(&t->lock);
	shared = in->users > 1 && in->pages && in->pages != stamp;
	pthread_mutex_unlock(&t->lock);
	return shared;
}

void inode_set_place(struct inodes *t, struct inode *in, const struct place *p)
{
	pthread_mutex_lock(&t->lock);
	in->place = p;
	pthread_mutex_unlock(&t->lock);
}

const struct place *inode_take_place(struct inodes *t, struct inode *in)
{
	const struct place *p;

	pthread_mutex_lock(&t->lock);
	p = in->place;
	in->place = NULL;
	pthread_mutex_unlock(&t->lock);
	return p;
}

void inode_set_unsynced(struct inodes *t, struct inode *in, const struct place *p)
{
	pthread_mutex_lock(&t->lock);
	if (!in->unsynced)
		in->unsynced = p;
	pthread_mutex_unlock(&t->lock);
}

const struct place *inode_take_unsynced(struct inodes *t, struct inode *in)
{
	const struct place *p;

	pthread_mutex_lock(&t->lock);
	p = in->unsynced;
	in->unsynced = NULL;
	pthread_mutex_unlock(&t->lock);
	return p;
}

struct staged *inode_staged(struct inodes *t, const struct inode *in)
{
	struct staged *s;

	pthread_mutex_lock(&t->lock);
	s = in->staged;
	pthread_mutex_unlock(&t->lock);
	return s;
}

int inode_stage(struct inodes *t, struct inode *in, int dirfd, struct staged **out)
{
	struct staged *made, *have = inode_staged(t, in);
	int rc;

	if (have) {
		*out = have;
		return 0;
	}
	rc = staged_open(dirfd, &made);
	if (rc < 0)
		return rc;
	pthread_mutex_lock(&t->lock);
	if (!in->staged) {
		in->staged = made;
		made = NULL;
	}
	*out = in->staged;
	pthread_mutex_unlock(&t->lock);
	staged_close(&made); /* another was quicker */
	return 0;
}

struct inode *inode_next_dirty(struct inodes *t, uint64_t after, bool unused)
{
	struct inode *in, *best = NULL;
	size_t pos = 0;
	uint64_t id, size;
	int64_t mtime;

	pthread_mutex_lock(&t->lock);
	while ((in = map_next(&t->by_id, &pos, &id)))
		if (id > after && !(unused && in->users) && (!best || id < best->id) &&
			in->staged && staged_dirty(in->staged, &size, &mtime))
			best = in;
	if (best)
		best->users++;
	pthread_mutex_unlock(&t->lock);
	return best;
}
