/* reclaimer - tells each node which blobs nobody needs any more, until it has taken them out of service. A thread for
 * each node, so that one that hangs delays no other. */
#ifndef DIST_RECLAIMER_H
#define DIST_RECLAIMER_H

#include "common/httpc.h"
#include "dist/meta.h"
#include "dist/nodes.h"
#include "dist/watch.h"

struct reclaimer;

struct reclaimer_conf {
	struct meta *meta;
	struct nodes *nodes;
	struct httpc *http;
	struct watch
		*watch; /* asked about a node that has got room again; outlives the reclaimer */
};

int reclaimer_open(const struct reclaimer_conf *conf, struct reclaimer **out);
void reclaimer_close(struct reclaimer **r); /* NULL-safe */
/* There may be new work. Never waits. */
void reclaimer_wake(struct reclaimer *r);

#endif
