/* link - the servers that the mount talks to: HTTP pools for dist and for the nodes, waiting while one is away,
 * the slots of the session, and the one log line when waiting did not help. Knows no routes but `fs`. */
#ifndef CDNFS_LINK_H
#define CDNFS_LINK_H

#include "cdnfs/wire.h"
#include "common/httpc.h"

/* How long a call may wait for a server that is away; NULL where allowed: the mount's timeout. */
struct wait {
	int64_t ms;
	bool (*stop)(void *ctx); /* NULL: never. Asked between attempts; true ends in -EINTR */
	void *ctx;
	bool quiet;	 /* no log line when the server stays away: the caller goes on trying */
	struct buf *why; /* NULL, or gets why no server answered */
};

struct link;

struct link_conf {
	const char *url;     /* dist's base */
	const char *token;   /* NULL: none */
	const char *ca_file; /* NULL: the system's */
	int64_t timeout_ms;
};

int link_open(const struct link_conf *conf, struct link **out);
void link_close(struct link **l);

const char *link_url(const struct link *l);
const char *link_session(const struct link *l);
struct places *link_places(struct link *l);
int64_t link_deadline(const struct link *l, const struct wait *w); /* clock_ms */

/* One request that may be repeated, to dist or to a node, again and again while the server is away. A status of
 * 2xx is 0, others by common/http.h; away at last: -EIO or -ETIMEDOUT, after a log line. */
int link_dist(struct link *l, const struct wait *w, struct httpc_req *req, struct httpc_res *res);
int link_node(struct link *l, const struct wait *w, struct httpc_req *req, struct httpc_res *res);
/* One attempt, a log line only when TLS keeps it from working: -EHOSTDOWN when the node is away (connection, 502, 503, 504). */
int link_node_once(struct link *l, struct httpc_req *req, struct httpc_res *res);

/* A batch (takes ops, an array). `change`: with session, slot and seq, so that a repeat applies once. Results as
 * wire_answer. */
int link_fs(struct link *l, const struct wait *w, bool change, bool durable, cJSON *ops,
	cJSON **root, const cJSON **results);
/* True when something that was changed through l may not be on dist's disk yet. */
bool link_unsynced(struct link *l);
void link_changed(struct link *l); /* a node registered something undurable for us */

/* One line, at most every ten seconds for each kind of server. */
void link_log_away(struct link *l, bool node, const char *url, int rc, const char *message);

uint64_t link_count_dist(const struct link *l);
uint64_t link_count_node(const struct link *l);
uint64_t link_retries_dist(const struct link *l);
uint64_t link_retries_node(const struct link *l);

#endif
