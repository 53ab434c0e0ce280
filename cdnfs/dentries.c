#include "cdnfs/dentries.h"

#include "cdnfs/gate.h"
#include "common/clock.h"
#include "common/limits.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 65536	/* a power of two */
#define LOOKS 16	/* so many are looked at for one that may go */
#define SHARED_MS 30000 /* a directory in which another mount changed a name */

/* A name; or with an empty one what is known of the directory itself. */
struct dentry_row {
	struct dentry_row *next;	  /* of its bucket */
	struct dentry_row *newer, *older; /* of all, by use */
	uint64_t key, dir, id;
	enum dentry state;
	bool complete;	      /* a directory's: all its names are here */
	int64_t shared_until; /* a directory's */
	int64_t kernel_until; /* a name's */
	char name[];
};

struct dentries {
	struct inodes *inodes;
	size_t limit;
	pthread_mutex_t lock;
	/* lock */
	struct dentry_row **buckets, *newest, *oldest;
	struct dentries_counts counts;
};

int dentries_open(struct inodes *inodes, size_t limit, struct dentries **out)
{
	struct dentries *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->buckets = calloc(BUCKETS, sizeof(struct dentry_row *));
	if (!d->buckets) {
		free(d);
		return -ENOMEM;
	}
	pthread_mutex_init(&d->lock, NULL);
	d->inodes = inodes;
	d->limit = limit ? limit : LIMIT_DENTRIES;
	*out = d;
	return 0;
}

static void unlink_use(struct dentries *d, struct dentry_row *r)
{
	if (r->newer)
		r->newer->older = r->older;
	else
		d->newest = r->older;
	if (r->older)
		r->older->newer = r->newer;
	else
		d->oldest = r->newer;
}

static void link_use(struct dentries *d, struct dentry_row *r)
{
	r->newer = NULL;
	r->older = d->newest;
	if (d->newest)
		d->newest->newer = r;
	d->newest = r;
	if (!d->oldest)
		d->oldest = r;
}

static void use(struct dentries *d, struct dentry_row *r)
{
	if (d->newest == r)
		return;
	unlink_use(d, r);
	link_use(d, r);
}

static uint64_t key_of(uint64_t dir, const char *name)
{
	return *name ? gate_entry(dir, name) : gate_names(dir);
}

static struct dentry_row *find(struct dentries *d, uint64_t dir, const char *name)
{
	uint64_t key = key_of(dir, name);
	struct dentry_row *r = d->buckets[key % BUCKETS];

	while (r && (r->key != key || r->dir != dir || strcmp(r->name, name) != 0))
		r = r->next;
	return r;
}

static void drop(struct dentries *d, struct dentry_row *r)
{
	struct dentry_row **at = &d->buckets[r->key % BUCKETS];

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	unlink_use(d, r);
	d->counts.names--;
	free(r);
}

/* A name that goes is known no more, so its directory is not known completely. */
static void evict(struct dentries *d, struct dentry_row *r)
{
	struct dentry_row *dir = *r->name ? find(d, r->dir, "") : NULL;

	if (dir)
		dir->complete = false;
	drop(d, r);
}

static bool make_room(struct dentries *d)
{
	int64_t now = clock_ms();

	for (int i = 0; d->counts.names >= d->limit; i++) {
		struct dentry_row *r = d->oldest;

		if (i == LOOKS)
			return false;
		if (r->kernel_until > now)
			use(d, r);
		else
			evict(d, r);
	}
	return true;
}

/* NULL: no room. */
static struct dentry_row *find_or_insert(struct dentries *d, uint64_t dir, const char *name)
{
	struct dentry_row *r = find(d, dir, name);
	size_t size = strlen(name) + 1;

	if (r) {
		use(d, r);
		return r;
	}
	if (!make_room(d))
		return NULL;
	r = calloc(1, sizeof(*r) + size);
	if (!r)
		return NULL;
	r->key = key_of(dir, name);
	r->dir = dir;
	memcpy(r->name, name, size);
	r->next = d->buckets[r->key % BUCKETS];
	d->buckets[r->key % BUCKETS] = r;
	link_use(d, r);
	d->counts.names++;
	return r;
}

static void mean(struct dentry_row *r, uint64_t id)
{
	r->state = id == DENTRY_LOST ? DENTRY_UNKNOWN : id ? DENTRY_THERE : DENTRY_ABSENT;
	r->id = id;
}

/* What the kernel may believe stays on record. */
void dentries_clear(struct dentries *d, dentries_forgot *fn, void *arg)
{
	int64_t now = clock_ms();
	struct dentry_row *r, *older;

	pthread_mutex_lock(&d->lock);
	for (r = d->newest; r; r = older) {
		older = r->older;
		if (r->kernel_until > now) {
			fn(arg, r->dir, r->name, r->id, r->kernel_until);
			mean(r, DENTRY_LOST);
		} else {
			drop(d, r);
		}
	}
	pthread_mutex_unlock(&d->lock);
}

void dentries_close(struct dentries **dp)
{
	struct dentries *d = *dp;

	*dp = NULL;
	if (!d)
		return;
	while (d->newest)
		drop(d, d->newest);
	pthread_mutex_destroy(&d->lock);
	free(d->buckets);
	free(d);
}

enum dentry dentries_find(struct dentries *d, uint64_t dir, const char *name, uint64_t *id)
{
	enum dentry state = DENTRY_UNKNOWN;
	struct dentry_row *r;

	pthread_mutex_lock(&d->lock);
	r = find(d, dir, name);
	if (r) {
		state = r->state;
		if (state == DENTRY_THERE)
			*id = r->id;
		use(d, r);
	} else if ((r = find(d, dir, "")) && r->complete) {
		state = DENTRY_ABSENT;
		use(d, r);
	}
	if (state == DENTRY_UNKNOWN)
		d->counts.misses++;
	else
		d->counts.hits++;
	pthread_mutex_unlock(&d->lock);
	return state;
}

bool dentries_learn(struct dentries *d, uint64_t dir, const char *name, uint64_t id, uint64_t tick)
{
	struct dentry_row *r = NULL;

	pthread_mutex_lock(&d->lock);
	if (gate_clean(d->inodes, gate_entry(dir, name), tick))
		r = find_or_insert(d, dir, name);
	if (r)
		mean(r, id);
	pthread_mutex_unlock(&d->lock);
	return r != NULL;
}

/* What is known of a directory without the names that are not here. */
static void not_complete(struct dentries *d, uint64_t dir)
{
	struct dentry_row *r = find(d, dir, "");

	if (r)
		r->complete = false;
}

/* Two changes of one name that were under way at the same moment: the answers do not tell which was the last. */
void dentries_set(struct dentries *d, uint64_t dir, const char *name, uint64_t id, uint64_t tick)
{
	struct dentry_row *r;

	pthread_mutex_lock(&d->lock);
	if (!gate_clean(d->inodes, gate_entry(dir, name), tick))
		id = DENTRY_LOST;
	gate_touch(d->inodes, gate_entry(dir, name));
	gate_touch(d->inodes, gate_names(dir));
	r = find_or_insert(d, dir, name);
	if (r)
		mean(r, id);
	else
		not_complete(d, dir);
	pthread_mutex_unlock(&d->lock);
}

void dentries_complete(struct dentries *d, uint64_t dir, uint64_t tick)
{
	struct dentry_row *r = NULL;

	pthread_mutex_lock(&d->lock);
	if (gate_clean(d->inodes, gate_names(dir), tick))
		r = find_or_insert(d, dir, "");
	if (r)
		r->complete = true;
	pthread_mutex_unlock(&d->lock);
}

static bool is_shared(struct dentries *d, uint64_t dir, int64_t now)
{
	const struct dentry_row *r = find(d, dir, "");

	return r && r->shared_until > now;
}

bool dentries_tell(struct dentries *d, uint64_t dir, const char *name, uint64_t id, int64_t until)
{
	struct dentry_row *r;
	bool told = false;

	pthread_mutex_lock(&d->lock);
	r = find(d, dir, name);
	if (!r && !id && (r = find(d, dir, "")) && r->complete) {
		r = find_or_insert(d, dir, name);
		if (r)
			mean(r, 0);
	}
	if (r && *r->name && r->state != DENTRY_UNKNOWN && r->id == id &&
		!is_shared(d, dir, clock_ms())) {
		if (r->kernel_until < until)
			r->kernel_until = until;
		told = true;
	}
	pthread_mutex_unlock(&d->lock);
	return told;
}

bool dentries_move(struct dentries *d, uint64_t dir, const char *name, uint64_t todir,
	const char *toname, bool exchange)
{
	struct dentry_row *from, *to;
	int64_t until, now = clock_ms();
	bool here = true;

	pthread_mutex_lock(&d->lock);
	from = find(d, dir, name);
	to = find(d, todir, toname);
	until = from ? from->kernel_until : 0;
	if (from && exchange && to && from->kernel_until < to->kernel_until)
		from->kernel_until = to->kernel_until;
	if (to && to->kernel_until < until)
		to->kernel_until = until;
	else if (!to)
		here = until <= now;
	pthread_mutex_unlock(&d->lock);
	return here;
}

int64_t dentries_changed(struct dentries *d, uint64_t dir, const char *name)
{
	struct dentry_row *r, *all;
	int64_t now = clock_ms(), until;

	gate_touch(d->inodes, gate_entry(dir, name));
	gate_touch(d->inodes, gate_names(dir));
	pthread_mutex_lock(&d->lock);
	all = find_or_insert(d, dir, "");
	if (all)
		all->shared_until = now + SHARED_MS;
	r = find(d, dir, name);
	until = r && r->kernel_until > now ? r->kernel_until : 0;
	if (r) {
		r->kernel_until = 0;
		mean(r, DENTRY_LOST);
	} else if (all && all->complete) {
		r = find_or_insert(d, dir, name);
		if (r)
			mean(r, DENTRY_LOST);
		else
			not_complete(d, dir);
	}
	pthread_mutex_unlock(&d->lock);
	return until;
}

void dentries_counts(struct dentries *d, struct dentries_counts *out)
{
	pthread_mutex_lock(&d->lock);
	*out = d->counts;
	pthread_mutex_unlock(&d->lock);
}
