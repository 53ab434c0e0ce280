/* service_options - the options that every server has. A program's own struct begins with these, and its table names
 * only what it has besides. */
#ifndef COMMON_SERVICE_OPTIONS_H
#define COMMON_SERVICE_OPTIONS_H

#include "common/httpd.h"
#include "common/log.h"
#include "common/options.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct service_options {
	char *listen; /* a row of the program's own: each has another default */
	char *config, *token_file, *tls_cert, *tls_key, *ca_file, *log_level; /* NULL: none */
	uint64_t event_threads, workers;
	bool protect_reads, access_log;
	/* not rows */
	enum log_level level; /* log_level, parsed */
	char *token;	      /* of token_file or CDN_TOKEN; NULL: none */
};

/* The program's own rows. Offsets count from the beginning of its struct, which is a struct service_options. */
struct service_table {
	const char *usage; /* lines above --help's table */
	const struct option_row *rows;
	size_t n; /* at most SERVICE_ROWS_OWN */
};

#define SERVICE_ROWS_OWN 24

/* Fills the program's struct (zeroed by the caller), checks what is common and loads the token. 0; 1: --help was asked;
 * 2: --version was asked; -EINVAL or another -errno with a sentence in error. service_options_release in every case. */
int service_options_load(const struct service_table *t, struct service_options *o, int argc,
	char **argv, char *error, size_t cap);
void service_options_release(const struct service_table *t, struct service_options *o);
void service_options_help(const struct service_table *t, FILE *out);

/* What the options say of the HTTP server; routes and the rest are the program's. Points into *o. */
struct httpd_conf service_options_httpd(const struct service_options *o);

#endif
