/* httpc_priv - one exchange on one libcurl handle; only the files of httpc include it. */
#ifndef COMMON_HTTPC_PRIV_H
#define COMMON_HTTPC_PRIV_H

#include "common/httpc.h"
#include "common/log.h"
#include "common/origin.h"
#include <curl/curl.h>

/* Constant for the life of a handle; strings belong to the pool. */
struct httpc_setup {
	const char *authorization; /* the whole header line, or NULL */
	const char *ca_file, *user_agent;
	int64_t connect_ms;
};

enum {
	HTTPC_LINES = 32, /* lines of one request, ours included */
	HTTPC_IDLE_SECONDS =
		25, /* a connection idle for longer is not used: servers drop it at 30 */
	HTTPC_SMALL_READ = 32768,  /* bytes at a time of an answer that is kept: allocated anew */
	HTTPC_LARGE_READ = 262144, /* of one that goes to a sink */
	HTTPC_SMALL_BODY = 65535,  /* a body of this size goes in one piece with its headers */
	HTTPC_STOP_MS = 50,	   /* how often stop() is asked while nothing arrives */
	HTTPC_KEPT =
		8, /* connections of a handle that are used without libcurl: those to so many servers */
	HTTPC_HOST = 128 /* bytes of a server's name and port */
};

/* A connection of libcurl's that nothing is under way on. libcurl says when it closes it. */
struct httpc_kept {
	curl_socket_t fd; /* CURL_SOCKET_BAD: none */
	int64_t used_ms;
	char host[HTTPC_HOST];
};

/* A libcurl handle with the connections it keeps. One thread uses it at a time. */
struct httpc_handle {
	unsigned magic;
	struct httpc_handle *next; /* the pool's */
	const struct httpc_setup *setup;
	CURL *curl;
	CURLM *multi;
	struct httpc_kept kept[HTTPC_KEPT];
	struct buf head, in; /* of quick exchanges */

	/* one exchange */
	const struct httpc_req *req;
	struct httpc_res *res;
	struct curl_slist lines[HTTPC_LINES];
	size_t nlines;
	char request_id[LOG_REQUEST_ID + 16];
	char origin[ORIGIN_TEXT + 16];
	struct buf small;  /* the fd's body when it is small */
	uint64_t body_at;  /* bytes of the fd's body handed to libcurl */
	uint64_t received; /* bytes, headers included */
	bool sent; /* written to some connection, and not answered there (a redirect is an answer) */
	bool fed;
	char text[CURL_ERROR_SIZE]; /* libcurl's words about a failure */
	int error;		    /* why a callback ended the exchange; 0 while all is well */
};

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

/* httpc_handle */
int httpc_handle_open(const struct httpc_setup *setup, struct httpc_handle **out);
void httpc_handle_close(struct httpc_handle **h);
/* Bytes of the answer's body for whoever wants them. 0, or h->error. */
int httpc_deliver(struct httpc_handle *h, const char *data, size_t len);

/* httpc_exchange */
/* As httpc_do(). */
int httpc_exchange(struct httpc_handle *h, const struct httpc_req *req,
	const struct httpc_watch *watch, struct httpc_res *res, struct httpc_outcome *outcome);

/* httpc_quick: one exchange on a connection that libcurl made and keeps. A small request, which are nearly all, costs four system
 * calls and little else; libcurl takes 80 us of a processor for it, and waits twice. */
/* Behind an exchange of libcurl's that ended well, while its multi handle has the easy one: its connection may serve. */
void httpc_quick_keep(struct httpc_handle *h);
/* A connection to where h->req goes, if that is a request for it; else NULL. */
struct httpc_kept *httpc_quick_find(struct httpc_handle *h);
/* As httpc_exchange(), once lines and body are prepared. */
int httpc_quick(struct httpc_handle *h, const struct httpc_watch *watch, struct httpc_kept *k,
	struct httpc_outcome *outcome);

/* httpc_tls: what a CURLcode means when TLS failed, `text` being libcurl's words. -EPROTO: it would fail again;
 * -ECONNRESET: the peer went in the middle of the handshake. */
int httpc_tls_errno(int code, const char *text);
/* Adds the reason and the way out; nothing when the code has nothing to do with TLS. */
void httpc_tls_explain(int code, const char *text, const char *url, struct buf *out);

#endif
