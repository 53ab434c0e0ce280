/* httpd_priv - what the files of httpd share; nobody else includes it. */
#ifndef COMMON_HTTPD_PRIV_H
#define COMMON_HTTPD_PRIV_H

#include "common/buf.h"
#include "common/httpd.h"
#include "common/log.h"
#include "common/origin.h"
#include "common/pem.h"
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

/* A pool of threads with one first-in first-out queue of at most HTTPD_WORK_WAITING. With run NULL it has no threads:
 * `threads` of those who come do their work themselves at one time, between begin and end. */
#define HTTPD_WORK_WAITING 1024
struct httpd_work;
struct httpd_work_item {
	struct httpd_work_item *next; /* the pool's */
};
/* refused: the pool is stopping, run() must not wait. The item may be freed by run(). */
typedef void httpd_work_run(struct httpd_work_item *item, bool refused);
int httpd_work_open(unsigned threads, httpd_work_run *run, struct httpd_work **out);
int httpd_work_submit(struct httpd_work *w, struct httpd_work_item *item); /* 0 or -EAGAIN */
/* 0 when it is the caller's turn, after waiting for it; -EAGAIN: too many wait already, or the pool is stopping. */
int httpd_work_begin(struct httpd_work *w);
void httpd_work_end(struct httpd_work *w);
/* Every item that was taken has been run when this returns; later ones get -EAGAIN. */
void httpd_work_stop(struct httpd_work *w);
unsigned httpd_work_waiting(struct httpd_work *w);
void httpd_work_close(struct httpd_work **w); /* stops; NULL-safe */

struct httpd {
	/* constant once open */
	struct httpd_conf conf;
	char *token;
	struct pem_server tls; /* empty: plain */
	size_t token_len;
	struct MHD_Daemon *daemon;
	struct httpd_work *work;
	struct httpd_counts *counts;
	unsigned port;

	_Atomic unsigned active; /* requests between their first callback and done() */
	_Atomic bool closing;
	pthread_mutex_t lock; /* only for idle, below */
	pthread_cond_t idle;  /* lock: closing, and active became 0 */
};

/* The event thread owns a request, but for the time between a taken httpd_work_submit() and
 * MHD_resume_connection(), when its connection sleeps and a worker owns it, or whoever will
 * release it (httpd_hold).
 *
 * what is set            means
 * -                      headers are here, the body is arriving
 * started                handle() runs, ran, or waits for a worker
 * replied                the answer is in response; the body's rest is thrown away, then it is sent
 * replied, response NULL memory ran out: the connection is closed; or the answer went to libmicrohttpd */
struct httpd_req {
	struct httpd_work_item item; /* first */
	uint32_t magic;
	struct httpd *server;
	struct MHD_Connection *conn;
	const struct httpd_route *route; /* NULL until found */
	const char *method, *path;	 /* path decoded; "" when it had a bad escape */
	char request_id[LOG_REQUEST_ID];
	char origin[ORIGIN_TEXT]; /* "": nobody's */

	uint64_t id;
	const char *rest;
	uint64_t link;		   /* when the link that it came by expires; 0: it came by none */
	uint64_t length;	   /* of the body as announced; UINT64_MAX: chunked */
	const char *authorization; /* NULL: none */
	bool expects;		   /* Expect: 100-continue, and a body */
	bool broken;		   /* the headers contradict themselves */
	bool bad_query;		   /* a query key or value had a bad escape */

	_Atomic int hold;		    /* enum httpd_hold: httpd_serve */
	bool started, replied, ran;	    /* ran: begin or handle ran, done() is owed */
	void (*job)(struct httpd_req *req); /* for the worker */
	void *data;
	struct buf body;
	int64_t began;	   /* clock_ns() */
	uint64_t received; /* bytes of the body so far */
	uint64_t drained;  /* of them, thrown away after the reply was made */

	struct buf headers;  /* name NUL value NUL … */
	unsigned status;     /* 0: no answer was made */
	uint64_t length_out; /* bytes of the answer's body, were it sent */
	struct MHD_Response *response;
};

/* httpd_listen: the socket. On failure a sentence in error. */
int httpd_listen(const char *address, int *fd, unsigned *port, char *error, size_t cap);

/* httpd_request */
size_t httpd_unescape(void *cls, struct MHD_Connection *conn, char *text);
void httpd_read_headers(struct httpd_req *req);

/* httpd_access: the line about a request that took ns. whole: its answer was sent to the end. */
void httpd_access_log(const struct httpd_req *req, int64_t ns, bool whole);
uint64_t httpd_sent(const struct httpd_req *req); /* bytes of the body that its answer has */

/* httpd_metrics: what is counted for each request. */
struct httpd_counts;
int httpd_counts_open(size_t nroutes, struct httpd_counts **out); /* free() takes it down */
void httpd_count(const struct httpd_req *req, int64_t ns, bool whole);

/* httpd_link: true when the request comes by a signed link; then req->link is set, or the link is refused. */
bool httpd_link_check(struct httpd_req *req);

/* httpd_route: sets req->route, id, rest; or replies why the request is refused. */
void httpd_route_find(struct httpd_req *req);

#endif
