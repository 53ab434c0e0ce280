/* options - how dist is configured: flags and environment. */
#ifndef DIST_OPTIONS_H
#define DIST_OPTIONS_H

#include "common/log.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct options {
	char *listen, *database, *nodes, *public_host, *token_file, *tls_cert, *tls_key, *ca_file,
		*log_level;
	uint64_t poll, node_timeout, connections, event_threads, workers;
	bool protect_reads;
	/* not rows of the table */
	enum log_level level;
	char *token; /* from CDN_TOKEN or the token file; NULL: none */
};

/* 0; 1: --help was asked; 2: --version was asked; -EINVAL or another -errno with a sentence in error. */
int dist_options_load(struct options *o, int argc, char **argv, char *error, size_t cap);
void dist_options_release(struct options *o);
void dist_options_help(FILE *out);

#endif
