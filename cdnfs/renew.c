#include "cdnfs/renew.h"

#include <errno.h>
#include <fuse3/fuse_lowlevel.h>
#include <stdlib.h>

struct item {
	struct item *next;
	uint64_t id, off;
	void (*done)(void *ctx); /* NULL: nobody waits */
	void *ctx;
};

struct renew {
	struct cdnfs *fs;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct item *first, **tail; /* lock */
	bool stop;		    /* lock */
};

static struct item *take(struct renew *r)
{
	struct item *one;

	pthread_mutex_lock(&r->lock);
	while (!r->first && !r->stop)
		pthread_cond_wait(&r->changed, &r->lock);
	one = r->first;
	if (one)
		r->first = one->next;
	if (!r->first)
		r->tail = &r->first;
	pthread_mutex_unlock(&r->lock);
	return one;
}

static void *run(void *arg)
{
	struct renew *r = arg;
	struct item *one;

	while ((one = take(r))) {
		(void)fuse_lowlevel_notify_inval_inode(r->fs->session, one->id, (off_t)one->off,
			0); /* it may not know the inode */
		if (one->done)
			one->done(one->ctx);
		free(one);
	}
	return NULL;
}

int renew_open(struct cdnfs *fs, struct renew **out)
{
	struct renew *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return -ENOMEM;
	r->fs = fs;
	r->tail = &r->first;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	rc = -pthread_create(&r->thread, NULL, run, r);
	if (rc < 0) {
		pthread_cond_destroy(&r->changed);
		pthread_mutex_destroy(&r->lock);
		free(r);
		return rc;
	}
	*out = r;
	return 0;
}

void renew_close(struct renew **rp)
{
	struct renew *r = *rp;

	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_cond_signal(&r->changed);
	pthread_mutex_unlock(&r->lock);
	(void)pthread_join(r->thread, NULL); /* it runs */
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	free(r);
	*rp = NULL;
}

int renew_then(struct renew *r, uint64_t id, uint64_t off, void (*done)(void *ctx), void *ctx)
{
	struct item *one = malloc(sizeof(*one));

	if (!one)
		return -ENOMEM;
	*one = (struct item){ .id = id, .off = off, .done = done, .ctx = ctx };
	pthread_mutex_lock(&r->lock);
	*r->tail = one;
	r->tail = &one->next;
	pthread_cond_signal(&r->changed);
	pthread_mutex_unlock(&r->lock);
	return 0;
}

void renew_add(struct renew *r, uint64_t id)
{
	(void)renew_then(r, id, 0, NULL, NULL); /* without memory when it is opened next */
}
