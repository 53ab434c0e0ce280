/* httpc - HTTP requests by libcurl: a pool of handles that keep their connections, on which small plain requests go without it.
 * Synchronous; any number of threads may call. The only place that retries. Knows nothing of routes.
 * HTTP/1.1, TLS 1.2 or later, no proxies, and SIGPIPE is ignored from httpc_open() on unless somebody handles it. */
#ifndef COMMON_HTTPC_H
#define COMMON_HTTPC_H

#include "common/buf.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct httpc;

struct httpc_conf {
	const char *token;	/* NULL or "": none. Sent as Authorization: Bearer */
	const char *ca_file;	/* NULL or "": the system's. pem.h says whether it is any good */
	int64_t connect_ms;	/* 0: 3000 */
	size_t keep;		/* idle handles kept, 0: 16 */
	const char *user_agent; /* NULL: "cdnfs" */
};

#define HTTPC_TRAILERS 4
#define HTTPC_TRAILER 80 /* bytes of one, with its end */

struct httpc_req {
	const char *method; /* "GET" … */
	const char *url;
	/* NULL-terminated "Name: value" lines, or NULL. At most 28 (-E2BIG), no CR or LF (-EINVAL) */
	const char *const *headers;
	const void *body; /* with body_len; or NULL */
	size_t body_len;
	bool body_from_fd; /* send fd_len bytes of body_fd from fd_off (pread) instead */
	int body_fd;
	uint64_t fd_off, fd_len;
	/* Or send a body whose length nobody knows yet: up to cap bytes from `at` on, which may wait for them; 0: that was
	 * all; < 0 ends the request with that error. */
	ssize_t (*source)(void *ctx, uint64_t at, void *data, size_t cap);
	/* Behind it: n (at most HTTPC_TRAILERS) "Name: value" lines into lines, asked for once. Returns n. */
	size_t (*trailers)(void *ctx, char lines[][HTTPC_TRAILER]);
	void *source_ctx;
	/* Where the answer's body goes when its status is 2xx; NULL: res->body. Returning < 0 ends the
	 * request with that error. May be called again from the start by httpc_retry: see restart. */
	int (*sink)(void *ctx, const void *data, size_t len);
	void (*restart)(void *ctx); /* the sink's bytes so far are void; NULL: none needed */
	void *ctx;
	/* Told now and then how far it is, in bytes of the bodies; expected: of the answer's, 0: not known. NULL: nobody asks */
	void (*moved)(void *ctx, uint64_t sent, uint64_t received, uint64_t expected);
	void *moved_ctx;
	size_t body_max;    /* bytes res->body accepts; 0: LIMIT_JSON_REPLY. More: -EMSGSIZE */
	int64_t timeout_ms; /* the whole exchange; 0: none */
	int64_t stall_ms; /* no byte either way for so long; 0: 30000 (not with `source`, which may change it) */
	bool follow; /* follow redirects (to http and https only) */
};

struct httpc_res {
	unsigned status;
	struct buf body;
	struct buf headers; /* as received, lines ended by CRLF */
	struct buf why; /* why there was no answer, when TLS has to do with it: see httpc_why() */
	bool sent; /* the request may have reached the server without its answer reaching us; httpc_retry:
	              in any of its attempts, so also beside a last answer or a refused connection */
};

int httpc_open(const struct httpc_conf *conf, struct httpc **out);
void httpc_close(struct httpc **h); /* NULL-safe; no request may be in flight */

/* One exchange; only what a kept connection lost before a byte of an answer came is repeated at
 * once, on a fresh one. 0 when an answer with any status was read whole; else -ECONNREFUSED,
 * -ETIMEDOUT, -ECONNRESET, -EHOSTUNREACH, -EPROTO, -EMSGSIZE, the sink's error … `res` must be
 * HTTPC_RES_INIT or used before; it is emptied first. Sends the thread's request id
 * (common/log.h) as X-Request-Id, its origin (common/origin.h) as X-Session, and no Expect. */
int httpc_do(struct httpc *h, const struct httpc_req *req, struct httpc_res *res);

/* The same again and again, with doubling pauses (10 ms to 1 s), while the connection fails or
 * the answer is 502, 503 or 504, until clock_ms() passes deadline_ms or stop(ctx) is true
 * (-EINTR, also in the middle of an attempt). An attempt that moves bytes may pass the deadline,
 * a server silent until then may not. Only for requests that may be applied twice. Returns the
 * last outcome (a 503 that remains is returned as an answer). stop: NULL when nobody can. */
int httpc_retry(struct httpc *h, const struct httpc_req *req, struct httpc_res *res,
	int64_t deadline_ms, bool (*stop)(void *ctx), void *stop_ctx);

/* Value of a header into out (NUL-terminated, truncated to cap). False when absent. */
bool httpc_header(const struct httpc_res *res, const char *name, char *out, size_t cap);
/* The "message" of a JSON error body, or "" . For log lines and people. */
void httpc_message(const struct httpc_res *res, char *out, size_t cap);
/* Why httpc_do() or httpc_retry() ended with rc < 0, for log lines and people. Lives as long as res is not used. */
const char *httpc_why(const struct httpc_res *res, int rc);
/* Requests sent so far, retries included: what the mount's counters and the tests read. */
uint64_t httpc_count(const struct httpc *h);
uint64_t httpc_retries(const struct httpc *h); /* those behind a first attempt */

#define HTTPC_RES_INIT                                                                             \
	{                                                                                          \
		0                                                                                  \
	}
void httpc_res_release(struct httpc_res *res);

#endif
