#include "common/httpd_priv.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

struct httpd_work {
	/* constant once open */
	httpd_work_run *run; /* NULL: the work is done by those who bring it */
	pthread_t *threads;
	unsigned n, most;

	pthread_mutex_t lock;
	pthread_cond_t more;		      /* lock: first != NULL, running < most, or stop */
	pthread_cond_t idle;		      /* lock: stop, and running became 0 */
	struct httpd_work_item *first, *last; /* lock */
	unsigned waiting; /* lock: items in the list, or who wait for their turn */
	unsigned running; /* lock: of those who do it themselves */
	bool stop;	  /* lock */
};

static struct httpd_work_item *take_locked(struct httpd_work *w)
{
	struct httpd_work_item *item = w->first;

	if (!item)
		return NULL;
	w->first = item->next;
	if (!w->first)
		w->last = NULL;
	w->waiting--;
	return item;
}

static void *work_thread(void *arg)
{
	struct httpd_work *w = arg;

	for (;;) {
		struct httpd_work_item *item;
		bool stop;

		pthread_mutex_lock(&w->lock);
		while (!w->first && !w->stop)
			pthread_cond_wait(&w->more, &w->lock);
		stop = w->stop;
		item = take_locked(w);
		pthread_mutex_unlock(&w->lock);
		if (!item)
			return NULL;
		w->run(item, stop);
	}
}

int httpd_work_open(unsigned threads, httpd_work_run *run, struct httpd_work **out)
{
	struct httpd_work *w = calloc(1, sizeof(*w));
	int rc = -ENOMEM;

	if (!w)
		return rc;
	w->run = run;
	w->most = threads;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->more, NULL);
	pthread_cond_init(&w->idle, NULL);
	w->threads = calloc(threads, sizeof(*w->threads));
	if (!w->threads)
		goto fail;
	for (; run && w->n < threads; w->n++) {
		rc = -pthread_create(&w->threads[w->n], NULL, work_thread, w);
		if (rc < 0)
			goto fail;
	}
	*out = w;
	return 0;
fail:
	httpd_work_close(&w);
	return rc;
}

int httpd_work_submit(struct httpd_work *w, struct httpd_work_item *item)
{
	int rc = -EAGAIN;

	item->next = NULL;
	pthread_mutex_lock(&w->lock);
	if (!w->stop && w->waiting < HTTPD_WORK_WAITING) {
		if (w->last)
			w->last->next = item;
		else
			w->first = item;
		w->last = item;
		w->waiting++;
		pthread_cond_signal(&w->more);
		rc = 0;
	}
	pthread_mutex_unlock(&w->lock);
	return rc;
}

int httpd_work_begin(struct httpd_work *w)
{
	int rc = 0;

	pthread_mutex_lock(&w->lock);
	if (w->running == w->most && w->waiting >= HTTPD_WORK_WAITING)
		rc = -EAGAIN;
	w->waiting += rc == 0;
	while (rc == 0 && !w->stop && w->running == w->most)
		pthread_cond_wait(&w->more, &w->lock);
	w->waiting -= rc == 0;
	if (w->stop)
		rc = -EAGAIN;
	w->running += rc == 0;
	pthread_mutex_unlock(&w->lock);
	return rc;
}

void httpd_work_end(struct httpd_work *w)
{
	pthread_mutex_lock(&w->lock);
	w->running--;
	if (w->waiting)
		pthread_cond_signal(&w->more);
	if (w->stop && !w->running)
		pthread_cond_broadcast(&w->idle);
	pthread_mutex_unlock(&w->lock);
}

unsigned httpd_work_waiting(struct httpd_work *w)
{
	unsigned n;

	pthread_mutex_lock(&w->lock);
	n = w->waiting;
	pthread_mutex_unlock(&w->lock);
	return n;
}

void httpd_work_stop(struct httpd_work *w)
{
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_broadcast(&w->more);
	while (w->running)
		pthread_cond_wait(&w->idle, &w->lock);
	pthread_mutex_unlock(&w->lock);
	for (unsigned i = 0; i < w->n; i++)
		pthread_join(w->threads[i], NULL);
	w->n = 0;
}

void httpd_work_close(struct httpd_work **wp)
{
	struct httpd_work *w = *wp;

	if (!w)
		return;
	*wp = NULL;
	httpd_work_stop(w);
	assert(!w->first);
	pthread_cond_destroy(&w->more);
	pthread_cond_destroy(&w->idle);
	pthread_mutex_destroy(&w->lock);
	free(w->threads);
	free(w);
}
