/* options - how a node is configured: flags, environment, nodes.yml. */
#ifndef NODE_OPTIONS_H
#define NODE_OPTIONS_H

#include "common/log.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options {
	char *listen, *storage, *name, *nodes, *dist, *token_file, *tls_cert, *tls_key, *ca_file,
		*log_level;
	uint64_t max_storage, trash_ttl, event_threads, workers, dist_timeout;
	bool protect_reads;
	/* not rows of the table */
	enum log_level level;
	char *token; /* from CDN_TOKEN or the token file; NULL: none */
};

/* 0; 1: --help was asked; 2: --version was asked; -EINVAL or another -errno with a sentence in error. */
int node_options_load(struct options *o, int argc, char **argv, char *error, size_t cap);
void node_options_release(struct options *o);
void node_options_help(FILE *out);

#endif
