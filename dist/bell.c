#include "dist/bell.h"

#include <time.h>

void bell_init(struct bell *b)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->rung, &attr);
	pthread_cond_init(&b->halted, &attr);
	pthread_condattr_destroy(&attr);
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
	struct timespec until;
	bool going;
	int rc = 0;

	if (ms < 0)
		ms = 0;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&b->lock);
	while (!b->stopped && rc == 0 && (!seen || *seen == b->count))
		rc = pthread_cond_timedwait(seen ? &b->rung : &b->halted, &b->lock, &until);
	if (seen)
		*seen = b->count;
	going = !b->stopped;
	pthread_mutex_unlock(&b->lock);
	return going;
}
