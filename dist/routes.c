#include "dist/routes.h"

#include "common/base.h"
#include "common/limits.h"
#include "dist/routes_check.h"
#include "dist/routes_content.h"
#include "dist/routes_events.h"
#include "dist/routes_files.h"
#include "dist/routes_fs.h"
#include "dist/routes_metrics.h"
#include "dist/routes_nodes.h"

enum { READ = 0, CHANGE = HTTPD_CHANGE, OPEN = HTTPD_PUBLIC | HTTPD_DULL, DATABASE = 1 << 16 };

#define ROUTE(m, p, f, h, ...)                                                                     \
	{                                                                                          \
		.method = (m), .path = (p), .flags = (f), .handle = (h), __VA_ARGS__               \
	}
#define JSON_BODY(d) .body_max = LIMIT_JSON_BODY, .done = (d)

static const struct httpd_route routes[] = {
	ROUTE("GET", "/store", READ, place_store, ),
	ROUTE("GET", "/update/{id}", READ | DATABASE, place_update, ),
	ROUTE("GET", "/retrieve/{id}", READ | DATABASE, locate, ),
	ROUTE("GET", "/content", READ | DATABASE | HTTPD_WORKER, content_list, ),
	ROUTE("POST", "/content", CHANGE | DATABASE, content_create, JSON_BODY(content_done)),
	ROUTE("GET", "/content/{id}", READ | DATABASE, content_get, ),
	ROUTE("PUT", "/content/{id}", CHANGE | DATABASE, content_update, JSON_BODY(content_done)),
	ROUTE("DELETE", "/content/{id}", CHANGE | DATABASE, content_delete, ),
	ROUTE("GET", "/nodes", READ, nodes_list, ),
	ROUTE("GET", "/stats", READ, nodes_stats, ),
	ROUTE("GET", "/files/{*}", READ | HTTPD_LINK | DATABASE, files_get, ),
	ROUTE("PUT", "/files/{*}", CHANGE | DATABASE | HTTPD_EARLY, files_put, ),
	ROUTE("DELETE", "/files/{*}", CHANGE | DATABASE, files_delete, ),
	ROUTE("POST", "/fs", CHANGE | DATABASE, fs_handle, JSON_BODY(fs_done)),
	ROUTE("GET", "/fs/path/{id}", READ | DATABASE, path_get, ),
	ROUTE("GET", "/fs/check", READ | HTTPD_WORKER, check_get, ),
	ROUTE("GET", "/fs/events", CHANGE | HTTPD_DULL, events_get, ),
	ROUTE("DELETE", "/fs/events", CHANGE | HTTPD_DULL, events_delete, ),
	ROUTE("GET", "/health", OPEN | DATABASE, health, ),
	ROUTE("GET", "/ready", OPEN | DATABASE, ready, ),
	ROUTE("GET", "/metrics", HTTPD_DULL | HTTPD_WORKER, metrics_get_all, ),
};
_Static_assert(ARRAY_LEN(routes) <= ROUTES_MAX, "routes_fill has room for all");

size_t routes_fill(bool waits, struct httpd_route out[ROUTES_MAX])
{
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		out[i] = routes[i];
		out[i].flags &= ~(unsigned)DATABASE;
		if (waits && routes[i].flags & DATABASE)
			out[i].flags |= HTTPD_WORKER;
	}
	return ARRAY_LEN(routes);
}
