#include "node/claim.h"
#include "common/clock.h"
#include <errno.h>

/* States of a held stamp, as the map's values. */
static char held, superseded;

void claims_init(struct claims *c)
{
	*c = (struct claims){ .held = MAP_INIT };
	pthread_mutex_init(&c->lock, NULL);
	clock_cond_init(&c->freed);
}

void claims_release(struct claims *c)
{
	map_release(&c->held);
	pthread_cond_destroy(&c->freed);
	pthread_mutex_destroy(&c->lock);
}

int claim_take(struct claims *c, uint64_t stamp, int64_t deadline_ms)
{
	int rc = 0;

	pthread_mutex_lock(&c->lock);
	while (rc == 0 && map_get(&c->held, stamp))
		rc = clock_wait(&c->freed, &c->lock, deadline_ms);
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
