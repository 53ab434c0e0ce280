#include "common/clock.h"
#include "common/http.h"
#include "common/httpd_priv.h"
#include "common/limits.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQ_MAGIC 0x68747471U
#define STACK (1U << 20) /* of a connection's thread; what is not used is not there */
/* TLS 1.2 and later: what is older counts as broken (RFC 8996). */
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

static char crowded; /* in place of a request: its query had too many parameters */

static struct httpd_req *req_of(void *pointer)
{
	struct httpd_req *req = pointer;

	assert(req && req->magic == REQ_MAGIC);
	return req;
}

/* The path of an absolute-form target (RFC 9112 3.2.2), or the target itself. */
static const char *path_of(const char *url)
{
	size_t n = strncasecmp(url, "http://", 7) == 0	  ? 7
		   : strncasecmp(url, "https://", 8) == 0 ? 8
							  : 0;

	if (n == 0)
		return url;
	url = strchr(url + n, '/');
	return url ? url : "/";
}

/* Hands the kept reply to libmicrohttpd. */
static enum MHD_Result send_reply(struct httpd_req *req)
{
	struct MHD_Response *r = req->response;
	enum MHD_Result ok;

	if (!r)
		return MHD_NO;
	req->response = NULL;
	if (atomic_load(&req->server->closing))
		(void)MHD_add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close");
	ok = MHD_queue_response(req->conn, req->status, r);
	MHD_destroy_response(r);
	return ok;
}

static void reply_busy(struct httpd_req *req)
{
	httpd_set_header(req, "Retry-After", "1");
	httpd_reply_error(req, 503, "busy or stopping; try again in a second");
}

/* Whoever works on a request does so by its name, and on behalf of its mount. */
static void enter(const struct httpd_req *req)
{
	log_request_set(req->request_id);
	origin_set(req->origin);
}

static void leave(void)
{
	log_request_set("");
	origin_set("");
}

/* A hold: taken by the handler; then the connection sleeps, unless it was released before. */
enum httpd_hold { HOLD_NONE, HOLD_TAKEN, HOLD_ASLEEP, HOLD_RELEASED };

void httpd_hold(struct httpd_req *req)
{
	assert(atomic_load(&req->hold) == HOLD_NONE && !req->server->conf.thread_each);
	atomic_store(&req->hold, HOLD_TAKEN);
}

void httpd_release(struct httpd_req *req)
{
	if (atomic_exchange(&req->hold, HOLD_RELEASED) == HOLD_ASLEEP)
		MHD_resume_connection(req->conn);
}

/* Behind a handler that holds; its connection sleeps already. True: it is another's now, who may be done with it. */
static bool fall_asleep(struct httpd_req *req)
{
	int taken = HOLD_TAKEN;

	return atomic_compare_exchange_strong(&req->hold, &taken, HOLD_ASLEEP);
}

static void need_reply(struct httpd_req *req)
{
	if (!req->replied)
		httpd_reply_error(req, 500, "no answer was made for %s", req->path);
}

/* On a worker; the connection sleeps, so nothing else touches req until it is resumed. */
static void work(struct httpd_work_item *item, bool refused)
{
	struct httpd_req *req = req_of(item);

	enter(req);
	if (refused)
		reply_busy(req);
	else
		req->job(req);
	leave();
	if (atomic_load(&req->hold) != HOLD_NONE && fall_asleep(req))
		return;
	need_reply(req);
	MHD_resume_connection(req->conn);
}

static void submit(struct httpd_req *req)
{
	MHD_suspend_connection(req->conn);
	if (httpd_work_submit(req->server->work, &req->item) == 0)
		return;
	reply_busy(req);
	MHD_resume_connection(req->conn);
}

/* The connection's thread may wait itself. */
static void work_here(struct httpd_req *req)
{
	if (httpd_work_begin(req->server->work) < 0) {
		reply_busy(req);
		return;
	}
	req->job(req);
	httpd_work_end(req->server->work);
}

static enum MHD_Result run(struct httpd_req *req)
{
	const struct httpd_route *r = req->route;

	req->started = req->ran = true;
	if (r->flags & HTTPD_WORKER)
		req->job = r->handle;
	else
		r->handle(req);
	if (atomic_load(&req->hold) != HOLD_NONE) {
		MHD_suspend_connection(req->conn);
		if (!fall_asleep(req))
			MHD_resume_connection(req->conn);
		return MHD_YES;
	}
	if (req->job && !req->replied) {
		if (!req->server->conf.thread_each) {
			submit(req);
			return MHD_YES;
		}
		work_here(req);
	}
	need_reply(req);
	return send_reply(req);
}

/* Before the query is parsed. libmicrohttpd 0.9.75 leaves a request whose parameters do not fit its memory
 * unanswered until its time is over, so they are cut off here, and the request is refused. */
static void *on_uri(void *cls, const char *uri, struct MHD_Connection *conn)
{
	char *query = strchr(uri, '?'); /* in the connection's own buffer */
	size_t n = 1;

	(void)cls;
	(void)conn;
	for (const char *c = query; c && *c; c++)
		n += *c == '&';
	if (!query || n <= LIMIT_PARAMETERS)
		return NULL;
	query[1] = '\0';
	return &crowded;
}

/* The headers are here. A refusal waits for the body to be thrown away, unless the client waits for us
 * or has more than we would read; then libmicrohttpd closes the connection behind it. */
static enum MHD_Result on_headers(struct httpd_req *req, bool too_many)
{
	if (atomic_load(&req->server->closing))
		reply_busy(req);
	else if (too_many)
		httpd_reply_error(req, 414, "there are more than %d parameters", LIMIT_PARAMETERS);
	else
		httpd_route_find(req);
	if (!req->replied && req->route->begin) {
		req->ran = true;
		req->route->begin(req);
	}
	if (req->replied) {
		bool huge = req->length != UINT64_MAX && req->length > LIMIT_DRAIN;

		return req->expects || req->broken || huge ? send_reply(req) : MHD_YES;
	}
	if (req->expects && (req->route->flags & HTTPD_EARLY))
		return run(req);
	return MHD_YES;
}

static void gather(struct httpd_req *req, const char *data, size_t len)
{
	size_t max = req->route->body_max;
	bool sized = req->length != UINT64_MAX;

	if (req->received > (max ? max : LIMIT_JSON_BODY)) {
		httpd_reply_error(req, 413, "the body has more than %zu bytes",
			max ? max : (size_t)LIMIT_JSON_BODY);
		return;
	}
	if (max == 0)
		return;
	if (sized && req->body.len == 0)
		(void)buf_reserve(&req->body, (size_t)req->length); /* buf_add sees its failure */
	buf_add(&req->body, data, len);
	if (buf_error(&req->body) < 0)
		reply_busy(req);
}

/* libmicrohttpd 0.9.75 misses the end of a stream that came together with the last bytes, and would keep
 * the upload until its time is over. Bytes that it holds itself are only possible in chunked bodies. */
static bool client_gone(const struct httpd_req *req)
{
	const union MHD_ConnectionInfo *info;
	char c;

	if (req->length == UINT64_MAX || req->received >= req->length)
		return false;
	info = MHD_get_connection_info(req->conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	return info && recv(info->connect_fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static enum MHD_Result on_body(struct httpd_req *req, const char *data, size_t len)
{
	req->received += len;
	if (req->replied) {
		req->drained += len;
		if (req->drained > LIMIT_DRAIN)
			return MHD_NO;
	} else if (req->route->data) {
		int rc = req->route->data(req, data, len);

		if (rc < 0 && !req->replied)
			httpd_reply_error(req, http_status_of(rc), "the body was not taken: %s",
				strerror(-rc));
	} else if (!(req->route->flags & HTTPD_EARLY)) {
		gather(req, data, len);
	}
	return client_gone(req) ? MHD_NO : MHD_YES;
}

/* The request is complete, or a worker has answered it. */
static enum MHD_Result on_end(struct httpd_req *req)
{
	if (atomic_load(&req->hold) == HOLD_RELEASED)
		need_reply(req);
	return req->replied ? send_reply(req) : run(req);
}

static struct httpd_req *req_open(struct httpd *d, struct MHD_Connection *conn, const char *url,
	const char *method, const char *version)
{
	struct httpd_req *req = calloc(1, sizeof(*req));

	if (!req)
		return NULL;
	atomic_fetch_add(&d->active, 1);
	req->magic = REQ_MAGIC;
	req->server = d;
	req->conn = conn;
	req->method = method;
	req->began = clock_ns();
	req->path = path_of(url);
	httpd_read_headers(req);
	if (strcmp(version, MHD_HTTP_VERSION_1_1) != 0)
		req->expects = false;
	return req;
}

static void req_close(struct httpd_req *req, bool whole)
{
	struct httpd *d = req->server;
	int64_t ns = clock_ns() - req->began;

	if (req->ran && req->route->done)
		req->route->done(req);
	httpd_access_log(req, ns, whole);
	httpd_count(req, ns, whole);
	if (req->response)
		MHD_destroy_response(req->response);
	buf_release(&req->body);
	buf_release(&req->headers);
	req->magic = 0;
	free(req);
	if (atomic_fetch_sub(&d->active, 1) == 1 && atomic_load(&d->closing)) {
		pthread_mutex_lock(&d->lock);
		pthread_cond_signal(&d->idle);
		pthread_mutex_unlock(&d->lock);
	}
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *conn, const char *url,
	const char *method, const char *version, const char *data, size_t *len, void **context)
{
	bool too_many = *context == &crowded;
	struct httpd_req *req = too_many ? NULL : *context;
	enum MHD_Result ok;

	if (!req) {
		req = req_open(cls, conn, url, method, version);
		if (!req)
			return MHD_NO;
		*context = req;
		enter(req);
		ok = on_headers(req, too_many);
	} else if (*len > 0) {
		enter(req_of(req));
		ok = on_body(req, data, *len);
		*len = 0;
	} else {
		enter(req_of(req));
		ok = on_end(req);
	}
	leave();
	return ok;
}

static void on_completed(void *cls, struct MHD_Connection *conn, void **context,
	enum MHD_RequestTerminationCode code)
{
	struct httpd_req *req = *context;

	(void)cls;
	(void)conn;
	if (!req || *context == &crowded)
		return;
	*context = NULL;
	enter(req_of(req));
	req_close(req, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
	leave();
}

/* A server of LIMIT_CONNECTIONS needs that many descriptors, and files beside them. */
static void raise_descriptors(void)
{
	struct rlimit r;
	rlim_t want = 4 * LIMIT_CONNECTIONS;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_cur >= want)
		return;
	r.rlim_cur = r.rlim_max < want ? r.rlim_max : want;
	(void)setrlimit(RLIMIT_NOFILE, &r); /* fewer connections then */
}

/* listen_fd is libmicrohttpd's from here, also when this fails. */
static int start_daemon(struct httpd *d, int listen_fd, char *error, size_t cap)
{
	const struct httpd_conf *c = &d->conf;
	size_t memory = c->connection_memory ? c->connection_memory : 32768;
	struct MHD_OptionItem more[5];
	size_t n = 0;
	unsigned flags = c->thread_each
				 ? MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION
				 : MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;

	if (c->thread_each)
		more[n++] = (struct MHD_OptionItem){ MHD_OPTION_THREAD_STACK_SIZE, STACK, NULL };
	else if (c->event_threads > 1)
		more[n++] = (struct MHD_OptionItem){ MHD_OPTION_THREAD_POOL_SIZE, c->event_threads,
			NULL };
	if (d->tls.cert) {
		flags |= MHD_USE_TLS;
		more[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_CERT, 0, d->tls.cert };
		more[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_KEY, 0, d->tls.key };
		more[n++] =
			(struct MHD_OptionItem){ MHD_OPTION_HTTPS_PRIORITIES, 0, TLS_PRIORITIES };
	}
	more[n] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
	d->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, d, MHD_OPTION_LISTEN_SOCKET,
		listen_fd, MHD_OPTION_NOTIFY_COMPLETED, on_completed, d,
		MHD_OPTION_URI_LOG_CALLBACK, on_uri, d, MHD_OPTION_UNESCAPE_CALLBACK,
		httpd_unescape, d, MHD_OPTION_CONNECTION_LIMIT, (unsigned)LIMIT_CONNECTIONS,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)LIMIT_REQUEST_SECONDS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory, MHD_OPTION_ARRAY, more, MHD_OPTION_END);
	if (d->daemon)
		return 0;
	(void)snprintf(error, cap, "cannot start the HTTP server on %s", c->listen);
	return -EINVAL;
}

static int read_tls(struct httpd *d, char *error, size_t cap)
{
	const struct httpd_conf *c = &d->conf;
	int rc;

	if (!c->tls_cert && !c->tls_key)
		return 0;
	if (!c->tls_cert || !c->tls_key) {
		(void)snprintf(error, cap, "TLS needs both a certificate and a key");
		return -EINVAL;
	}
	if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES) {
		(void)snprintf(error, cap, "this libmicrohttpd was built without TLS");
		return -ENOSYS;
	}
	rc = pem_server_load(c->tls_cert, c->tls_key, &d->tls, error, cap);
	if (rc == 0 && d->tls.expired)
		log_warn("the certificate is not valid today: clients will refuse it; renew it and "
			 "start again",
			"file=%s", c->tls_cert);
	return rc;
}

static int init(struct httpd *d, const struct httpd_conf *conf)
{
	d->conf = *conf;
	if (d->conf.event_threads > 0)
		d->conf.thread_each = false;
	if (d->conf.event_threads == 0) {
		long cores = sysconf(_SC_NPROCESSORS_ONLN);

		d->conf.event_threads = cores > 0 ? (unsigned)cores : 1;
	}
	if (d->conf.workers == 0)
		d->conf.workers = 16;
	pthread_mutex_init(&d->lock, NULL);
	clock_cond_init(&d->idle);
	if (httpd_counts_open(conf->nroutes, &d->counts) < 0)
		return -ENOMEM;
	if (conf->token && *conf->token) {
		d->token = strdup(conf->token);
		if (!d->token)
			return -ENOMEM;
		d->token_len = strlen(d->token);
	}
	return 0;
}

/* Signals are the main thread's: ours are started with all of them blocked. */
static int start(struct httpd *d, char *error, size_t cap)
{
	sigset_t all, before;
	int fd, rc = httpd_listen(d->conf.listen, &fd, &d->port, error, cap);

	if (rc < 0)
		return rc;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = httpd_work_open(d->conf.workers, d->conf.thread_each ? NULL : work, &d->work);
	if (rc < 0) {
		close(fd);
		(void)snprintf(
			error, cap, "cannot start %u workers: %s", d->conf.workers, strerror(-rc));
	} else {
		rc = start_daemon(d, fd, error, cap);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

int httpd_open(const struct httpd_conf *conf, struct httpd **out, char *error, size_t cap)
{
	struct httpd *d = calloc(1, sizeof(*d));
	int rc = -ENOMEM;

	if (!d || init(d, conf) < 0) {
		(void)snprintf(error, cap, "memory ran out");
		goto fail;
	}
	raise_descriptors();
	rc = read_tls(d, error, cap);
	if (rc == 0)
		rc = start(d, error, cap);
	if (rc < 0)
		goto fail;
	*out = d;
	return 0;
fail:
	httpd_close(&d, 0);
	return rc;
}

static void wait_idle(struct httpd *d, int64_t drain_ms)
{
	int64_t until = clock_ms() + (drain_ms > 0 ? drain_ms : 0);

	pthread_mutex_lock(&d->lock);
	while (atomic_load(&d->active) > 0)
		if (clock_wait(&d->idle, &d->lock, until) != 0)
			break;
	pthread_mutex_unlock(&d->lock);
}

void httpd_close(struct httpd **dp, int64_t drain_ms)
{
	struct httpd *d = *dp;

	if (!d)
		return;
	*dp = NULL;
	if (d->daemon) {
		atomic_store(&d->closing, true);
		wait_idle(d, drain_ms);
		httpd_work_stop(d->work); /* behind it no connection sleeps */
		MHD_stop_daemon(d->daemon);
	}
	httpd_work_close(&d->work);
	pthread_cond_destroy(&d->idle);
	pthread_mutex_destroy(&d->lock);
	free(d->token);
	free(d->counts);
	pem_server_release(&d->tls);
	free(d);
}

unsigned httpd_port(const struct httpd *d)
{
	return d->port;
}
