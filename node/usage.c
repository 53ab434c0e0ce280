#include "node/usage.h"
#include <assert.h>
#include <errno.h>

void usage_init(struct usage *u, uint64_t max)
{
	pthread_mutex_init(&u->lock, NULL);
	u->now = (struct usage_view){ .max = max };
}

void usage_release(struct usage *u)
{
	pthread_mutex_destroy(&u->lock);
}

void usage_set_max(struct usage *u, uint64_t max)
{
	pthread_mutex_lock(&u->lock);
	u->now.max = max;
	pthread_mutex_unlock(&u->lock);
}

static uint64_t missing_locked(const struct usage_view *v, uint64_t bytes)
{
	uint64_t used = v->live + v->reserved + v->trash;
	uint64_t room = v->max > used ? v->max - used : 0;

	return bytes > room ? bytes - room : 0;
}

int usage_reserve(struct usage *u, uint64_t bytes)
{
	int rc = 0;

	pthread_mutex_lock(&u->lock);
	if (missing_locked(&u->now, bytes) > 0)
		rc = -ENOSPC;
	else
		u->now.reserved += bytes;
	pthread_mutex_unlock(&u->lock);
	return rc;
}

uint64_t usage_missing(struct usage *u, uint64_t bytes)
{
	uint64_t n;

	pthread_mutex_lock(&u->lock);
	n = missing_locked(&u->now, bytes);
	pthread_mutex_unlock(&u->lock);
	return n;
}

/* Moves bytes and blobs between the counters; a NULL counter is the world outside. */
static void move(struct usage *u, uint64_t *from, uint64_t *to, uint64_t bytes, int contents)
{
	pthread_mutex_lock(&u->lock);
	if (from) {
		assert(*from >= bytes);
		*from -= bytes;
	}
	if (to)
		*to += bytes;
	u->now.contents += (uint64_t)(int64_t)contents;
	pthread_mutex_unlock(&u->lock);
}

void usage_unreserve(struct usage *u, uint64_t bytes)
{
	move(u, &u->now.reserved, NULL, bytes, 0);
}

void usage_found_reserved(struct usage *u, uint64_t bytes)
{
	move(u, NULL, &u->now.reserved, bytes, 0);
}

void usage_found_live(struct usage *u, uint64_t bytes)
{
	move(u, NULL, &u->now.live, bytes, 1);
}

void usage_found_trash(struct usage *u, uint64_t bytes)
{
	move(u, NULL, &u->now.trash, bytes, 0);
}

void usage_commit(struct usage *u, uint64_t bytes)
{
	move(u, &u->now.reserved, &u->now.live, bytes, 1);
}

void usage_retire(struct usage *u, uint64_t bytes)
{
	move(u, &u->now.live, &u->now.trash, bytes, -1);
}

void usage_purge(struct usage *u, uint64_t bytes)
{
	move(u, &u->now.trash, NULL, bytes, 0);
}

void usage_read(struct usage *u, struct usage_view *out)
{
	pthread_mutex_lock(&u->lock);
	*out = u->now;
	pthread_mutex_unlock(&u->lock);
}
