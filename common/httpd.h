/* httpd - an HTTP server by libmicrohttpd: a table of routes, epoll event threads, and a pool of workers for
 * handlers that wait (disk syncs, other servers, a database), so that nobody's wait is another's; or a thread for each
 * connection.
 *
 * Life of a request: match route → token → begin() → data()* → handle() → the reply is sent → done().
 * HEAD is answered by the GET route without its body. Unknown path 404, known path with another method 405 with
 * Allow, missing or wrong token 401, body over the route's limit 413, all as JSON {"message": …}. Every path
 * matches with and without its trailing slash. */
#ifndef COMMON_HTTPD_H
#define COMMON_HTTPD_H

#include "common/buf.h"
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct httpd;
struct httpd_req;

enum {
	HTTPD_WORKER = 1, /* handle() runs on a worker thread, the connection sleeps meanwhile */
	HTTPD_CHANGE = 2, /* needs the token when one is set */
	HTTPD_PUBLIC =
		4, /* never needs it (health); neither flag: needs it when conf.token_for_reads */
	HTTPD_LINK =
		16, /* a read for which a signed link (sign.h) stands for the token; a wrong or expired
	                    one is 403 wherever a token is set */
	HTTPD_DULL =
		32, /* asked for by machines, again and again: its good answers are in the access log at debug
			    level only */
	HTTPD_EARLY =
		8 /* handle() right after the headers when the request says Expect: 100-continue, else
	                     after the body was read and thrown away (redirects of uploads) */
};

struct httpd_route {
	const char *method;
	const char *
		path; /* "/content/{id}": {id} is a decimal 1..LIMIT_ID, else 400. A last "{*}" takes the rest,
	                     decoded, empty allowed */
	unsigned flags;
	size_t body_max; /* bytes of a body gathered for handle(); 0: none expected, anything is thrown away up to
	                    LIMIT_JSON_BODY, more is 413. Ignored when data is set */
	/* Streams (all three optional). begin: headers are here; a reply made here refuses the body: it is sent
	 * at once when the client waits for 100-continue, else after the body was thrown away (LIMIT_DRAIN).
	 * data: 0 or -errno after replying (the rest of the body is thrown away likewise).
	 * Both run on the event thread and must not wait for anybody. */
	void (*begin)(struct httpd_req *req);
	int (*data)(struct httpd_req *req, const void *data, size_t len);
	/* Replies exactly once. */
	void (*handle)(struct httpd_req *req);
	/* Always last, once, if begin or handle ran: completed or the client went away. Frees httpd_data(). */
	void (*done)(struct httpd_req *req);
};

struct httpd_conf {
	const char *listen; /* "127.0.0.1:8000", "[::1]:80", "0.0.0.0:80"; port 0: any */
	const struct httpd_route *routes;
	size_t nroutes;
	void *server;	   /* for httpd_server() */
	const char *token; /* NULL or "": none */
	bool token_for_reads;
	bool access_log; /* a line at info level for each request; else at debug level */
	const char *tls_cert, *tls_key; /* files, PEM; NULL: plain */
	unsigned event_threads;		/* 0: one per core */
	unsigned workers;		/* 0: 16 */
	bool thread_each; /* with event_threads 0: a connection has a thread of its own, which does the workers' part itself, `workers`
			     of them at one time: nothing is handed over. For servers that nearly always wait; they cannot httpd_hold(). */
	size_t connection_memory; /* libmicrohttpd's per-connection pool, decides the upload chunk; 0: 32 KiB */
};

/* On failure a sentence for people is in error (cap bytes). */
int httpd_open(const struct httpd_conf *conf, struct httpd **out, char *error, size_t cap);
/* New requests get 503, running ones finish: bodies that still arrive for at most drain_ms, handlers on
 * workers always; what waits for a worker then gets 503. Then closes. NULL-safe. */
void httpd_close(struct httpd **d, int64_t drain_ms);
unsigned httpd_port(const struct httpd *d);
/* Asks the server over its own socket: true when an event thread answers within timeout_ms, or when all
 * connections that it may have are taken. */
bool httpd_alive(const struct httpd *d, int64_t timeout_ms);

/* What was asked. Strings live as long as the request. */
void *httpd_server(const struct httpd_req *req);
const char *httpd_method(const struct httpd_req *req); /* HEAD stays HEAD */
uint64_t httpd_id(const struct httpd_req *req);	       /* the {id} of the path */
const char *httpd_rest(
	const struct httpd_req *req, size_t *len); /* the {*}, decoded bytes; never holds NUL */
const char *httpd_header(const struct httpd_req *req, const char *name); /* NULL when absent */
/* What stood behind a chunked body; NULL when absent. */
const char *httpd_trailer(const struct httpd_req *req, const char *name);
const char *httpd_query(
	const struct httpd_req *req, const char *key); /* decoded; NULL when absent */
/* Query number. 1 when there, 0 when absent, -EINVAL when bad (already answered 400 with the reason). */
int httpd_query_u64(struct httpd_req *req, const char *key, uint64_t max, uint64_t *out);
const char *httpd_body(const struct httpd_req *req, size_t *len);
/* Content-Length, or UINT64_MAX when the body is chunked. */
uint64_t httpd_length(const struct httpd_req *req);
const char *httpd_request_id(
	const struct httpd_req *req); /* X-Request-Id given or made; echoed, and set for log */
/* Does the request bring the token? For what needs it although reads are open, or although a link would do.
 * 0, also when none is set; -EACCES: answered 401 or 403. */
int httpd_need_token(struct httpd_req *req);
bool httpd_has_token(const struct httpd_req *req); /* this server has one */
bool httpd_protected(const struct httpd_req *req); /* reads need the token */
/* When the signed link by which the request came expires, in seconds since 1970; 0: it came by none. */
uint64_t httpd_link(const struct httpd_req *req);
/* Adds path (given decoded), `expires` and their signature to url, which holds the base of a server of this
 * cluster. 0; -ENOKEY: no token is set; -ENOMEM; -EIO. */
int httpd_link_add(
	const struct httpd_req *req, struct buf *url, const char *path, uint64_t expires);
void httpd_set_data(struct httpd_req *req, void *data);
void *httpd_data(const struct httpd_req *req);

/* What the server has counted, as text for Prometheus (metrics.h). */
void httpd_metrics(const struct httpd_req *req, struct buf *out);

/* Answers. Headers first, then exactly one reply. */
void httpd_set_header(struct httpd_req *req, const char *name, const char *value);
void httpd_reply(
	struct httpd_req *req, unsigned status, const char *type, const void *data, size_t len);
void httpd_reply_buf(struct httpd_req *req, unsigned status, const char *type,
	struct buf *body);						     /* takes the bytes */
void httpd_reply_json(struct httpd_req *req, unsigned status, cJSON *value); /* frees value */
/* {"message": …}; control bytes and non-UTF-8 in the text are made harmless. */
void httpd_reply_error(struct httpd_req *req, unsigned status, const char *fmt, ...)
	ATTR_PRINTF(3, 4);
/* len bytes of fd from off, by sendfile where there is no TLS; closes fd in every case. Sets Content-Length, no other header.
 * With 304 the whole file's length is to be given: it is announced, as RFC 9110 wants, and no byte is sent. */
void httpd_reply_file(struct httpd_req *req, unsigned status, int fd, uint64_t off, uint64_t len);
bool httpd_replied(const struct httpd_req *req);
/* Called by handle() on the event thread instead of replying: fn is run on a worker as if the route had
 * HTTPD_WORKER, and replies. For handlers that usually answer at once but now must wait for another server. */
void httpd_defer(struct httpd_req *req, void (*fn)(struct httpd_req *req));

/* Called once by handle(), replied or not: the answer goes out when somebody has called httpd_release(), on any thread,
 * once, perhaps before handle() returns. Who releases makes the reply if handle() did not. handle() must not touch the
 * request any more behind the call that lets others release it. The connection sleeps meanwhile: that the client has gone
 * is not seen, so a hold has a time limit. All must be released before httpd_close(). */
void httpd_hold(struct httpd_req *req);
void httpd_release(struct httpd_req *req);
/* The mount on whose behalf the request is (origin.h), "" when it did not say. Also origin_get() of the threads that work
 * on it. */
const char *httpd_origin(const struct httpd_req *req);

#endif
