#include "dist/herald.h"

#include "common/bell.h"
#include "common/clock.h"
#include "common/id.h"
#include "common/log.h"
#include "common/origin.h"
#include "dist/meta_pg_listen.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_MS 1000 /* so often the others are counted */
#define WAIT_MS 200   /* so often it is looked whether to stop */
#define RETRY_MS 500
/* Until all others have counted this one, and tell what they change: a count, and its answer, each late. */
#define HEARD_MS 5000

struct herald {
	struct meta *meta;
	struct feed *feed;
	struct bell stop; /* never rung */
	pthread_t thread;
	/* the thread's own */
	bool told; /* the log says that the others cannot be heard */
};

/* WHO ORIGIN JSON */
static void hear(void *arg, const char *text)
{
	struct herald *h = arg;
	const char *origin = strchr(text, ' '), *json = origin ? strchr(origin + 1, ' ') : NULL;
	char id[ORIGIN_TEXT] = "";
	size_t len;

	if (!json || meta_is_self(h->meta, text, (size_t)(origin - text)))
		return;
	len = (size_t)(json - origin - 1);
	if (id_ok(origin + 1, len, LIMIT_SESSION))
		memcpy(id, origin + 1, len);
	feed_publish_text(h->feed, json + 1, id);
}

/* Until the connection breaks, or it is time to stop. */
static void listen_on(struct herald *h, struct pg_ear *ear)
{
	int64_t heard = clock_ms() + HEARD_MS, next = 0;
	bool deaf = true;

	while (bell_wait(&h->stop, 0, NULL)) {
		if (clock_ms() >= next) {
			int n = pg_ear_count(ear);

			if (n < 0)
				return;
			meta_tell_others(h->meta, n != 1);
			next = clock_ms() + COUNT_MS;
		}
		if (deaf && clock_ms() >= heard) {
			feed_set_deaf(h->feed, false);
			deaf = h->told = false;
		}
		if (pg_ear_wait(ear, WAIT_MS, hear, h) < 0)
			return;
	}
}

static void *run(void *arg)
{
	struct herald *h = arg;
	struct pg_ear *ear = NULL;

	do {
		int rc = pg_ear_open(meta_url(h->meta), &ear);

		if (rc == 0)
			listen_on(h, ear);
		meta_tell_others(h->meta, true);
		feed_set_deaf(h->feed, true);
		pg_ear_close(&ear);
		if (!h->told && bell_wait(&h->stop, 0, NULL))
			log_warn("other dists cannot be heard: mounts remember nothing until they "
				 "can",
				"error=\"%s\"", meta_error());
		h->told = true;
	} while (bell_wait(&h->stop, RETRY_MS, NULL));
	return NULL;
}

int herald_open(struct meta *meta, struct feed *feed, struct herald **out)
{
	struct herald *h = calloc(1, sizeof(*h));
	int rc;

	if (!h)
		return -ENOMEM;
	h->meta = meta;
	h->feed = feed;
	bell_init(&h->stop);
	meta_tell_others(meta, true);
	feed_set_deaf(feed, true);
	rc = -pthread_create(&h->thread, NULL, run, h);
	if (rc < 0) {
		bell_release(&h->stop);
		free(h);
		return rc;
	}
	*out = h;
	return 0;
}

void herald_close(struct herald **hp)
{
	struct herald *h = *hp;

	*hp = NULL;
	if (!h)
		return;
	bell_stop(&h->stop);
	(void)pthread_join(h->thread, NULL); /* it was started, and nobody else joins it */
	bell_release(&h->stop);
	free(h);
}
