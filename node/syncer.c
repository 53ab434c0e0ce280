#include "node/syncer.h"
#include "common/ticker.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Past so many files one syncfs() is cheaper than an fsync() each. */
#define FILES 64
#define PERIOD_MS 1000

/* Work that many wait for and one does. A waiter is served by a run that starts after he came. */
struct round {
	uint64_t started, finished; /* runs */
	uint64_t failed;	    /* the last run that failed */
	int error;		    /* its error */
	bool running;
};

struct work {
	int fd[FILES];
	size_t n;
	bool all; /* more files than fit: sync the file system */
	bool any;
	bool dir[FOLDER_FANOUT];
};

struct syncer {
	const struct folder *folder;
	struct ticker *ticker;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct round tmp, later; /* lock */
	struct work todo;	 /* lock */
};

static int work_tmp(struct syncer *s)
{
	return fsync(s->folder->tmp) < 0 ? -errno : 0;
}

static void keep_first(int *rc, int result)
{
	if (result < 0 && *rc == 0)
		*rc = -errno;
}

static int work_later(struct syncer *s)
{
	struct work w;
	int rc = 0;

	pthread_mutex_lock(&s->lock);
	w = s->todo;
	s->todo = (struct work){ 0 };
	pthread_mutex_unlock(&s->lock);
	if (!w.any)
		return 0;
	if (w.all)
		keep_first(&rc, syncfs(s->folder->root));
	for (size_t i = 0; i < w.n; i++) {
		if (!w.all)
			keep_first(&rc, fsync(w.fd[i]));
		close(w.fd[i]);
	}
	for (size_t i = 0; !w.all && i < FOLDER_FANOUT; i++)
		if (w.dir[i])
			keep_first(&rc, fsync(s->folder->dir[i]));
	return rc;
}

static int round_run(struct syncer *s, struct round *r, int (*work)(struct syncer *))
{
	uint64_t mine;
	int rc;

	pthread_mutex_lock(&s->lock);
	mine = r->started + 1;
	while (r->finished < mine) {
		if (r->running) {
			pthread_cond_wait(&s->changed, &s->lock);
			continue;
		}
		r->running = true;
		r->started++;
		pthread_mutex_unlock(&s->lock);
		rc = work(s);
		pthread_mutex_lock(&s->lock);
		r->running = false;
		r->finished = r->started;
		if (rc < 0) {
			r->failed = r->finished;
			r->error = rc;
		}
		pthread_cond_broadcast(&s->changed);
	}
	rc = r->failed >= mine ? r->error : 0;
	pthread_mutex_unlock(&s->lock);
	return rc;
}

int syncer_tmp(struct syncer *s)
{
	return round_run(s, &s->tmp, work_tmp);
}

int syncer_now(struct syncer *s)
{
	return round_run(s, &s->later, work_later);
}

void syncer_later(struct syncer *s, int fd, uint64_t id)
{
	int copy = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;

	pthread_mutex_lock(&s->lock);
	s->todo.any = true;
	s->todo.dir[id % FOLDER_FANOUT] = true;
	if (copy >= 0 && s->todo.n < FILES) {
		s->todo.fd[s->todo.n++] = copy;
		copy = -1;
	} else if (fd >= 0) {
		s->todo.all = true;
	}
	pthread_mutex_unlock(&s->lock);
	if (copy >= 0)
		close(copy);
}

static void sync_period(void *s)
{
	(void)syncer_now(s); /* the error is kept for nobody: who must know calls syncer_now() */
}

int syncer_open(const struct folder *f, struct syncer **out)
{
	struct syncer *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return -ENOMEM;
	s->folder = f;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	rc = ticker_open(PERIOD_MS, sync_period, s, &s->ticker);
	if (rc < 0) {
		pthread_cond_destroy(&s->changed);
		pthread_mutex_destroy(&s->lock);
		free(s);
		return rc;
	}
	*out = s;
	return 0;
}

void syncer_close(struct syncer **sp)
{
	struct syncer *s = *sp;

	if (!s)
		return;
	ticker_close(&s->ticker);
	(void)syncer_now(s); /* nobody is left to tell */
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	free(s);
	*sp = NULL;
}
