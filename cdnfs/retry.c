#include "cdnfs/retry.h"

#include "cdnfs/store.h"
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define EVERY_SECONDS 3

struct retry {
	struct cdnfs *fs;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stopping; /* lock */
};

static bool pause_over(struct retry *r)
{
	struct timespec until;
	bool go_on;
	int rc = 0;

	(void)clock_gettime(CLOCK_REALTIME, &until); /* cannot fail */
	until.tv_sec += EVERY_SECONDS;
	pthread_mutex_lock(&r->lock);
	while (!r->stopping && rc == 0)
		rc = pthread_cond_timedwait(&r->changed, &r->lock, &until);
	go_on = !r->stopping;
	pthread_mutex_unlock(&r->lock);
	return go_on;
}

static void *run(void *arg)
{
	struct retry *r = arg;

	while (pause_over(r))
		store_left(r->fs);
	return NULL;
}

int retry_open(struct cdnfs *fs, struct retry **out)
{
	struct retry *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return -ENOMEM;
	r->fs = fs;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	rc = -pthread_create(&r->thread, NULL, run, r);
	if (rc < 0) {
		free(r);
		return rc;
	}
	*out = r;
	return 0;
}

void retry_close(struct retry **r)
{
	if (!*r)
		return;
	pthread_mutex_lock(&(*r)->lock);
	(*r)->stopping = true;
	pthread_cond_signal(&(*r)->changed);
	pthread_mutex_unlock(&(*r)->lock);
	(void)pthread_join((*r)->thread, NULL);
	pthread_cond_destroy(&(*r)->changed);
	pthread_mutex_destroy(&(*r)->lock);
	free(*r);
	*r = NULL;
}
