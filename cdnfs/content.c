/* Lock order: stream.lock, then content.lock; neither is held across a fetch. */
#include "cdnfs/content.h"

#include "common/clock.h"
#include "common/log.h"
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FETCHERS 4
#define RUN_MAX (CONTENT_WINDOW / CONTENT_BLOCK)
#define STOP_LOOK_MS 200

enum block_state { FETCHING, READY, FAILED };

struct block {
	/* all under content.lock, but data while FETCHING, which is the fetcher's */
	uint64_t id, stamp, index; /* a stamp is unique among the versions of one id */
	enum block_state state;
	int error;
	unsigned pins, waiters; /* who waits for it among the pins */
	bool passed; /* read to its end in sequence: the kernel has it, and it is the first to go */
	bool listed; /* in the table */
	struct block *chain;	     /* of its bucket */
	struct block *newer, *older; /* least-recently-used list: READY and unpinned */
	uint32_t len;
	char *data;
};

/* Contiguous blocks that one request brings; each pinned. */
struct run {
	struct run *next;
	struct api_range range;
	size_t n;
	struct block *blocks[RUN_MAX];
	char request[LOG_REQUEST_ID]; /* of the read that it is for */
};

struct content {
	struct api *api;
	pthread_mutex_t lock;
	pthread_cond_t changed;	  /* a block is READY or FAILED */
	pthread_cond_t work;	  /* queue */
	struct block **buckets;	  /* lock */
	size_t mask, max, used;	  /* lock: used */
	struct block lru;	  /* lock: head, newer = most recent end */
	struct run *head, **tail; /* lock: queue of runs ahead */
	bool stopping;		  /* lock */
	uint64_t hits, misses;	  /* lock */
	pthread_t threads[FETCHERS];
	unsigned nthreads;
};

static void *fetcher(void *arg);

int content_open(struct api *api, uint64_t memory, struct content **out)
{
	struct content *c = calloc(1, sizeof(*c));
	int rc = -ENOMEM;

	if (!c)
		return rc;
	c->api = api;
	pthread_mutex_init(&c->lock, NULL);
	clock_cond_init(&c->changed);
	pthread_cond_init(&c->work, NULL);
	c->lru.newer = c->lru.older = &c->lru;
	c->tail = &c->head;
	c->max = memory / CONTENT_BLOCK;
	for (c->mask = 64; c->mask < 2 * c->max; c->mask *= 2)
		;
	c->buckets = calloc(c->mask, sizeof(*c->buckets));
	c->mask--;
	if (!c->buckets)
		goto fail;
	for (; c->nthreads < FETCHERS; c->nthreads++) {
		rc = -pthread_create(&c->threads[c->nthreads], NULL, fetcher, c);
		if (rc < 0)
			goto fail;
	}
	*out = c;
	return 0;
fail:
	content_close(&c);
	return rc;
}

static size_t bucket_of(const struct content *c, uint64_t id, uint64_t stamp, uint64_t index)
{
	uint64_t h = (stamp + index * 0x9e3779b97f4a7c15ULL + id * 0xc2b2ae3d27d4eb4fULL) *
		     0xff51afd7ed558ccdULL;

	return (size_t)(h >> 32) & c->mask;
}

static struct block *find_locked(const struct content *c, const struct api_range *v, uint64_t index)
{
	struct block *b = c->buckets[bucket_of(c, v->id, v->stamp, index)];

	while (b && (b->id != v->id || b->stamp != v->stamp || b->index != index))
		b = b->chain;
	return b;
}

static void unlist_locked(struct content *c, struct block *b)
{
	struct block **p = &c->buckets[bucket_of(c, b->id, b->stamp, b->index)];

	if (!b->listed)
		return;
	while (*p != b)
		p = &(*p)->chain;
	*p = b->chain;
	b->listed = false;
}

static void lru_remove_locked(struct block *b)
{
	b->newer->older = b->older;
	b->older->newer = b->newer;
	b->newer = b->older = NULL;
}

static void pin_locked(struct block *b)
{
	if (!b->pins++ && b->newer)
		lru_remove_locked(b);
}

static void free_locked(struct content *c, struct block *b)
{
	unlist_locked(c, b);
	free(b->data);
	free(b);
	c->used--;
}

static void unpin_locked(struct content *c, struct block *b)
{
	assert(b->pins);
	if (--b->pins)
		return;
	if (b->state != READY || c->used > c->max) {
		free_locked(c, b);
		return;
	}
	if (b->passed) {
		b->older = &c->lru;
		b->newer = c->lru.newer;
	} else {
		b->older = c->lru.older;
		b->newer = &c->lru;
	}
	b->older->newer = b;
	b->newer->older = b;
}

/* The least recently used block, or one that was passed, out of list and table; NULL: none can go. */
static struct block *evict_locked(struct content *c)
{
	struct block *b = c->lru.newer;

	if (b == &c->lru)
		return NULL;
	lru_remove_locked(b);
	unlist_locked(c, b);
	return b;
}

/* A new FETCHING block with one pin. Past the bound only when it must be. NULL: no memory. */
static struct block *make_locked(
	struct content *c, const struct api_range *v, uint64_t index, bool must)
{
	/* what was passed is in the processor's cache */
	struct block *b = c->used >= c->max || c->lru.newer->passed ? evict_locked(c) : NULL;
	char *data = b ? b->data : NULL;
	size_t slot = bucket_of(c, v->id, v->stamp, index);
	uint64_t off = index * CONTENT_BLOCK;

	if (!b && c->used >= c->max && !must)
		return NULL;
	if (!b) {
		b = malloc(sizeof(*b));
		data = malloc(CONTENT_BLOCK);
		if (!b || !data) {
			free(b);
			free(data);
			return NULL;
		}
		c->used++;
	}
	*b = (struct block){ .id = v->id,
		.stamp = v->stamp,
		.index = index,
		.pins = 1,
		.listed = true,
		.chain = c->buckets[slot],
		.data = data };
	b->len = v->len - off < CONTENT_BLOCK ? (uint32_t)(v->len - off) : CONTENT_BLOCK;
	c->buckets[slot] = b;
	return b;
}

/* Receiving a run. */
struct filling {
	struct content *c;
	struct run *run;
	uint64_t pos;	  /* bytes of the run received */
	size_t published; /* blocks that others may read already */
};

static void publish(struct filling *f, size_t upto)
{
	unsigned waiters = 0;

	pthread_mutex_lock(&f->c->lock);
	for (; f->published < upto; f->published++) {
		f->run->blocks[f->published]->state = READY;
		waiters += f->run->blocks[f->published]->waiters;
	}
	if (waiters)
		pthread_cond_broadcast(&f->c->changed);
	pthread_mutex_unlock(&f->c->lock);
}

static int fill_sink(void *ctx, const void *data, size_t len)
{
	struct filling *f = ctx;

	while (len) {
		size_t i = f->pos / CONTENT_BLOCK, at = f->pos % CONTENT_BLOCK;
		size_t n = CONTENT_BLOCK - at;

		if (i >= f->run->n)
			return -EPROTO;
		if (n > len)
			n = len;
		if (i >= f->published) /* after a restart: what is published is the same bytes */
			memcpy(f->run->blocks[i]->data + at, data, n);
		data = (const char *)data + n;
		len -= n;
		f->pos += n;
		if (i >= f->published && at + n == CONTENT_BLOCK)
			publish(f, i + 1);
	}
	return 0;
}

static void fill_restart(void *ctx)
{
	((struct filling *)ctx)->pos = 0;
}

/* Fetches a run, settles its blocks and takes their pins. */
static int run_fetch(struct content *c, const struct wait *w, struct run *run)
{
	struct filling f = { .c = c, .run = run };
	int rc = api_fetch(c->api, w, &run->range, fill_sink, fill_restart, &f);
	unsigned waiters = 0;

	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < run->n; i++) {
		struct block *b = run->blocks[i];

		waiters += b->state == FETCHING ? b->waiters : 0;
		if (!rc) {
			b->state = READY;
		} else if (b->state == FETCHING) {
			b->state = FAILED;
			b->error = rc;
			unlist_locked(c, b);
		}
		unpin_locked(c, b);
	}
	if (waiters)
		pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
	return rc;
}

static void run_start(struct run *run, const struct api_range *v, struct block *b)
{
	run->next = NULL;
	run->range = *v;
	run->range.off = b->index * CONTENT_BLOCK;
	run->range.len = 0;
	run->n = 0;
	(void)snprintf(run->request, sizeof(run->request), "%s", log_request_get()); /* fits */
}

static void run_add(struct run *run, struct block *b)
{
	run->blocks[run->n++] = b;
	run->range.len += b->len;
}

static void *fetcher(void *arg)
{
	struct content *c = arg;
	struct run *run;

	pthread_mutex_lock(&c->lock);
	for (;;) {
		while (!c->head && !c->stopping)
			pthread_cond_wait(&c->work, &c->lock);
		run = c->head;
		if (!run)
			break;
		c->head = run->next;
		if (!c->head)
			c->tail = &c->head;
		pthread_mutex_unlock(&c->lock);
		log_request_set(run->request);
		(void)run_fetch(c, NULL, run); /* who needs the blocks sees it, and tries again */
		free(run);
		pthread_mutex_lock(&c->lock);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static void queue_locked(struct content *c, struct run *run)
{
	*c->tail = run;
	c->tail = &run->next;
	pthread_cond_signal(&c->work);
}

/* Has [from, to) fetched in the background, as far as memory allows; false when it does not. */
static bool fetch_ahead(struct content *c, const struct api_range *v, uint64_t from, uint64_t to)
{
	struct run *run = NULL;
	struct block *b = NULL;
	uint64_t i = from / CONTENT_BLOCK, end = (to + CONTENT_BLOCK - 1) / CONTENT_BLOCK;
	bool room = true;

	pthread_mutex_lock(&c->lock);
	for (; room && i < end; i++) {
		if (find_locked(c, v, i)) {
			if (run)
				queue_locked(c, run);
			run = NULL;
			continue;
		}
		if (!run) {
			run = malloc(sizeof(*run));
			if (run)
				run->n = 0;
		}
		b = run ? make_locked(c, v, i, false) : NULL;
		room = b != NULL;
		if (b && !run->n)
			run_start(run, v, b);
		if (b)
			run_add(run, b);
	}
	if (run && run->n) {
		queue_locked(c, run);
		run = NULL;
	}
	pthread_mutex_unlock(&c->lock);
	free(run);
	return room;
}

void content_fetch(struct content *c, const struct api_range *version)
{
	(void)fetch_ahead(c, version, 0, version->len); /* who needs the rest fetches it */
}

/* What a stream wants fetched. */
struct ahead {
	struct content *c;
	const struct api_range *v;
};

static bool ahead(void *ctx, uint64_t from, uint64_t to)
{
	struct ahead *a = ctx;

	return fetch_ahead(a->c, a->v, from, to);
}

/* Pins blocks first..first+n; those that nobody brings yet are made, and are ours to fetch. -ENOMEM. */
static int claim(struct content *c, const struct api_range *v, uint64_t first, size_t n,
	struct block **blocks, bool *mine)
{
	size_t i;
	int rc = 0;

	pthread_mutex_lock(&c->lock);
	for (i = 0; i < n && !rc; i++) {
		if (blocks[i])
			continue;
		blocks[i] = find_locked(c, v, first + i);
		mine[i] = !blocks[i];
		*(mine[i] ? &c->misses : &c->hits) += 1;
		if (mine[i])
			blocks[i] = make_locked(c, v, first + i, true);
		if (!blocks[i]) {
			rc = -ENOMEM;
		} else {
			blocks[i]->passed = false;
			pin_locked(blocks[i]);
		}
	}
	for (i = 0; rc < 0 && i < n; i++) {
		if (!blocks[i] || !mine[i])
			continue;
		blocks[i]->state = FAILED;
		blocks[i]->error = rc;
		unlist_locked(c, blocks[i]);
		unpin_locked(c, blocks[i]); /* the fetcher's pin */
		mine[i] = false;
	}
	pthread_mutex_unlock(&c->lock);
	return rc;
}

static int fetch_mine(struct content *c, const struct wait *w, const struct api_range *v, size_t n,
	struct block **blocks, bool *mine)
{
	struct run run;
	int rc = 0, one;
	size_t i = 0;

	while (i < n) {
		if (!mine[i]) {
			i++;
			continue;
		}
		run_start(&run, v, blocks[i]);
		for (; i < n && mine[i]; i++) {
			run_add(&run, blocks[i]);
			mine[i] = false;
		}
		one = run_fetch(c, w, &run);
		if (!rc)
			rc = one;
	}
	return rc;
}

/* Until b is READY or FAILED. */
static int await_locked(struct content *c, const struct wait *w, struct block *b)
{
	while (b->state == FETCHING) {
		if (w && w->stop && w->stop(w->ctx))
			return -EINTR;
		b->waiters++;
		(void)clock_wait(
			&c->changed, &c->lock, clock_ms() + STOP_LOOK_MS); /* the state tells */
		b->waiters--;
	}
	return b->state == FAILED ? b->error : 0;
}

/* Waits for all; those that another's fetch could not bring are given back, to be claimed again: -EAGAIN. */
static int await_all(struct content *c, const struct wait *w, size_t n, struct block **blocks)
{
	int rc = 0;

	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < n && (!rc || rc == -EAGAIN); i++) {
		int one = await_locked(c, w, blocks[i]);

		if (!one)
			continue;
		rc = one == -EINTR ? one : -EAGAIN;
		unpin_locked(c, blocks[i]);
		blocks[i] = NULL;
	}
	pthread_mutex_unlock(&c->lock);
	return rc;
}

static void unpin_all(struct content *c, size_t n, struct block **blocks)
{
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < n; i++)
		if (blocks[i])
			unpin_locked(c, blocks[i]);
	pthread_mutex_unlock(&c->lock);
}

int content_read(struct content *c, const struct wait *w, const struct api_range *version,
	struct content_stream *s, uint64_t off, size_t len, struct content_bytes *out)
{
	struct block *blocks[CONTENT_IOV] = { 0 };
	bool mine[CONTENT_IOV] = { 0 };
	uint64_t first = off / CONTENT_BLOCK;
	size_t n, done = 0;
	int rc = 0;

	out->n = 0;
	out->len = 0;
	out->passing = false;
	if (off >= version->len || !len)
		return 0;
	if (len > CONTENT_READ)
		len = CONTENT_READ;
	if (len > version->len - off)
		len = (size_t)(version->len - off);
	n = (size_t)((off + len - 1) / CONTENT_BLOCK - first + 1);
	do {
		rc = claim(c, version, first, n, blocks, mine);
		if (!rc && s) {
			out->passing = content_stream_read(s, off, len, version->len,
				c->max * CONTENT_BLOCK / 8, ahead, &(struct ahead){ c, version });
			s = NULL; /* once */
		}
		if (!rc)
			rc = fetch_mine(c, w, version, n, blocks, mine);
		if (!rc)
			rc = await_all(c, w, n, blocks);
	} while (rc == -EAGAIN);
	if (rc < 0) {
		unpin_all(c, n, blocks);
		return rc;
	}
	for (size_t i = 0; i < n; i++) {
		size_t at = i ? 0 : off % CONTENT_BLOCK, have = blocks[i]->len - at;

		out->blocks[i] = blocks[i];
		out->iov[i].iov_base = blocks[i]->data + at;
		out->iov[i].iov_len = have < len - done ? have : len - done;
		done += out->iov[i].iov_len;
	}
	out->n = (int)n;
	out->len = done;
	return 0;
}

void content_counts(struct content *c, struct content_counts *out)
{
	pthread_mutex_lock(&c->lock);
	*out = (struct content_counts){
		.hits = c->hits, .misses = c->misses, .bytes = (uint64_t)c->used * CONTENT_BLOCK
	};
	pthread_mutex_unlock(&c->lock);
}

void content_done(struct content *c, struct content_bytes *b)
{
	pthread_mutex_lock(&c->lock);
	for (int i = 0; i < b->n; i++) {
		struct block *one = b->blocks[i];

		if (b->passing)
			one->passed = (char *)b->iov[i].iov_base + b->iov[i].iov_len ==
				      one->data + one->len;
		unpin_locked(c, one);
	}
	pthread_mutex_unlock(&c->lock);
	b->n = 0;
}

void content_close(struct content **cp)
{
	struct content *c = *cp;
	struct block *b;

	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	c->stopping = true;
	pthread_cond_broadcast(&c->work);
	pthread_mutex_unlock(&c->lock);
	for (unsigned i = 0; i < c->nthreads; i++)
		(void)pthread_join(c->threads[i], NULL); /* it runs */
	while (c->buckets && (b = evict_locked(c))) {
		free(b->data);
		free(b);
	}
	free(c->buckets);
	pthread_cond_destroy(&c->work);
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->lock);
	free(c);
	*cp = NULL;
}
