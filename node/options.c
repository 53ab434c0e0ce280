#include "node/options.h"
#include "common/conf.h"
#include "common/http.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NODES_DEFAULT "/etc/cdn/nodes.yml"
#define YEARS_10 315360000

#define AT(field) offsetof(struct options, field)

static const struct option_row rows[] = {
	{ "listen", "LISTEN", OPTION_TEXT, AT(service.listen), "127.0.0.1:8001", "HOST:PORT",
		"where to listen; 0.0.0.0 for every interface", 0 },
	{ "storage", "STORAGE", OPTION_TEXT, AT(storage), "/storage", "DIR",
		"storage folder; one running node each", 0 },
	{ "max-storage", "MAX_STORAGE", OPTION_SIZE, AT(max_storage), NULL, "SIZE",
		"capacity, as 100M, 1.5T or 512KiB (default: nine tenths of the disk's free "
		"room)",
		0 },
	{ "name", "NODE_NAME", OPTION_TEXT, AT(name), NULL, "NAME",
		"this node's name in dist's nodes.yml (default: dist knows it by its address)", 0 },
	{ "nodes", "NODES", OPTION_TEXT, AT(nodes), NULL, "FILE",
		"nodes.yml, for the address of dist (default: " NODES_DEFAULT " if it exists)", 0 },
	{ "dist", "DIST_URL", OPTION_TEXT, AT(dist), NULL, "URL",
		"the distributor, as http://127.0.0.1:8000; wins over nodes.yml", 0 },
	{ "trash-ttl", "TRASH_TTL", OPTION_COUNT, AT(trash_ttl), "86400", "SECONDS",
		"how long deleted and replaced bytes are kept while there is room", YEARS_10 },
	{ "dist-timeout", "DIST_TIMEOUT", OPTION_POSITIVE, AT(dist_timeout), "10", "SECONDS",
		"how long an upload waits for dist before it fails with 503", 3600 },
};

static const struct service_table table = {
	.usage = "node [options]\n\nA storage node of the CDN.",
	.rows = rows,
	.n = ARRAY_LEN(rows),
};

void node_options_help(FILE *out)
{
	service_options_help(&table, out);
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

static int check(const struct options *o, char *error, size_t cap)
{
	if (o->name &&
		(strlen(o->name) > 63 ||
			strspn(o->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789-_") != strlen(o->name)))
		snprintf(error, cap, "name: '%s' is not 1 to 63 letters, digits, '-' and '_'",
			o->name);
	else
		return 0;
	return -EINVAL;
}

int node_options_load(struct options *o, int argc, char **argv, char *error, size_t cap)
{
	int rc;

	*o = (struct options){ 0 };
	rc = service_options_load(&table, &o->service, argc, argv, error, cap);
	if (rc != 0)
		return rc;
	rc = check(o, error, cap);
	return rc < 0 ? rc : find_dist(o, error, cap);
}

void node_options_release(struct options *o)
{
	service_options_release(&table, &o->service);
}
