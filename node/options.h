/* options - how a node is configured: flags, environment, nodes.yml. */
#ifndef NODE_OPTIONS_H
#define NODE_OPTIONS_H

#include "common/service_options.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct options {
	struct service_options service;	     /* first: see common/service_options.h */
	char *storage, *name, *nodes, *dist; /* NULL: not given, but storage and dist once loaded */
	uint64_t max_storage, trash_ttl, dist_timeout;
};

/* As service_options_load. */
int node_options_load(struct options *o, int argc, char **argv, char *error, size_t cap);
void node_options_release(struct options *o);
void node_options_help(FILE *out);

#endif
