#include "node/options.h"
#include "common/conf.h"
#include "common/http.h"
#include "common/options.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NODES_DEFAULT "/etc/cdn/nodes.yml"
#define TOKEN_MAX 4096
#define YEARS_10 315360000

#define ROW(n, e, t, f, d, v, h, ...)                                                              \
	{                                                                                          \
		.name = (n), .env = (e), .type = (t), .offset = offsetof(struct options, f),       \
		.fallback = (d), .value = (v), .help = (h), __VA_ARGS__                            \
	}

static const struct option_row rows[] = {
	ROW("listen", "LISTEN", OPTION_TEXT, listen, "127.0.0.1:8001", "HOST:PORT",
		"where to listen; 0.0.0.0 for every interface", ),
	ROW("storage", "STORAGE", OPTION_TEXT, storage, "/storage", "DIR",
		"storage folder; one running node each", ),
	ROW("max-storage", "MAX_STORAGE", OPTION_SIZE, max_storage, NULL, "SIZE",
		"capacity, as 100M, 1.5T or 512KiB (default: nine tenths of the disk's free "
		"room)", ),
	ROW("name", "NODE_NAME", OPTION_TEXT, name, NULL, "NAME",
		"this node's name in dist's nodes.yml (default: dist knows it by its address)", ),
	ROW("nodes", "NODES", OPTION_TEXT, nodes, NULL, "FILE",
		"nodes.yml, for the address of dist (default: " NODES_DEFAULT " if it exists)", ),
	ROW("dist", "DIST_URL", OPTION_TEXT, dist, NULL, "URL",
		"the distributor, as http://127.0.0.1:8000; wins over nodes.yml", ),
	ROW("trash-ttl", "TRASH_TTL", OPTION_COUNT, trash_ttl, "86400", "SECONDS",
		"how long deleted and replaced bytes are kept while there is room",
		.max = YEARS_10),
	ROW("token-file", "CDN_TOKEN_FILE", OPTION_TEXT, token_file, NULL, "FILE",
		"file with the token that changes need (or the variable CDN_TOKEN)", ),
	ROW("protect-reads", "PROTECT_READS", OPTION_BOOL, protect_reads, "no", NULL,
		"reads need the token too", ),
	ROW("tls-cert", "TLS_CERT", OPTION_TEXT, tls_cert, NULL, "FILE",
		"certificate chain, PEM; with --tls-key: serve HTTPS", ),
	ROW("tls-key", "TLS_KEY", OPTION_TEXT, tls_key, NULL, "FILE", "its private key, PEM", ),
	ROW("ca-file", "CDN_CA", OPTION_TEXT, ca_file, NULL, "FILE",
		"certificates to trust when talking to dist and nodes", ),
	ROW("event-threads", NULL, OPTION_COUNT, event_threads, "0", "N",
		"threads that serve connections (0: one for each core)", .max = 256),
	ROW("workers", NULL, OPTION_COUNT, workers, "16", "N",
		"uploads that may wait for disk and dist at once", .max = 1024),
	ROW("dist-timeout", "DIST_TIMEOUT", OPTION_COUNT, dist_timeout, "10", "SECONDS",
		"how long an upload waits for dist before it fails with 503", .max = 3600),
	ROW("log-level", "LOG_LEVEL", OPTION_TEXT, log_level, "info", "LEVEL",
		"error, warn, info or debug", ),
};

void node_options_help(FILE *out)
{
	options_help(out, "node [options]\n\nA storage node of the CDN.", rows, ARRAY_LEN(rows));
}

/* The token of the environment or the file, without the line's end. */
static int load_token(struct options *o, char *error, size_t cap)
{
	const char *given = getenv("CDN_TOKEN");
	char text[TOKEN_MAX + 2] = "";
	FILE *f;
	int rc;

	if (!o->token_file) {
		o->token = given && given[0] ? strdup(given) : NULL;
		return given && given[0] && !o->token ? -ENOMEM : 0;
	}
	f = fopen(o->token_file, "re");
	if (!f) {
		rc = -errno;
		snprintf(
			error, cap, "token-file: cannot read %s: %s", o->token_file, strerror(-rc));
		return rc;
	}
	if (!fgets(text, sizeof(text), f))
		text[0] = 0;
	fclose(f);
	text[strcspn(text, "\r\n")] = 0;
	if (!text[0] || strlen(text) > TOKEN_MAX) {
		snprintf(error, cap,
			"token-file: the first line of %s must be a token of 1 to %d bytes",
			o->token_file, TOKEN_MAX);
		return -EINVAL;
	}
	o->token = strdup(text);
	return o->token ? 0 : -ENOMEM;
}

/* dist's internal address, from nodes.yml when it is not given. */
static int find_dist(struct options *o, char *error, size_t cap)
{
	const char *path = o->nodes ? o->nodes : NODES_DEFAULT;
	const struct conf_node *dist;
	struct conf_nodes nodes;
	int rc = 0;

	if (!o->dist && !o->nodes && access(path, F_OK) < 0) {
		snprintf(error, cap,
			"dist: its address is missing; give --dist=http://HOST:PORT, DIST_URL or a "
			"nodes.yml");
		return -EINVAL;
	}
	if (!o->dist) {
		rc = conf_nodes_load(path, NULL, &nodes, error, cap);
		if (rc < 0)
			return rc;
		dist = conf_node_find(&nodes, "dist");
		if (dist)
			o->dist = strdup(dist->internal);
		else
			snprintf(error, cap, "%s: has no entry `dist`", path);
		rc = !dist ? -EINVAL : o->dist ? 0 : -ENOMEM;
		conf_nodes_release(&nodes);
	}
	if (rc == 0 && !http_uri_ok(o->dist)) {
		snprintf(error, cap, "dist: '%s' is no http://HOST:PORT", o->dist);
		rc = -EINVAL;
	}
	return rc;
}

static int check(struct options *o, char *error, size_t cap)
{
	if (log_level_parse(o->log_level, &o->level) < 0)
		snprintf(error, cap, "log-level: '%s' is not error, warn, info or debug",
			o->log_level);
	else if (!o->workers)
		snprintf(error, cap, "workers: must be at least 1");
	else if (!o->dist_timeout)
		snprintf(error, cap, "dist-timeout: must be at least 1 second");
	else if (!o->storage[0])
		snprintf(error, cap, "storage: is empty; give the folder that keeps the bytes");
	else if (!o->tls_cert != !o->tls_key)
		snprintf(error, cap, "tls-cert and tls-key: one needs the other");
	else if (o->name &&
		 (strlen(o->name) > 63 ||
			 strspn(o->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789-_") != strlen(o->name)))
		snprintf(error, cap, "name: '%s' is not 1 to 63 letters, digits, '-' and '_'",
			o->name);
	else
		return 0;
	return -EINVAL;
}

static void empty_is_unset(char **text)
{
	if (*text && !**text) {
		free(*text);
		*text = NULL;
	}
}

int node_options_load(struct options *o, int argc, char **argv, char *error, size_t cap)
{
	int npos = 0, rc;

	*o = (struct options){ 0 };
	snprintf(error, cap, "out of memory");
	rc = options_load(rows, ARRAY_LEN(rows), o, argc, argv, &npos, NULL, true, error, cap);
	if (rc != 0)
		return rc;
	if (npos > 0) {
		snprintf(error, cap, "'%s' is no option; options are --name=VALUE", argv[1]);
		return -EINVAL;
	}
	char **texts[] = { &o->name, &o->nodes, &o->dist, &o->token_file, &o->tls_cert, &o->tls_key,
		&o->ca_file };
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		empty_is_unset(texts[i]);
	rc = check(o, error, cap);
	if (rc == 0)
		rc = find_dist(o, error, cap);
	if (rc == 0)
		rc = load_token(o, error, cap);
	return rc;
}

void node_options_release(struct options *o)
{
	options_release(rows, ARRAY_LEN(rows), o);
	free(o->token);
	o->token = NULL;
}
