/* dist - the one context: what the handlers share. Filled by main, constant while the server runs. */
#ifndef DIST_DIST_H
#define DIST_DIST_H

#include "dist/feed.h"
#include "dist/meta.h"
#include "dist/nodes.h"
#include "dist/probe.h"
#include "dist/reclaimer.h"

struct dist {
	struct meta *meta;
	struct feed *feed;
	struct nodes *nodes;
	struct reclaimer *reclaimer;
	struct probe *probe;
	int64_t began_ms; /* clock_ms() at start */
	bool waits; /* every database call waits for a server, so its routes are on workers anyway */
};

#endif
