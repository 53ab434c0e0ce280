#include "dist/watch.h"

#include "common/bell.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOWN_MS 250 /* at most: one that is down is wanted back soon, and to ask costs little */
#define STATS_MAX 65536

struct watcher {
	struct watch *watch;
	size_t node;
	pthread_t thread;
	struct bell bell; /* rung: ask now */
	bool asked;
	int told; /* why it does not answer, by the last log line; 0: it does */
};

struct watch {
	struct watch_conf conf;
	struct bell first; /* rung by each watcher's first answer */
	atomic_size_t done;
	struct watcher *list;
	size_t started;
};

int watch_parse(const char *text, size_t len, struct node_figures *out)
{
	struct node_figures f = { 0 };
	struct json_reader r;
	cJSON *root = NULL;
	int rc = json_parse(text, len, &root);

	if (rc < 0)
		return -EPROTO;
	json_reader_init(&r, root);
	json_need(&r, json_u64(&r, "memory", LIMIT_NUMBER, &f.memory), "memory");
	json_need(&r, json_u64(&r, "storage", LIMIT_NUMBER, &f.storage), "storage");
	json_need(&r, json_u64(&r, "max_storage", LIMIT_NUMBER, &f.max_storage), "max_storage");
	f.free = f.max_storage > f.storage ? f.max_storage - f.storage : 0;
	(void)json_u64(
		&r, "free", LIMIT_NUMBER, &f.free); /* absent: what follows from the others */
	(void)json_u64(&r, "reserved", LIMIT_NUMBER, &f.reserved); /* absent: 0 */
	(void)json_u64(&r, "contents", LIMIT_NUMBER, &f.contents); /* the same */
	rc = json_failed(&r) < 0 ? -EPROTO : 0;
	cJSON_Delete(root);
	if (rc == 0)
		*out = f;
	return rc;
}

/* 0, or why there are no figures. */
static int ask(const struct watch *w, const struct conf_node *node, struct httpc_res *res,
	struct node_figures *out)
{
	char url[sizeof(node->internal) + 16];
	struct httpc_req req = {
		.method = "GET", .url = url, .body_max = STATS_MAX, .timeout_ms = w->conf.timeout_ms
	};
	int rc;

	(void)snprintf(url, sizeof(url), "%s/stats/", node->internal);
	rc = httpc_do(w->conf.http, &req, res);
	if (rc < 0)
		return rc;
	if (res->status != 200)
		return -EPROTO;
	return watch_parse(buf_str(&res->body), res->body.len, out);
}

/* One that was away and now is there, but is not trusted or does not take our token. */
static bool is_news(const struct watcher *me, int rc)
{
	return rc == -EPROTO && me->told != rc && !nodes_up(me->watch->conf.nodes, me->node);
}

static void ask_and_report(struct watcher *me, struct httpc_res *res)
{
	struct watch *w = me->watch;
	const struct conf_node *node = nodes_at(w->conf.nodes, me->node);
	struct node_figures f;
	int rc;

	log_request_new();
	rc = ask(w, node, res, &f);

	if (rc == 0) {
		if (nodes_answered(w->conf.nodes, me->node, &f, clock_ms()))
			log_info("a node is up", "node=%s uri=%s", node->name, node->internal);
		me->told = 0;
		return;
	}
	if (nodes_missed(w->conf.nodes, me->node,
		    rc == -ECONNREFUSED || rc == -ECONNRESET || rc == -EHOSTUNREACH) ||
		!me->asked || is_news(me, rc)) {
		me->told = rc;
		log_warn("a node does not answer; it gets nothing new until it does",
			"node=%s uri=%s status=%u error=\"%s\"", node->name, node->internal,
			res->status, httpc_why(res, rc));
	}
}

static void *run(void *arg)
{
	struct watcher *me = arg;
	struct watch *w = me->watch;
	struct httpc_res res = HTTPC_RES_INIT;
	uint64_t seen = 0;
	int64_t pause;

	do {
		ask_and_report(me, &res);
		if (!me->asked) {
			me->asked = true;
			atomic_fetch_add(&w->done, 1);
			bell_ring(&w->first);
		}
		pause = w->conf.interval_ms;
		if (!nodes_up(w->conf.nodes, me->node))
			pause = pause < DOWN_MS ? pause : DOWN_MS;
	} while (bell_wait(&me->bell, pause, &seen));
	httpc_res_release(&res);
	return NULL;
}

static void wait_first(struct watch *w)
{
	int64_t until = clock_ms() + w->conf.timeout_ms;
	uint64_t seen = 0;

	while (atomic_load(&w->done) < w->started && clock_ms() < until)
		(void)bell_wait(&w->first, until - clock_ms(), &seen); /* never stopped */
}

int watch_open(const struct watch_conf *conf, struct watch **out)
{
	size_t n = nodes_count(conf->nodes);
	struct watch *w = calloc(1, sizeof(*w));
	int rc = -ENOMEM;

	if (!w)
		return rc;
	w->conf = *conf;
	bell_init(&w->first);
	w->list = calloc(n ? n : 1, sizeof(*w->list));
	if (!w->list)
		goto fail;
	for (size_t i = 0; i < n; i++) {
		w->list[i] = (struct watcher){ .watch = w, .node = i };
		bell_init(&w->list[i].bell);
		rc = -pthread_create(&w->list[i].thread, NULL, run, &w->list[i]);
		if (rc < 0) {
			bell_release(&w->list[i].bell);
			goto fail;
		}
		w->started++;
	}
	wait_first(w);
	*out = w;
	return 0;
fail:
	watch_close(&w);
	return rc;
}

void watch_close(struct watch **wp)
{
	struct watch *w = *wp;
	size_t n = w && w->list ? w->started : 0;

	*wp = NULL;
	if (!w)
		return;
	for (size_t i = 0; i < n; i++)
		bell_stop(&w->list[i].bell);
	for (size_t i = 0; i < n; i++) {
		pthread_join(w->list[i].thread, NULL);
		bell_release(&w->list[i].bell);
	}
	bell_release(&w->first);
	free(w->list);
	free(w);
}

void watch_ask(struct watch *w, size_t i)
{
	bell_ring(&w->list[i].bell);
}
