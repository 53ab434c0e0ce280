#include "common/ticker.h"

#include "common/bell.h"
#include <errno.h>
#include <stdlib.h>

struct ticker {
	int64_t pause_ms;
	void (*work)(void *arg);
	void *arg;
	struct bell stop; /* never rung */
	pthread_t thread;
};

static void *run(void *arg)
{
	struct ticker *t = arg;

	while (bell_wait(&t->stop, t->pause_ms, NULL))
		t->work(t->arg);
	return NULL;
}

int ticker_open(int64_t pause_ms, void (*work)(void *arg), void *arg, struct ticker **out)
{
	struct ticker *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return -ENOMEM;
	t->pause_ms = pause_ms;
	t->work = work;
	t->arg = arg;
	bell_init(&t->stop);
	rc = -pthread_create(&t->thread, NULL, run, t);
	if (rc < 0) {
		bell_release(&t->stop);
		free(t);
		return rc;
	}
	*out = t;
	return 0;
}

void ticker_close(struct ticker **tp)
{
	struct ticker *t = *tp;

	*tp = NULL;
	if (!t)
		return;
	bell_stop(&t->stop);
	(void)pthread_join(t->thread, NULL); /* it was started, and nobody else joins it */
	bell_release(&t->stop);
	free(t);
}
