/* httpc_priv - one exchange on one libcurl handle; only httpc_pool, httpc_exchange and httpc_tls
 * include it. */
#ifndef COMMON_HTTPC_PRIV_H
#define COMMON_HTTPC_PRIV_H

#include "common/httpc.h"

/* Constant for the life of a handle; strings belong to the pool. */
struct httpc_setup {
	const char *authorization; /* the whole header line, or NULL */
	const char *ca_file, *user_agent;
	int64_t connect_ms;
};

/* A libcurl handle with the connections it keeps. One thread uses it at a time. */
struct httpc_handle;

/* What bounds one exchange besides the request itself. */
struct httpc_watch {
	int64_t stall_ms; /* > 0 */
	bool (*stop)(void *ctx);
	void *stop_ctx;
};

struct httpc_outcome {
	bool clean; /* the handle may serve again */
	bool local; /* it failed on this side (sink, body, limits, stop): a repeat cannot help */
	bool fed;   /* the sink has got bytes */
	bool stale; /* a kept connection broke before a byte of an answer: try a fresh one at once */
};

int httpc_handle_open(const struct httpc_setup *setup, struct httpc_handle **out);
void httpc_handle_close(struct httpc_handle **h);
/* The handle's place in the pool's list of idle ones. */
struct httpc_handle **httpc_handle_next(struct httpc_handle *h);
/* As httpc_do(). */
int httpc_exchange(struct httpc_handle *h, const struct httpc_req *req,
	const struct httpc_watch *watch, struct httpc_res *res, struct httpc_outcome *outcome);

/* httpc_tls: what a CURLcode means when TLS failed, `text` being libcurl's words. -EPROTO: it would fail again;
 * -ECONNRESET: the peer went in the middle of the handshake. */
int httpc_tls_errno(int code, const char *text);
/* Adds the reason and the way out; nothing when the code has nothing to do with TLS. */
void httpc_tls_explain(int code, const char *text, const char *url, struct buf *out);

#endif
