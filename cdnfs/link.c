#include "cdnfs/link.h"

#include "common/clock.h"
#include "common/http.h"
#include "common/log.h"
#include "common/origin.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define SLOTS 64
#define ATTEMPT_MS 10000 /* one exchange of JSON; so often an interrupt is looked at */
#define LOG_EVERY_MS 10000

struct slot {
	uint64_t seq;
	bool busy;
};

struct link {
	struct httpc *dist, *node;
	struct places *places;
	char *url, *fs_url;
	char session[33], host[65];
	int64_t timeout_ms;
	pthread_mutex_t lock;
	pthread_cond_t freed;
	struct slot slots[SLOTS]; /* lock */
	uint64_t changes, synced; /* lock: of changes, so many are known to be on disk */
	_Atomic int64_t logged_dist, logged_node; /* clock_ms of the last line */
};

static int make_session(struct link *l)
{
	unsigned char raw[16];
	ssize_t n = getrandom(raw, sizeof(raw), 0);

	if (n != (ssize_t)sizeof(raw))
		return n < 0 ? -errno : -EIO;
	for (size_t i = 0; i < sizeof(raw); i++)
		(void)snprintf(l->session + 2 * i, 3, "%02x", raw[i]);
	if (gethostname(l->host, sizeof(l->host) - 1) < 0)
		l->host[0] = 0; /* only for people */
	return 0;
}

int link_open(const struct link_conf *conf, struct link **out)
{
	struct httpc_conf hc = {
		.token = conf->token,
		.ca_file = conf->ca_file,
		.keep = SLOTS,
		.user_agent = "cdnfs/" VERSION,
	};
	struct link *l = calloc(1, sizeof(*l));
	size_t len = strlen(conf->url);
	int rc = -ENOMEM;

	if (!l)
		return rc;
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->freed, NULL);
	l->timeout_ms = conf->timeout_ms;
	atomic_store(&l->logged_dist, -LOG_EVERY_MS);
	atomic_store(&l->logged_node, -LOG_EVERY_MS);
	while (len && conf->url[len - 1] == '/')
		len--;
	l->url = strndup(conf->url, len);
	if (!l->url || asprintf(&l->fs_url, "%s/fs", l->url) < 0)
		goto fail;
	rc = make_session(l);
	if (rc < 0)
		goto fail;
	origin_set_default(l->session); /* what is asked for is for this mount */
	rc = places_open(&l->places);
	if (rc < 0)
		goto fail;
	rc = httpc_open(&hc, &l->dist);
	if (rc < 0)
		goto fail;
	rc = httpc_open(&hc, &l->node);
	if (rc < 0)
		goto fail;
	*out = l;
	return 0;
fail:
	link_close(&l);
	return rc;
}

void link_close(struct link **l)
{
	if (!*l)
		return;
	httpc_close(&(*l)->dist);
	httpc_close(&(*l)->node);
	places_close(&(*l)->places);
	free((*l)->url);
	free((*l)->fs_url);
	pthread_cond_destroy(&(*l)->freed);
	pthread_mutex_destroy(&(*l)->lock);
	free(*l);
	*l = NULL;
}

const char *link_url(const struct link *l)
{
	return l->url;
}

const char *link_session(const struct link *l)
{
	return l->session;
}

struct places *link_places(struct link *l)
{
	return l->places;
}

int64_t link_deadline(const struct link *l, const struct wait *w)
{
	return clock_ms() + (w ? w->ms : l->timeout_ms);
}

void link_log_away(struct link *l, bool node, const char *url, int rc, const char *message)
{
	_Atomic int64_t *last = node ? &l->logged_node : &l->logged_dist;
	int64_t now = clock_ms(), before = atomic_load(last);

	if (now - before < LOG_EVERY_MS || !atomic_compare_exchange_strong(last, &before, now))
		return;
	if (*message)
		log_error(node ? "node cannot serve now" : "distributor cannot serve now",
			"server=%s message=\"%s\"", url, message);
	else
		log_error(node ? "node does not answer: see that it runs and can be reached"
			       : "distributor does not answer: see that it runs and can be "
				 "reached",
			"server=%s error=\"%s\"", url, strerror(-rc));
}

static bool away_status(unsigned status)
{
	return status == 502 || status == 503 || status == 504;
}

static void log_exchange(const struct httpc_req *req, const struct httpc_res *res, int rc)
{
	log_debug("asked", "method=%s url=%s status=%u error=\"%s\"", req->method, req->url,
		rc < 0 ? 0 : res->status, rc < 0 ? httpc_why(res, rc) : "");
}

/* The result of an exchange whose transport ended with rc. */
static int judge(struct link *l, bool node, const struct wait *w, const struct httpc_req *req,
	struct httpc_res *res, int rc)
{
	bool quiet = w && w->quiet;
	char message[200] = "";

	if (rc == -EINTR || rc == -ENOMEM || rc == -ENOSPC || rc == -EDQUOT || rc == -EFBIG)
		return rc; /* on this side */
	if (rc < 0) {
		if (!quiet)
			link_log_away(l, node, req->url, rc, buf_str(&res->why));
		if (w && w->why)
			buf_adds(w->why, httpc_why(res, rc));
		return rc == -ETIMEDOUT ? rc : -EIO;
	}
	if (res->status >= 200 && res->status < 300)
		return 0;
	httpc_message(res, message, sizeof(message));
	if (away_status(res->status)) {
		if (!quiet)
			link_log_away(l, node, req->url, -EIO, message);
		return -EIO;
	}
	if (res->status == 401 || res->status == 403) {
		log_error(
			"server refuses the token: set token_file or CDN_TOKEN to the servers' one",
			"server=%s status=%u message=\"%s\"", req->url, res->status, message);
		return -EACCES;
	}
	if (res->status == 400 || res->status == 413 || res->status == 422)
		log_error("server does not take the request: are its version and ours the same?",
			"server=%s status=%u message=\"%s\"", req->url, res->status, message);
	return http_errno_of(res->status);
}

static int exchange(struct link *l, bool node, const struct wait *w, struct httpc_req *req,
	struct httpc_res *res)
{
	int64_t deadline = link_deadline(l, w);
	int64_t left = deadline - clock_ms();
	int rc;

	if (left < 100)
		left = 100;
	req->stall_ms = left < ATTEMPT_MS ? left : ATTEMPT_MS;
	rc = httpc_retry(node ? l->node : l->dist, req, res, deadline, w ? w->stop : NULL,
		w ? w->ctx : NULL);
	log_exchange(req, res, rc);
	return judge(l, node, w, req, res, rc);
}

int link_dist(struct link *l, const struct wait *w, struct httpc_req *req, struct httpc_res *res)
{
	return exchange(l, false, w, req, res);
}

int link_node(struct link *l, const struct wait *w, struct httpc_req *req, struct httpc_res *res)
{
	return exchange(l, true, w, req, res);
}

int link_node_once(struct link *l, struct httpc_req *req, struct httpc_res *res)
{
	int rc = httpc_do(l->node, req, res);

	log_exchange(req, res, rc);
	if (rc == -ENOMEM || rc == -EINTR)
		return rc;
	if (rc == -EPROTO && res->why.len) /* the next attempt will end so too */
		link_log_away(l, true, req->url, rc, buf_str(&res->why));
	if (rc < 0 || away_status(res->status))
		return -EHOSTDOWN;
	return judge(l, true, NULL, req, res, 0);
}

static unsigned slot_take(struct link *l, uint64_t *seq)
{
	unsigned i;

	pthread_mutex_lock(&l->lock);
	for (;;) {
		for (i = 0; i < SLOTS && l->slots[i].busy; i++)
			;
		if (i < SLOTS)
			break;
		pthread_cond_wait(&l->freed, &l->lock);
	}
	l->slots[i].busy = true;
	*seq = ++l->slots[i].seq;
	pthread_mutex_unlock(&l->lock);
	return i;
}

static void slot_return(struct link *l, unsigned slot)
{
	pthread_mutex_lock(&l->lock);
	l->slots[slot].busy = false;
	pthread_cond_signal(&l->freed);
	pthread_mutex_unlock(&l->lock);
}

static void settle(struct link *l, bool change, bool durable, uint64_t upto)
{
	pthread_mutex_lock(&l->lock);
	if (change)
		l->changes++;
	if (durable && upto > l->synced)
		l->synced = upto;
	pthread_mutex_unlock(&l->lock);
}

bool link_unsynced(struct link *l)
{
	bool more;

	pthread_mutex_lock(&l->lock);
	more = l->changes > l->synced;
	pthread_mutex_unlock(&l->lock);
	return more;
}

void link_changed(struct link *l)
{
	settle(l, true, false, 0);
}

static int post(struct link *l, const struct wait *w, const struct buf *body, int n, cJSON **root,
	const cJSON **results)
{
	static const char *const headers[] = { "Content-Type: application/json", NULL };
	struct httpc_req req = { .method = "POST",
		.url = l->fs_url,
		.headers = headers,
		.body = body->data,
		.body_len = body->len };
	struct httpc_res res = HTTPC_RES_INIT;
	int rc = link_dist(l, w, &req, &res);

	if (!rc)
		rc = wire_answer(buf_str(&res.body), res.body.len, n, root, results);
	if (rc == -EPROTO) {
		log_error("answer is not a distributor's: check the URL of the mount", "server=%s",
			l->fs_url);
		rc = -EIO;
	}
	httpc_res_release(&res);
	return rc;
}

int link_fs(struct link *l, const struct wait *w, bool change, bool durable, cJSON *ops,
	cJSON **root, const cJSON **results)
{
	struct wire_head head = { .durable = durable };
	struct buf body = BUF_INIT;
	int n = cJSON_GetArraySize(ops);
	uint64_t upto;
	int rc;

	pthread_mutex_lock(&l->lock);
	upto = l->changes;
	pthread_mutex_unlock(&l->lock);
	if (change) {
		head.session = l->session;
		head.host = l->host;
		head.slot = slot_take(l, &head.seq);
	}
	rc = wire_batch(&head, ops, &body);
	if (!rc)
		rc = post(l, w, &body, n, root, results);
	if (change)
		slot_return(l, head.slot);
	if (!rc)
		settle(l, change && !durable, durable, upto);
	buf_release(&body);
	return rc;
}

uint64_t link_count_dist(const struct link *l)
{
	return httpc_count(l->dist);
}

uint64_t link_count_node(const struct link *l)
{
	return httpc_count(l->node);
}

uint64_t link_retries_dist(const struct link *l)
{
	return httpc_retries(l->dist);
}

uint64_t link_retries_node(const struct link *l)
{
	return httpc_retries(l->node);
}
