#include "common/clock.h"
#include "common/httpc_priv.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	CONNECT_MS = 3000,
	STALL_MS = 30000,
	STALL_LEAST_MS = 100, /* an attempt at the very deadline still gets so long */
	KEEP = 16,
	PAUSE_MS = 10, /* doubles */
	PAUSE_MOST_MS = 1000,
	SLICE_MS = 50 /* how often stop() is asked in a pause */
};

struct httpc {
	struct httpc_setup setup; /* constant, the strings below too */
	char *authorization, *ca_file, *user_agent;
	size_t keep;
	_Atomic uint64_t count, retries;

	pthread_mutex_t lock;	   /* last of all locks; held for a push or a pop only */
	struct httpc_handle *idle; /* lock: last used first */
	size_t nidle;		   /* lock */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode global = CURLE_FAILED_INIT;

static void init_global(void)
{
	struct sigaction sa;

	global = curl_global_init(CURL_GLOBAL_DEFAULT);
	/* OpenSSL writes without MSG_NOSIGNAL: a peer that went must be an error, not our end. */
	if (sigaction(SIGPIPE, NULL, &sa) == 0 && sa.sa_handler == SIG_DFL)
		(void)signal(SIGPIPE, SIG_IGN);
}

/* A copy of text in *out, NULL for NULL. */
static int copy(const char *text, char **out)
{
	*out = text ? strdup(text) : NULL;
	return text && !*out ? -ENOMEM : 0;
}

static int authorization_line(const char *token, char **out)
{
	struct buf b = BUF_INIT;

	if (!token || !*token)
		return 0;
	buf_addf(&b, "Authorization: Bearer %s", token);
	*out = buf_detach(&b, NULL);
	return *out ? 0 : -ENOMEM;
}

int httpc_open(const struct httpc_conf *conf, struct httpc **out)
{
	struct httpc *h;
	int rc = -ENOMEM;

	(void)pthread_once(&once, init_global); /* fails for a bad argument only */
	h = global == CURLE_OK ? calloc(1, sizeof(*h)) : NULL;
	if (!h)
		return -ENOMEM;
	if (pthread_mutex_init(&h->lock, NULL) != 0) {
		free(h);
		return -ENOMEM;
	}
	if (authorization_line(conf->token, &h->authorization) < 0 ||
		copy(conf->ca_file, &h->ca_file) < 0 ||
		copy(conf->user_agent ? conf->user_agent : "cdnfs", &h->user_agent) < 0)
		goto fail;
	h->keep = conf->keep ? conf->keep : KEEP;
	h->setup = (struct httpc_setup){
		.authorization = h->authorization,
		.ca_file = h->ca_file,
		.user_agent = h->user_agent,
		.connect_ms = conf->connect_ms ? conf->connect_ms : CONNECT_MS,
	};
	*out = h;
	return 0;
fail:
	httpc_close(&h);
	return rc;
}

void httpc_close(struct httpc **h)
{
	struct httpc_handle *at, *next;

	if (!*h)
		return;
	for (at = (*h)->idle; at; at = next) {
		next = at->next;
		httpc_handle_close(&at);
	}
	(void)pthread_mutex_destroy(&(*h)->lock); /* nobody holds it: no request is in flight */
	free((*h)->authorization);
	free((*h)->ca_file);
	free((*h)->user_agent);
	free(*h);
	*h = NULL;
}

static int take(struct httpc *h, struct httpc_handle **out)
{
	struct httpc_handle *found;

	pthread_mutex_lock(&h->lock);
	found = h->idle;
	if (found) {
		h->idle = found->next;
		h->nidle--;
	}
	pthread_mutex_unlock(&h->lock);
	if (!found)
		return httpc_handle_open(&h->setup, out);
	*out = found;
	return 0;
}

static void give(struct httpc *h, struct httpc_handle *handle, bool clean)
{
	if (clean) {
		pthread_mutex_lock(&h->lock);
		if (h->nidle < h->keep) {
			handle->next = h->idle;
			h->idle = handle;
			h->nidle++;
			handle = NULL;
		}
		pthread_mutex_unlock(&h->lock);
	}
	httpc_handle_close(&handle);
}

static int attempt(struct httpc *h, const struct httpc_req *req, const struct httpc_watch *watch,
	struct httpc_res *res, struct httpc_outcome *outcome)
{
	struct httpc_handle *handle;
	bool again = false, sent = false;
	int rc;

	do {
		/* no kept connection twice: the server has probably dropped them all */
		rc = again ? httpc_handle_open(&h->setup, &handle) : take(h, &handle);
		if (rc < 0) {
			httpc_res_release(res);
			res->sent = sent;
			*outcome = (struct httpc_outcome){ .local = true };
			return rc;
		}
		atomic_fetch_add_explicit(&h->count, 1, memory_order_relaxed);
		rc = httpc_exchange(handle, req, watch, res, outcome);
		give(h, handle, outcome->clean);
		sent = res->sent = res->sent || sent;
		again = !again && outcome->stale;
		if (again)
			atomic_fetch_add_explicit(&h->retries, 1, memory_order_relaxed);
	} while (again);
	return rc;
}

static int64_t stall_of(const struct httpc_req *req)
{
	return req->stall_ms > 0 ? req->stall_ms : STALL_MS;
}

int httpc_do(struct httpc *h, const struct httpc_req *req, struct httpc_res *res)
{
	struct httpc_watch watch = { .stall_ms = stall_of(req) };
	struct httpc_outcome outcome;

	return attempt(h, req, &watch, res, &outcome);
}

/* Could the next attempt end otherwise? */
static bool worth_again(int rc, const struct httpc_outcome *o, unsigned status)
{
	if (rc == 0)
		return status == 502 || status == 503 || status == 504;
	return !o->local && (rc == -ECONNREFUSED || rc == -ECONNRESET || rc == -ETIMEDOUT ||
				    rc == -EHOSTUNREACH);
}

/* Sleeps until `until` (clock_ms). True when stopped meanwhile. */
static bool pause_until(int64_t until, bool (*stop)(void *ctx), void *stop_ctx)
{
	int64_t left;

	while (!(stop && stop(stop_ctx))) {
		left = until - clock_ms();
		if (left <= 0)
			return false;
		if (stop && left > SLICE_MS)
			left = SLICE_MS;
		/* woken early by a signal: the loop goes on */
		(void)nanosleep(&(struct timespec){ .tv_sec = left / 1000,
					.tv_nsec = left % 1000 * 1000000 },
			NULL);
	}
	return true;
}

int httpc_retry(struct httpc *h, const struct httpc_req *req, struct httpc_res *res,
	int64_t deadline_ms, bool (*stop)(void *ctx), void *stop_ctx)
{
	struct httpc_watch watch = { .stop = stop, .stop_ctx = stop_ctx };
	struct httpc_outcome outcome;
	int64_t pause = PAUSE_MS, left;
	bool sent = false;
	int rc;

	for (;;) {
		/* a server that is silent until the deadline has had its time */
		left = deadline_ms - clock_ms();
		left = left < STALL_LEAST_MS ? STALL_LEAST_MS : left;
		watch.stall_ms = left < stall_of(req) ? left : stall_of(req);
		rc = attempt(h, req, &watch, res, &outcome);
		sent = sent || res->sent;
		res->sent = sent;
		if (!worth_again(rc, &outcome, res->status))
			return rc;
		if (clock_ms() + pause >= deadline_ms)
			return rc;
		if (pause_until(clock_ms() + pause, stop, stop_ctx))
			return -EINTR;
		atomic_fetch_add_explicit(&h->retries, 1, memory_order_relaxed);
		pause = pause * 2 < PAUSE_MOST_MS ? pause * 2 : PAUSE_MOST_MS;
		if (outcome.fed && req->restart)
			req->restart(req->ctx);
	}
}

uint64_t httpc_count(const struct httpc *h)
{
	return atomic_load_explicit(&h->count, memory_order_relaxed);
}

uint64_t httpc_retries(const struct httpc *h)
{
	return atomic_load_explicit(&h->retries, memory_order_relaxed);
}
