#include "common/bell.h"

#include "common/clock.h"

void bell_init(struct bell *b)
{
	pthread_mutex_init(&b->lock, NULL);
	clock_cond_init(&b->rung);
	clock_cond_init(&b->halted);
	b->count = 0;
	b->stopped = false;
}

void bell_release(struct bell *b)
{
	pthread_cond_destroy(&b->rung);
	pthread_cond_destroy(&b->halted);
	pthread_mutex_destroy(&b->lock);
}

void bell_ring(struct bell *b)
{
	pthread_mutex_lock(&b->lock);
	b->count++;
	pthread_cond_broadcast(&b->rung);
	pthread_mutex_unlock(&b->lock);
}

void bell_stop(struct bell *b)
{
	pthread_mutex_lock(&b->lock);
	b->stopped = true;
	pthread_cond_broadcast(&b->rung);
	pthread_cond_broadcast(&b->halted);
	pthread_mutex_unlock(&b->lock);
}

bool bell_wait(struct bell *b, int64_t ms, uint64_t *seen)
{
	int64_t until = clock_ms() + (ms > 0 ? ms : 0);
	bool going;
	int rc = 0;

	pthread_mutex_lock(&b->lock);
	while (!b->stopped && rc == 0 && (!seen || *seen == b->count))
		rc = clock_wait(seen ? &b->rung : &b->halted, &b->lock, until);
	if (seen)
		*seen = b->count;
	going = !b->stopped;
	pthread_mutex_unlock(&b->lock);
	return going;
}
