#include "cdnfs/teller.h"

#include "common/clock.h"
#include <errno.h>
#include <fuse3/fuse_lowlevel.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN_MS 1 /* between two looks at directories that are busy */

struct telling {
	struct telling *next;
	uint64_t dir;
	char name[];
};

struct teller {
	struct fuse_session *session;
	struct coherence *coherence;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more, done;     /* lock: first or stop; count is 0 */
	struct telling *first, **last; /* lock: the list, and its end */
	size_t count;		       /* lock: of it, and the one that is being told */
	bool ended;		       /* lock */
	bool stop;		       /* lock */
};

static struct telling *take_locked(struct teller *t)
{
	struct telling *n = t->first;

	t->first = n->next;
	if (!t->first)
		t->last = &t->first;
	return n;
}

static void put_locked(struct teller *t, struct telling *n)
{
	n->next = NULL;
	*t->last = n;
	t->last = &n->next;
}

/* How many in a row were put off: all of the list, and it is time to wait. */
static void rest_locked(struct teller *t, size_t *put_off)
{
	if (*put_off < t->count)
		return;
	(void)clock_wait(&t->more, &t->lock, clock_ms() + AGAIN_MS); /* either way: look again */
	*put_off = 0;
}

static void *run(void *arg)
{
	struct teller *t = arg;
	size_t put_off = 0;

	pthread_mutex_lock(&t->lock);
	while (!t->stop) {
		struct telling *n;

		if (!t->first) {
			pthread_cond_wait(&t->more, &t->lock);
			continue;
		}
		n = take_locked(t);
		if (coherence_busy(t->coherence, n->dir)) {
			put_locked(t, n);
			put_off++;
			rest_locked(t, &put_off);
			continue;
		}
		put_off = 0;
		pthread_mutex_unlock(&t->lock);
		/* -ENOENT: the kernel knows the name no more */
		(void)fuse_lowlevel_notify_inval_entry(
			t->session, n->dir, n->name, strlen(n->name));
		free(n);
		pthread_mutex_lock(&t->lock);
		if (!--t->count)
			pthread_cond_broadcast(&t->done);
	}
	t->ended = true;
	pthread_cond_broadcast(&t->done);
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

int teller_open(struct fuse_session *session, struct coherence *c, struct teller **out)
{
	struct teller *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return -ENOMEM;
	t->session = session;
	t->coherence = c;
	t->last = &t->first;
	pthread_mutex_init(&t->lock, NULL);
	clock_cond_init(&t->more);
	clock_cond_init(&t->done);
	rc = -pthread_create(&t->thread, NULL, run, t);
	if (rc < 0) {
		pthread_mutex_destroy(&t->lock);
		pthread_cond_destroy(&t->more);
		pthread_cond_destroy(&t->done);
		free(t);
		return rc;
	}
	*out = t;
	return 0;
}

bool teller_stop(struct teller *t, int64_t ms)
{
	int64_t until = clock_ms() + ms;
	bool ended;

	if (!t)
		return true;
	pthread_mutex_lock(&t->lock);
	t->stop = true;
	pthread_cond_signal(&t->more);
	while (!t->ended && clock_wait(&t->done, &t->lock, until) != ETIMEDOUT)
		;
	ended = t->ended;
	pthread_mutex_unlock(&t->lock);
	return ended;
}

void teller_close(struct teller **tp)
{
	struct teller *t = *tp;

	*tp = NULL;
	if (!t)
		return;
	(void)teller_stop(t, 0);	     /* joined in any case */
	(void)pthread_join(t->thread, NULL); /* it was started, and nobody else joins it */
	while (t->first) {
		struct telling *n = t->first;

		t->first = n->next;
		free(n);
	}
	pthread_mutex_destroy(&t->lock);
	pthread_cond_destroy(&t->more);
	pthread_cond_destroy(&t->done);
	free(t);
}

void teller_add(struct teller *t, uint64_t dir, const char *name)
{
	size_t size = strlen(name) + 1;
	struct telling *n = t ? malloc(sizeof(*n) + size) : NULL;

	if (!n)
		return;
	n->dir = dir;
	memcpy(n->name, name, size);
	pthread_mutex_lock(&t->lock);
	put_locked(t, n);
	t->count++;
	pthread_cond_signal(&t->more);
	pthread_mutex_unlock(&t->lock);
}

void teller_wait(struct teller *t, int64_t until)
{
	pthread_mutex_lock(&t->lock);
	while (t->count && !t->stop && clock_wait(&t->done, &t->lock, until) != ETIMEDOUT)
		;
	pthread_mutex_unlock(&t->lock);
}
