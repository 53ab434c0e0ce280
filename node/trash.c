#include "node/trash.h"
#include "common/clock.h"
#include "node/blob.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NS 1000000000LL

struct item {
	struct blob_name name;
	uint64_t size;
	int64_t since; /* ns since 1970 */
};

struct trash {
	const struct folder *folder;
	struct usage *usage;
	int64_t ttl_ns;
	pthread_t thread;
	bool running;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct item *items;   /* lock: oldest at `first` */
	size_t first, n, cap; /* lock */
	bool stop;	      /* lock */
};

static int push_locked(struct trash *t, const struct item *item)
{
	struct item *grown;

	if (t->first > 0 && t->first + t->n == t->cap) {
		memmove(t->items, t->items + t->first, t->n * sizeof(*t->items));
		t->first = 0;
	}
	if (t->n == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 64;

		grown = realloc(t->items, cap * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		t->items = grown;
		t->cap = cap;
	}
	t->items[t->first + t->n++] = *item;
	return 0;
}

/* The oldest that was put in at or before `then`. */
static bool pop(struct trash *t, int64_t then, struct item *out)
{
	bool got;

	pthread_mutex_lock(&t->lock);
	got = t->n > 0 && t->items[t->first].since <= then;
	if (got) {
		*out = t->items[t->first];
		t->n--;
		t->first = t->n ? t->first + 1 : 0;
	}
	pthread_mutex_unlock(&t->lock);
	return got;
}

static void drop(struct trash *t, const struct item *item)
{
	char name[BLOB_NAME];

	blob_name_format(&item->name, name);
	(void)unlinkat(
		t->folder->trash, name, 0); /* gone already, or found again at the next start */
	usage_purge(t->usage, item->size);
}

uint64_t trash_free(struct trash *t, uint64_t bytes)
{
	uint64_t freed = 0;
	struct item item;

	while (freed < bytes && pop(t, INT64_MAX, &item)) {
		drop(t, &item);
		freed += item.size;
	}
	return freed;
}

void trash_expire(struct trash *t, int64_t then_ns)
{
	struct item item;

	while (pop(t, then_ns, &item))
		drop(t, &item);
}

int trash_put(struct trash *t, const struct blob_name *name, uint64_t size)
{
	struct item item = { .name = *name, .size = size, .since = clock_real_ns() };
	int from = folder_of(t->folder, name->id), rc;
	char text[BLOB_NAME];

	blob_name_format(name, text);
	/* the time first: after a crash between the two it is only a live blob with another file time */
	(void)utimensat(from, text, NULL, 0); /* wrong by at most the blob's age */
	if (renameat(from, text, t->folder->trash, text) < 0)
		return -errno;
	usage_retire(t->usage, size);
	pthread_mutex_lock(&t->lock);
	rc = push_locked(t, &item);
	if (t->n == 1) /* the thread sleeps for long while there is nothing */
		pthread_cond_signal(&t->changed);
	pthread_mutex_unlock(&t->lock);
	if (rc < 0) /* no memory to remember it: it goes now */
		drop(t, &item);
	if (t->ttl_ns == 0)
		trash_expire(t, item.since);
	return 0;
}

static int64_t next_expiry_ns(struct trash *t, int64_t now)
{
	int64_t until = now + 3600 * NS;

	if (t->n > 0 && t->items[t->first].since + t->ttl_ns < until)
		until = t->items[t->first].since + t->ttl_ns;
	return until > now + NS ? until : now + NS;
}

static void *run(void *arg)
{
	struct trash *t = arg;
	struct timespec at;
	int64_t until;
	bool stop;

	for (;;) {
		trash_expire(t, clock_real_ns() - t->ttl_ns);
		pthread_mutex_lock(&t->lock);
		until = next_expiry_ns(t, clock_real_ns());
		at = (struct timespec){ .tv_sec = until / NS, .tv_nsec = until % NS };
		if (!t->stop) /* woken early or late is no harm: the loop looks again */
			(void)pthread_cond_timedwait(&t->changed, &t->lock, &at);
		stop = t->stop;
		pthread_mutex_unlock(&t->lock);
		if (stop)
			return NULL;
	}
}

static int found(void *ctx, const char *name, const struct stat *st)
{
	struct item item = { .since = st->st_mtim.tv_sec * NS + st->st_mtim.tv_nsec };
	struct trash *t = ctx;
	int rc;

	if (!S_ISREG(st->st_mode) || blob_name_parse(name, &item.name) < 0)
		return 0;
	item.size = blob_room(t->folder->trash, name, st);
	rc = push_locked(t, &item);
	if (rc == 0)
		usage_found_trash(t->usage, item.size);
	return rc;
}

static int by_age(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return (x->since > y->since) - (x->since < y->since);
}

int trash_open(const struct folder *f, struct usage *u, uint64_t ttl, struct trash **out)
{
	struct trash *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return -ENOMEM;
	t->folder = f;
	t->usage = u;
	t->ttl_ns = (int64_t)ttl * NS;
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->changed, NULL);
	rc = folder_each(f->trash, found, t);
	if (rc < 0)
		goto fail;
	if (t->n > 0)
		qsort(t->items, t->n, sizeof(*t->items), by_age);
	rc = -pthread_create(&t->thread, NULL, run, t);
	if (rc < 0)
		goto fail;
	t->running = true;
	*out = t;
	return 0;
fail:
	trash_close(&t);
	return rc;
}

void trash_close(struct trash **tp)
{
	struct trash *t = *tp;

	if (!t)
		return;
	if (t->running) {
		pthread_mutex_lock(&t->lock);
		t->stop = true;
		pthread_cond_signal(&t->changed);
		pthread_mutex_unlock(&t->lock);
		pthread_join(t->thread, NULL);
	}
	free(t->items);
	pthread_cond_destroy(&t->changed);
	pthread_mutex_destroy(&t->lock);
	free(t);
	*tp = NULL;
}
