#include "common/service_options.h"

#include "common/pem.h"
#include "common/token.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define AT(field) offsetof(struct service_options, field)

static const struct option_row common[] = {
	{ "config", "CDN_CONFIG", OPTION_CONFIG, AT(config), NULL, "FILE",
		"file of options, as lines \"listen = 0.0.0.0:8000\"", 0 },
	{ "token-file", "CDN_TOKEN_FILE", OPTION_TEXT, AT(token_file), NULL, "FILE",
		"file with the token that changes need (or the variable CDN_TOKEN)", 0 },
	{ "protect-reads", "PROTECT_READS", OPTION_BOOL, AT(protect_reads), "no", NULL,
		"reads need the token too", 0 },
	{ "tls-cert", "TLS_CERT", OPTION_TEXT, AT(tls_cert), NULL, "FILE",
		"certificate chain, PEM; with --tls-key: serve HTTPS", 0 },
	{ "tls-key", "TLS_KEY", OPTION_TEXT, AT(tls_key), NULL, "FILE", "its private key, PEM", 0 },
	{ "ca-file", "CDN_CA", OPTION_TEXT, AT(ca_file), NULL, "FILE",
		"certificates to trust when talking to the others", 0 },
	{ "event-threads", NULL, OPTION_COUNT, AT(event_threads), "0", "N",
		"threads that serve connections (0: one a core, at a node one a connection)", 256 },
	{ "workers", NULL, OPTION_POSITIVE, AT(workers), "16", "N",
		"requests that may wait for disk, database or another server at once", 1024 },
	{ "log-level", "LOG_LEVEL", OPTION_WORD, AT(log_level), "info", "error|warn|info|debug",
		"what is logged", 0 },
	{ "access-log", "ACCESS_LOG", OPTION_BOOL, AT(access_log), "yes", NULL,
		"a line at level info for each request", 0 },
};

/* A program's rows, then the common ones. */
struct all_rows {
	struct option_row rows[SERVICE_ROWS_OWN + ARRAY_LEN(common)];
	size_t n;
};

static struct all_rows join(const struct service_table *t)
{
	struct all_rows all = { .n = t->n + ARRAY_LEN(common) };

	assert(t->n <= SERVICE_ROWS_OWN);
	memcpy(all.rows, t->rows, t->n * sizeof(*t->rows));
	memcpy(all.rows + t->n, common, sizeof(common));
	return all;
}

static int check(struct service_options *o, char *error, size_t cap)
{
	if (log_level_parse(o->log_level, &o->level) < 0)
		(void)snprintf(error, cap, "log-level: is none"); /* the table let it in */
	else if (!o->tls_cert != !o->tls_key)
		(void)snprintf(error, cap, "tls-cert and tls-key: one needs the other");
	else
		return 0;
	return -EINVAL;
}

int service_options_load(const struct service_table *t, struct service_options *o, int argc,
	char **argv, char *error, size_t cap)
{
	const struct all_rows all = join(t);
	int npos = 0, rc;

	(void)snprintf(error, cap, "out of memory");
	rc = options_load(all.rows, all.n, o, argc, argv, &npos, NULL, true, error, cap);
	if (rc != 0)
		return rc;
	if (npos) {
		(void)snprintf(error, cap, "'%s' is no option; options are --name=VALUE", argv[1]);
		return -EINVAL;
	}
	rc = check(o, error, cap);
	if (rc == 0)
		rc = pem_check_authorities(o->ca_file, error, cap);
	return rc < 0 ? rc : token_load(o->token_file, &o->token, error, cap);
}

void service_options_release(const struct service_table *t, struct service_options *o)
{
	const struct all_rows all = join(t);

	options_release(all.rows, all.n, o);
	token_release(&o->token);
}

void service_options_help(const struct service_table *t, FILE *out)
{
	const struct all_rows all = join(t);

	options_help(out, t->usage, all.rows, all.n);
}

struct httpd_conf service_options_httpd(const struct service_options *o)
{
	return (struct httpd_conf){ .listen = o->listen,
		.token = o->token,
		.token_for_reads = o->protect_reads,
		.access_log = o->access_log,
		.tls_cert = o->tls_cert,
		.tls_key = o->tls_key,
		.event_threads = (unsigned)o->event_threads,
		.workers = (unsigned)o->workers };
}
