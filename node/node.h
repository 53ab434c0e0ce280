/* node - the one context: what the handlers share. Filled by main, constant while the server runs. */
#ifndef NODE_NODE_H
#define NODE_NODE_H

#include <stdint.h>

struct store;
struct dist;
struct resolve;
struct ready;

struct node {
	struct store *store;
	struct dist *dist;
	struct resolve *resolve;
	struct ready *ready;
	const char *scheme;	 /* "http" or "https": how clients reach this node */
	int64_t began_ms;	 /* clock_ms() at start */
	int64_t dist_timeout_ms; /* how long an upload waits for dist */
};

#endif
