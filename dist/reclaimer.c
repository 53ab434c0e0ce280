#include "dist/reclaimer.h"

#include "common/bell.h"
#include "common/log.h"
#include "common/stamp.h"
#include "dist/reg.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define GATHER_MS 300 /* after a wake, so that changes that follow go along */
#define IDLE_MS 5000  /* looks by itself, for what other processes of dist left */
#define BACKOFF_MAX 60000
#define TIMEOUT_MS 10000

struct worker {
	struct reclaimer *reclaimer;
	size_t node;
	pthread_t thread;
	/* what it works on */
	int64_t seqs[LIMIT_RECLAIM];
	size_t n;
	struct buf body;
	struct httpc_res res;
};

struct reclaimer {
	struct reclaimer_conf conf;
	struct bell bell;
	struct worker *list;
	size_t started;
};

static const char *name_of(const struct worker *w)
{
	return nodes_at(w->reclaimer->conf.nodes, w->node)->name;
}

static int add_blob(void *arg, const struct reclaim *r)
{
	struct worker *w = arg;
	char stamp[STAMP_TEXT];

	stamp_format(r->stamp, stamp);
	buf_addf(&w->body, "%s\"%" PRIu64 ".%" PRIu32 ".%s\"", w->n ? "," : "", r->id, r->part,
		stamp);
	w->seqs[w->n++] = r->seq;
	return 0;
}

static int list_blobs(struct meta_tx *tx, void *arg)
{
	struct worker *w = arg;

	w->n = 0;
	buf_clear(&w->body);
	buf_adds(&w->body, "{\"blobs\":[");
	return reclaim_list(tx, name_of(w), LIMIT_RECLAIM, add_blob, w);
}

static int forget_blobs(struct meta_tx *tx, void *arg)
{
	const struct worker *w = arg;

	return reclaim_done(tx, name_of(w), w->seqs, w->n);
}

static int send(struct worker *w)
{
	const struct conf_node *node = nodes_at(w->reclaimer->conf.nodes, w->node);
	static const char *const headers[] = { "Content-Type: application/json", NULL };
	char url[sizeof(node->internal) + 16];
	struct httpc_req req = { .method = "POST",
		.url = url,
		.headers = headers,
		.body = w->body.data,
		.body_len = w->body.len,
		.timeout_ms = TIMEOUT_MS };
	int rc;

	(void)snprintf(url, sizeof(url), "%s/reclaim/", node->internal);
	rc = httpc_do(w->reclaimer->conf.http, &req, &w->res);
	if (rc < 0)
		return rc;
	return w->res.status == 200 ? 0 : -EPROTO;
}

/* One round. How many blobs went, or < 0, which is logged when it is the first in a row. */
static int work(struct worker *w, bool first)
{
	struct meta *meta = w->reclaimer->conf.meta;
	const char *what = "cannot list what may be reclaimed", *why = NULL;
	int rc;

	log_request_new();
	rc = meta_run(meta, META_READ, list_blobs, w);
	if (rc < 0 || !w->n)
		goto out;
	buf_adds(&w->body, "]}");
	rc = buf_error(&w->body);
	if (rc < 0)
		goto out;
	what = "a node did not take what may be reclaimed";
	rc = send(w);
	why = rc < 0 ? httpc_why(&w->res, rc) : NULL;
	if (rc < 0)
		goto out;
	watch_ask(w->reclaimer->conf.watch, w->node);
	what = "cannot note what was reclaimed; it will be sent again";
	rc = meta_run(meta, META_WRITE, forget_blobs, w);
out:
	if (rc < 0 && first)
		log_warn(what, "node=%s blobs=%zu status=%u error=\"%s\"", name_of(w), w->n,
			w->res.status, why ? why : meta_error());
	return rc < 0 ? rc : (int)w->n;
}

static void *run(void *arg)
{
	struct worker *w = arg;
	struct reclaimer *r = w->reclaimer;
	int64_t pause = IDLE_MS, backoff = 0;
	uint64_t seen = 0;
	int done;

	while (bell_wait(&r->bell, pause, backoff ? NULL : &seen) &&
		bell_wait(&r->bell, GATHER_MS, NULL)) {
		pause = IDLE_MS;
		if (!nodes_up(r->conf.nodes, w->node))
			continue;
		done = work(w, backoff == 0);
		if (done < 0) {
			backoff = backoff ? backoff * 2 : 1000;
			pause = backoff = backoff < BACKOFF_MAX ? backoff : BACKOFF_MAX;
			continue;
		}
		backoff = 0;
		if (done == LIMIT_RECLAIM)
			pause = 0;
	}
	return NULL;
}

int reclaimer_open(const struct reclaimer_conf *conf, struct reclaimer **out)
{
	size_t n = nodes_count(conf->nodes);
	struct reclaimer *r = calloc(1, sizeof(*r));
	int rc = -ENOMEM;

	if (!r)
		return rc;
	r->conf = *conf;
	bell_init(&r->bell);
	r->list = calloc(n ? n : 1, sizeof(*r->list));
	if (!r->list)
		goto fail;
	for (size_t i = 0; i < n; i++) {
		r->list[i].reclaimer = r;
		r->list[i].node = i;
		rc = -pthread_create(&r->list[i].thread, NULL, run, &r->list[i]);
		if (rc < 0)
			goto fail;
		r->started++;
	}
	*out = r;
	return 0;
fail:
	reclaimer_close(&r);
	return rc;
}

void reclaimer_close(struct reclaimer **rp)
{
	struct reclaimer *r = *rp;

	*rp = NULL;
	if (!r)
		return;
	bell_stop(&r->bell);
	for (size_t i = 0; i < r->started; i++) {
		pthread_join(r->list[i].thread, NULL);
		buf_release(&r->list[i].body);
		httpc_res_release(&r->list[i].res);
	}
	bell_release(&r->bell);
	free(r->list);
	free(r);
}

void reclaimer_wake(struct reclaimer *r)
{
	bell_ring(&r->bell);
}
