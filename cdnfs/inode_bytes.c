/* Lock order: inodes.lock → a staged file's own. */
#include "cdnfs/inode_bytes.h"

#include "cdnfs/gate.h"
#include "cdnfs/inode_table.h"

static struct version version_of(const struct attr *a)
{
	return (struct version){ a->stamp, a->size, a->place, a->allocated };
}

struct version inode_version(struct inodes *t, const struct inode *in, unsigned *commits)
{
	struct version v;

	pthread_mutex_lock(&t->lock);
	v = version_of(&in->attr);
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

bool inode_adopt(struct inodes *t, struct inode *in)
{
	bool same;

	pthread_mutex_lock(&t->lock);
	same = in->pages == in->attr.stamp && in->told == in->attr.stamp;
	in->stored = version_of(&in->attr);
	in->commits++;
	in->pages = in->told = in->attr.stamp;
	pthread_mutex_unlock(&t->lock);
	return same;
}

void inode_store_begin(struct inodes *t, struct inode *in)
{
	pthread_mutex_lock(&t->lock);
	in->store_tick = ++t->clock;
	pthread_mutex_unlock(&t->lock);
}

void inode_stored(struct inodes *t, struct inode *in, const struct wire_stored *s,
	const struct place *place, uint64_t base, const struct place *unsynced)
{
	pthread_mutex_lock(&t->lock);
	in->attr.stamp = s->stamp;
	in->attr.size = s->size;
	in->attr.allocated = s->allocated;
	in->attr.place = place;
	if (s->mtime)
		in->attr.mtime = s->mtime;
	if (s->ctime)
		in->attr.ctime = s->ctime;
	if (!s->stamp || !s->ctime || in->tick < t->trust ||
		!gate_clean_locked(t, gate_inode(in->id), in->store_tick))
		in->learnt_ms = 0;
	if (s->stamp) /* else inode_changed_since follows */
		gate_touch_locked(t, gate_inode(in->id));
	in->tick = ++t->clock;
	in->stored = version_of(&in->attr);
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
	struct inode *in = inode_lock(t, id);

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

bool inode_mappable(struct inodes *t, struct inode *in, int by)
{
	bool any;

	pthread_mutex_lock(&t->lock);
	in->mappers += (unsigned)by;
	any = in->mappers > 0;
	pthread_mutex_unlock(&t->lock);
	return any;
}

void inode_set_place(struct inodes *t, struct inode *in, const struct place *p)
{
	pthread_mutex_lock(&t->lock);
	in->place = p;
	pthread_mutex_unlock(&t->lock);
}

static const struct place *take(struct inodes *t, const struct place **at)
{
	const struct place *p;

	pthread_mutex_lock(&t->lock);
	p = *at;
	*at = NULL;
	pthread_mutex_unlock(&t->lock);
	return p;
}

const struct place *inode_take_place(struct inodes *t, struct inode *in)
{
	return take(t, &in->place);
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
	return take(t, &in->unsynced);
}

struct staged *inode_staged(struct inodes *t, const struct inode *in)
{
	struct staged *s;

	pthread_mutex_lock(&t->lock);
	s = in->staged;
	pthread_mutex_unlock(&t->lock);
	return s;
}

int inode_stage(struct inodes *t, struct inode *in, struct staging_dir *dir, struct staged **out)
{
	struct staged *made, *have = inode_staged(t, in);
	int rc;

	if (have) {
		*out = have;
		return 0;
	}
	rc = staged_open(dir, &made);
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

void inodes_dirty(struct inodes *t, uint64_t *files, uint64_t *bytes)
{
	uint64_t n = 0, sum = 0, id, size;
	struct inode *in;
	size_t pos = 0;
	int64_t mtime;

	pthread_mutex_lock(&t->lock);
	while ((in = map_next(&t->by_id, &pos, &id)))
		if (in->staged && staged_dirty(in->staged, &size, &mtime)) {
			n++;
			sum += size;
		}
	pthread_mutex_unlock(&t->lock);
	*files = n;
	*bytes = sum;
}
