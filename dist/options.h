/* options - how dist is configured: flags and environment. */
#ifndef DIST_OPTIONS_H
#define DIST_OPTIONS_H

#include "common/service_options.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct options {
	struct service_options service; /* first: see common/service_options.h */
	char *database, *nodes, *public_host;
	uint64_t poll, node_timeout, connections;
};

/* As service_options_load. */
int dist_options_load(struct options *o, int argc, char **argv, char *error, size_t cap);
void dist_options_release(struct options *o);
void dist_options_help(FILE *out);

#endif
