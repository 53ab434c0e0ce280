#include "dist/options.h"

#define AT(field) offsetof(struct options, field)

static const struct option_row rows[] = {
	{ "listen", "LISTEN", OPTION_TEXT, AT(service.listen), "127.0.0.1:8000", "HOST:PORT",
		"where to listen; 0.0.0.0 for every interface", 0 },
	{ "database", "DATABASE_URL", OPTION_URL, AT(database), "sqlite:///var/lib/cdn-dist/cdn.db",
		"URL", "postgresql://USER:PASSWORD@HOST:PORT/NAME or sqlite:///PATH", 0 },
	{ "nodes", "NODES", OPTION_TEXT, AT(nodes), "/etc/cdn/nodes.yml", "FILE",
		"host and port of every node", 0 },
	{ "public-host", "CDN_PUBLIC_HOST", OPTION_TEXT, AT(public_host), NULL, "HOST",
		"replaces every public host of nodes.yml in answers", 0 },
	{ "poll", "POLL_MS", OPTION_POSITIVE, AT(poll), "1000", "MS",
		"how often each node is asked for its figures", 3600000 },
	{ "node-timeout", NULL, OPTION_POSITIVE, AT(node_timeout), "1000", "MS",
		"how long a node may take to answer that", 60000 },
	{ "connections", NULL, OPTION_POSITIVE, AT(connections), "8", "N",
		"connections to the database", 1024 },
};

static const struct service_table table = {
	.usage = "dist [options]\n\nThe distributor of the CDN: placement and metadata.",
	.rows = rows,
	.n = ARRAY_LEN(rows),
};

void dist_options_help(FILE *out)
{
	service_options_help(&table, out);
}

int dist_options_load(struct options *o, int argc, char **argv, char *error, size_t cap)
{
	return service_options_load(&table, &o->service, argc, argv, error, cap);
}

void dist_options_release(struct options *o)
{
	service_options_release(&table, &o->service);
}
