#include "node/resolve.h"
#include "common/clock.h"
#include "common/log.h"
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AGAIN_MS 1000 /* between two questions about the same thing */

struct item {
	struct pending pending; /* stamp 0: several versions of content `id` */
	enum resolve_kind kind;
	int64_t due_ms;	  /* next question */
	int64_t grace_ms; /* until then "not registered" may change */
	struct item *next;
};

struct resolve {
	struct store *store;
	struct dist *dist;
	int64_t grace_ms;
	pthread_t thread;
	bool running;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct item *items; /* lock */
	size_t waiting;	    /* lock: with the one that is being worked on */
	bool stop;	    /* lock */
};

static void insert(struct resolve *r, struct item *item)
{
	pthread_mutex_lock(&r->lock);
	item->next = r->items;
	r->items = item;
	pthread_cond_signal(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

static int add(struct resolve *r, const struct pending *p, enum resolve_kind kind)
{
	struct item *item = calloc(1, sizeof(*item));

	if (!item)
		return -ENOMEM;
	item->pending = *p;
	item->kind = kind;
	item->due_ms = clock_ms();
	item->grace_ms = item->due_ms + r->grace_ms;
	pthread_mutex_lock(&r->lock);
	r->waiting++;
	pthread_mutex_unlock(&r->lock);
	insert(r, item);
	return 0;
}

void resolve_add(struct resolve *r, const struct pending *p, enum resolve_kind kind)
{
	int rc = p->id ? index_doubt(&r->store->index, p->id) : 0;

	if (rc == 0)
		rc = add(r, p, kind);
	if (rc < 0)
		log_error("no memory to settle an upload before the next start",
			"stamp=%016" PRIx64, p->stamp);
}

/* Both of these return false when dist has to be asked again. */
static bool settle_versions(struct resolve *r, uint64_t id)
{
	struct dist_answer a;
	enum dist_outcome o = dist_get(r->dist, id, &a);
	int rc;

	if (o != DIST_DONE && !(o == DIST_REFUSED && a.status == 404))
		return false;
	rc = store_retire_all(r->store, id, o == DIST_DONE ? a.record.stamp : 0);
	if (rc < 0)
		log_error("cannot move a superseded blob to the trash",
			"id=%" PRIu64 " error=\"%s\"", id, strerror(-rc));
	return rc == 0;
}

/* Is the pending blob what dist has under its stamp? A repeat may have been registered instead, with other bytes or elsewhere. */
static bool is_registered(
	const struct resolve *r, const struct blob_meta *m, const struct dist_record *rec)
{
	if (rec->etag[0] && strcmp(rec->etag, m->etag) != 0)
		return false;
	return !rec->node[0] || !dist_name(r->dist)[0] ||
	       strcmp(rec->node, dist_name(r->dist)) == 0;
}

static bool keep(struct resolve *r, const struct pending *p, const struct dist_record *rec)
{
	uint64_t id = rec->id;
	struct blob_read b;
	int rc = store_read_pending(r->store, p->id, p->stamp, &b);

	if (rc < 0) {
		log_error("a registered upload did not survive on disk, its bytes are lost",
			"id=%" PRIu64 " stamp=%016" PRIx64 " error=\"%s\"", id, p->stamp,
			strerror(-rc));
		store_drop(r->store, p);
		return true;
	}
	if (!is_registered(r, &b.meta, rec)) {
		close(b.fd);
		store_drop(r->store, p);
		log_info("dropped an upload whose repeat was registered",
			"id=%" PRIu64 " stamp=%016" PRIx64, id, p->stamp);
		return true;
	}
	rc = store_publish(r->store, p, id, b.fd);
	close(b.fd);
	if (rc == 0)
		rc = store_retire_all(r->store, id, p->stamp);
	if (rc < 0)
		log_error("cannot publish a registered upload, will try again",
			"id=%" PRIu64 " stamp=%016" PRIx64 " error=\"%s\"", id, p->stamp,
			strerror(-rc));
	return rc == 0;
}

static bool settle_pending(struct resolve *r, const struct item *item)
{
	const struct pending *p = &item->pending;
	struct dist_answer a, deleted;
	enum dist_outcome o;

	if (dist_by_stamp(r->dist, p->stamp, &a) != DIST_DONE)
		return false;
	if (a.record.id == 0) {
		if (clock_ms() < item->grace_ms)
			return false;
		store_drop(r->store, p);
		log_info("dropped an upload that dist never registered", "stamp=%016" PRIx64,
			p->stamp);
		return true;
	}
	if (item->kind == RESOLVE_KEEP) {
		if (!keep(r, p, &a.record))
			return false;
		log_info("finished an upload that dist had registered",
			"id=%" PRIu64 " stamp=%016" PRIx64, a.record.id, p->stamp);
		return true;
	}
	o = dist_delete(r->dist, a.record.id, &deleted);
	if (o != DIST_DONE && !(o == DIST_REFUSED && deleted.status == 404))
		return false;
	store_drop(r->store, p);
	log_info("took back an upload whose client was told that it failed",
		"id=%" PRIu64 " stamp=%016" PRIx64, a.record.id, p->stamp);
	return true;
}

static bool settle(struct resolve *r, const struct item *item)
{
	const struct pending *p = &item->pending;

	if (!(p->stamp ? settle_pending(r, item) : settle_versions(r, p->id)))
		return false;
	if (p->stamp)
		claim_drop(&r->store->claims, p->stamp);
	if (p->id)
		index_sure(&r->store->index, p->id);
	return true;
}

/* Waits for the next item that is due and takes it out; NULL: stop. */
static struct item *take(struct resolve *r)
{
	struct item **at, **best, *item = NULL;
	int64_t now;

	pthread_mutex_lock(&r->lock);
	while (!r->stop && !item) {
		best = NULL;
		for (at = &r->items; *at; at = &(*at)->next)
			if (!best || (*at)->due_ms < (*best)->due_ms)
				best = at;
		now = clock_ms();
		if (best && (*best)->due_ms <= now) {
			item = *best;
			*best = item->next;
		} else if (best) {
			(void)clock_wait(&r->changed, &r->lock, (*best)->due_ms); /* looks again */
		} else {
			pthread_cond_wait(&r->changed, &r->lock);
		}
	}
	pthread_mutex_unlock(&r->lock);
	return item;
}

static void *run(void *arg)
{
	struct resolve *r = arg;
	struct item *item;

	while ((item = take(r))) {
		log_request_new();
		if (!settle(r, item)) {
			item->due_ms = clock_ms() + AGAIN_MS;
			insert(r, item);
			continue;
		}
		free(item);
		pthread_mutex_lock(&r->lock);
		r->waiting--;
		pthread_mutex_unlock(&r->lock);
	}
	return NULL;
}

size_t resolve_waiting(struct resolve *r)
{
	size_t n;

	pthread_mutex_lock(&r->lock);
	n = r->waiting;
	pthread_mutex_unlock(&r->lock);
	return n;
}

struct ids {
	uint64_t *list;
	size_t n;
	int rc;
};

static void collect(void *ctx, uint64_t id)
{
	struct ids *ids = ctx;
	uint64_t *grown = realloc(ids->list, (ids->n + 1) * sizeof(*grown));

	if (!grown) {
		ids->rc = -ENOMEM;
		return;
	}
	ids->list = grown;
	ids->list[ids->n++] = id;
}

/* What the scan found: the leftovers' doubts are counted already. */
static int take_leftovers(struct resolve *r)
{
	struct store *s = r->store;
	struct ids ids = { 0 };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < s->n_leftovers; i++) {
		rc = claim_take(&s->claims, s->leftovers[i].stamp, clock_ms());
		if (rc == 0)
			rc = add(r, &s->leftovers[i], RESOLVE_KEEP);
	}
	index_ambiguous(&s->index, collect, &ids);
	if (rc == 0)
		rc = ids.rc;
	for (size_t i = 0; rc == 0 && i < ids.n; i++) {
		rc = index_doubt(&s->index, ids.list[i]);
		if (rc == 0)
			rc = add(r, &(struct pending){ .id = ids.list[i] }, RESOLVE_KEEP);
	}
	free(ids.list);
	return rc;
}

int resolve_open(struct store *s, struct dist *d, int64_t grace_ms, struct resolve **out)
{
	struct resolve *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return -ENOMEM;
	r->store = s;
	r->dist = d;
	r->grace_ms = grace_ms;
	pthread_mutex_init(&r->lock, NULL);
	clock_cond_init(&r->changed);
	rc = take_leftovers(r);
	if (rc < 0)
		goto fail;
	rc = -pthread_create(&r->thread, NULL, run, r);
	if (rc < 0)
		goto fail;
	r->running = true;
	*out = r;
	return 0;
fail:
	resolve_close(&r);
	return rc;
}

void resolve_close(struct resolve **rp)
{
	struct resolve *r = *rp;
	struct item *next;

	if (!r)
		return;
	if (r->running) {
		pthread_mutex_lock(&r->lock);
		r->stop = true;
		pthread_cond_signal(&r->changed);
		pthread_mutex_unlock(&r->lock);
		pthread_join(r->thread, NULL);
	}
	for (; r->items; r->items = next) {
		next = r->items->next;
		free(r->items);
	}
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	free(r);
	*rp = NULL;
}
