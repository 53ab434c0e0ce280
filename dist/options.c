#include "dist/options.h"

#include "common/options.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_MAX 4096

#define ROW(n, e, t, f, d, v, h, ...)                                                              \
	{                                                                                          \
		.name = (n), .env = (e), .type = (t), .offset = offsetof(struct options, f),       \
		.fallback = (d), .value = (v), .help = (h), __VA_ARGS__                            \
	}

static const struct option_row rows[] = {
	ROW("listen", "LISTEN", OPTION_TEXT, listen, "127.0.0.1:8000", "HOST:PORT",
		"where to listen; 0.0.0.0 for every interface", ),
	ROW("database", "DATABASE_URL", OPTION_TEXT, database, "sqlite:///var/lib/cdn-dist/cdn.db",
		"URL", "postgresql://USER:PASSWORD@HOST:PORT/NAME or sqlite:///PATH", ),
	ROW("nodes", "NODES", OPTION_TEXT, nodes, "/etc/cdn/nodes.yml", "FILE",
		"host and port of every node", ),
	ROW("public-host", "CDN_PUBLIC_HOST", OPTION_TEXT, public_host, NULL, "HOST",
		"replaces every public host of nodes.yml in answers", ),
	ROW("poll", "POLL_MS", OPTION_COUNT, poll, "1000", "MS",
		"how often each node is asked for its figures", .max = 3600000),
	ROW("node-timeout", NULL, OPTION_COUNT, node_timeout, "1000", "MS",
		"how long a node may take to answer that", .max = 60000),
	ROW("connections", NULL, OPTION_COUNT, connections, "8", "N", "connections to the database",
		.max = 1024),
	ROW("token-file", "CDN_TOKEN_FILE", OPTION_TEXT, token_file, NULL, "FILE",
		"file with the token that changes need (or the variable CDN_TOKEN)", ),
	ROW("protect-reads", "PROTECT_READS", OPTION_BOOL, protect_reads, "no", NULL,
		"reads need the token too", ),
	ROW("tls-cert", "TLS_CERT", OPTION_TEXT, tls_cert, NULL, "FILE",
		"certificate chain, PEM; with --tls-key: serve HTTPS", ),
	ROW("tls-key", "TLS_KEY", OPTION_TEXT, tls_key, NULL, "FILE", "its private key, PEM", ),
	ROW("ca-file", "CDN_CA", OPTION_TEXT, ca_file, NULL, "FILE",
		"certificates to trust when talking to nodes", ),
	ROW("event-threads", NULL, OPTION_COUNT, event_threads, "0", "N",
		"threads that serve connections (0: one for each core)", .max = 256),
	ROW("workers", NULL, OPTION_COUNT, workers, "16", "N",
		"requests that may wait for the database at once", .max = 1024),
	ROW("log-level", "LOG_LEVEL", OPTION_TEXT, log_level, "info", "LEVEL",
		"error, warn, info or debug", ),
};

void dist_options_help(FILE *out)
{
	options_help(out, "dist [options]\n\nThe distributor of the CDN: placement and metadata.",
		rows, ARRAY_LEN(rows));
}

static int copy_token(struct options *o, const char *text)
{
	o->token = strdup(text);
	return o->token ? 0 : -ENOMEM;
}

/* The token of the file's first line, or else of the environment. */
static int load_token(struct options *o, char *error, size_t cap)
{
	const char *given = getenv("CDN_TOKEN");
	char text[TOKEN_MAX + 2] = "";
	FILE *f;
	int rc;

	if (!o->token_file)
		return given && given[0] ? copy_token(o, given) : 0;
	f = fopen(o->token_file, "re");
	if (!f) {
		rc = -errno;
		(void)snprintf(
			error, cap, "token-file: cannot read %s: %s", o->token_file, strerror(-rc));
		return rc;
	}
	if (!fgets(text, sizeof(text), f))
		text[0] = 0;
	(void)fclose(f); /* it was only read */
	text[strcspn(text, "\r\n")] = 0;
	if (!text[0] || strlen(text) > TOKEN_MAX) {
		(void)snprintf(error, cap,
			"token-file: the first line of %s must be a token of 1 to %d bytes",
			o->token_file, TOKEN_MAX);
		return -EINVAL;
	}
	return copy_token(o, text);
}

static int check(const struct options *o, char *error, size_t cap)
{
	const char *why = NULL;

	if (!o->poll)
		why = "poll: must be at least 1 millisecond";
	else if (!o->node_timeout)
		why = "node-timeout: must be at least 1 millisecond";
	else if (!o->connections)
		why = "connections: must be at least 1";
	else if (!o->workers)
		why = "workers: must be at least 1";
	else if (!o->tls_cert != !o->tls_key)
		why = "tls-cert and tls-key: one needs the other";
	if (!why)
		return 0;
	(void)snprintf(error, cap, "%s", why);
	return -EINVAL;
}

int dist_options_load(struct options *o, int argc, char **argv, char *error, size_t cap)
{
	int npos = 0;
	int rc = options_load(rows, ARRAY_LEN(rows), o, argc, argv, &npos, NULL, true, error, cap);

	if (rc != 0)
		return rc;
	if (npos) {
		(void)snprintf(error, cap, "'%s': dist takes options only; see --help", argv[1]);
		return -EINVAL;
	}
	if (log_level_parse(o->log_level, &o->level) < 0) {
		(void)snprintf(error, cap, "log-level: '%s' is none of error, warn, info, debug",
			o->log_level);
		return -EINVAL;
	}
	rc = check(o, error, cap);
	return rc < 0 ? rc : load_token(o, error, cap);
}

void dist_options_release(struct options *o)
{
	options_release(rows, ARRAY_LEN(rows), o);
	free(o->token);
	o->token = NULL;
}
