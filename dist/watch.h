/* watch - asks every node for its figures, again and again, each on a thread of its own, so that one that hangs
 * delays no other. */
#ifndef DIST_WATCH_H
#define DIST_WATCH_H

#include "common/httpc.h"
#include "dist/nodes.h"

struct watch;

struct watch_conf {
	struct nodes *nodes;
	struct httpc *http;
	int64_t interval_ms; /* a node that is down is asked four times as often */
	int64_t timeout_ms;  /* of one answer */
};

/* Returns when each node was asked once, or after timeout_ms. */
int watch_open(const struct watch_conf *conf, struct watch **out);
void watch_close(struct watch **w); /* NULL-safe */
/* Asks node number i (nodes_at) at once: it has changed by more than what others told. Never waits. */
void watch_ask(struct watch *w, size_t i);

/* The body of a node's `GET stats/`. 0 or -EPROTO. */
int watch_parse(const char *text, size_t len, struct node_figures *out);

#endif
