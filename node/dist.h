/* dist - typed calls to the distributor. Knows its routes and JSON; the only file that talks to it and to other
 * nodes. Any thread may call; a call waits at most about conf.timeout_ms. */
#ifndef NODE_DIST_H
#define NODE_DIST_H

#include "common/hash.h"
#include "common/limits.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dist;

struct dist_conf {
	const char *base;    /* "http://dist:80" */
	const char *name;    /* this node's name; NULL: dist tells it by `uri` */
	const char *token;   /* NULL: none */
	const char *ca_file; /* NULL: the system's */
	int64_t timeout_ms;  /* how long a call is tried */
};

/* What became of a call. */
enum dist_outcome {
	DIST_DONE,    /* answered 2xx */
	DIST_REFUSED, /* answered 4xx or 507: nothing was done, answer.status and message say why */
	DIST_AWAY,    /* not reached, or 503: nothing was done */
	DIST_UNKNOWN  /* sent, but no clear answer: it may be done, or be done later */
};

/* A content as it is registered. */
struct dist_new {
	const char *name; /* bytes of the upload's file name, with name_len; NULL: none */
	size_t name_len;
	const char *path; /* bytes, with path_len: where in the tree; NULL: none */
	size_t path_len;
	const char *uri; /* public base of this node as the client knows it; NULL: unknown */
	const char *etag, *type;
	uint64_t size, stamp;
	uint64_t allocated;  /* bytes of data, without holes */
	bool has_base, once; /* docs/protocol.md */
	uint64_t base;
	bool has_mtime;
	int64_t mtime; /* ns since 1970 */
	bool durable;
};

struct dist_record {
	uint64_t id; /* 0: none */
	uint64_t size, stamp;
	uint64_t allocated; /* bytes of data; size when not told */
	char etag[HASH_TEXT];
	char type[LIMIT_TYPE + 1];
	char node[64];			   /* holder, "" when unknown */
	char uri[LIMIT_URI + 1];	   /* public base of the holder, "" when there is none */
	char filename[4 * LIMIT_NAME + 1]; /* UTF-8, "" when NULL */
	int64_t mtime, ctime;		   /* 0 when not told */
	/* The version that the change replaced. */
	bool replaced;
	char old_node[64];
	char old_uri[LIMIT_URI + 1]; /* internal base of its node */
	uint64_t old_stamp;
};

struct dist_answer {
	unsigned status; /* 0: none came */
	bool again;	 /* an attempt before the last got no answer */
	char message[512];
	struct dist_record record;
};

int dist_open(const struct dist_conf *conf, struct dist **out);
void dist_stop(struct dist *d);		     /* waiting calls give up soon */
void dist_close(struct dist **d);	     /* NULL-safe; no call may be running */
const char *dist_name(const struct dist *d); /* this node's name, "" when not configured */

/* POST content/ and PUT content/{id}. Tried again until the time is over: dist applies a stamp once. */
enum dist_outcome dist_register(struct dist *d, const struct dist_new *n, struct dist_answer *out);
enum dist_outcome dist_replace(
	struct dist *d, uint64_t id, const struct dist_new *n, struct dist_answer *out);
enum dist_outcome dist_get(struct dist *d, uint64_t id, struct dist_answer *out);
/* The content whose current version that is; record.id 0: none. One attempt. */
enum dist_outcome dist_by_stamp(struct dist *d, uint64_t stamp, struct dist_answer *out);
/* record.node, uri (its internal base) and stamp say where the bytes were. Gone already counts as done when an
 * attempt of this call may have done it. */
enum dist_outcome dist_delete(struct dist *d, uint64_t id, struct dist_answer *out);
/* The bytes of rec's version, from the node that has them. 0 when all reached sink, which is told by restart to begin again; or
 * -errno. */
int dist_fetch(struct dist *d, const struct dist_record *rec,
	int (*sink)(void *ctx, const void *data, size_t len), void (*restart)(void *ctx),
	void *ctx);
/* Tells another node that a version was replaced. One short attempt: dist tells it too. 0 or -errno. */
int dist_reclaim(struct dist *d, const char *base, uint64_t id, uint64_t stamp);
/* Is dist well? One short attempt. 0; else -errno and a sentence in why (cap bytes). */
int dist_health(struct dist *d, char *why, size_t cap);

#endif
