#include "node/claim.h"
#include <errno.h>
#include <time.h>

/* States of a held stamp, as the map's values. */
static char held, superseded;

void claims_init(struct claims *c)
{
	pthread_condattr_t attr;

	*c = (struct claims){ .held = MAP_INIT };
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->freed, &attr);
	pthread_condattr_destroy(&attr);
}

void claims_release(struct claims *c)
{
	map_release(&c->held);
	pthread_cond_destroy(&c->freed);
	pthread_mutex_destroy(&c->lock);
}

int claim_take(struct claims *c, uint64_t stamp, int64_t deadline_ms)
{
	struct timespec until = { .tv_sec = deadline_ms / 1000,
		.tv_nsec = deadline_ms % 1000 * 1000000 };
	int rc = 0;

	pthread_mutex_lock(&c->lock);
	while (rc == 0 && map_get(&c->held, stamp))
		rc = pthread_cond_timedwait(&c->freed, &c->lock, &until);
	rc = map_get(&c->held, stamp) ? -EBUSY : map_put(&c->held, stamp, &held);
	pthread_mutex_unlock(&c->lock);
	return rc;
}

void claim_drop(struct claims *c, uint64_t stamp)
{
	pthread_mutex_lock(&c->lock);
	map_remove(&c->held, stamp);
	pthread_cond_broadcast(&c->freed);
	pthread_mutex_unlock(&c->lock);
}

bool claim_supersede(struct claims *c, uint64_t stamp)
{
	bool found;

	pthread_mutex_lock(&c->lock);
	found = map_get(&c->held, stamp) != NULL;
	if (found)
		(void)map_put(
			&c->held, stamp, &superseded); /* the key is there: no memory needed */
	pthread_mutex_unlock(&c->lock);
	return found;
}

bool claim_superseded(struct claims *c, uint64_t stamp)
{
	bool is;

	pthread_mutex_lock(&c->lock);
	is = map_get(&c->held, stamp) == &superseded;
	pthread_mutex_unlock(&c->lock);
	return is;
}
