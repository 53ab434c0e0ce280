#include "node/figures.h"
#include "common/metrics.h"
#include "node/node.h"
#include "node/resolve.h"
#include "node/store.h"
#include <sys/statvfs.h>

uint64_t figures_free(const struct node *n, const struct usage_view *u)
{
	uint64_t used = u->live + u->reserved, room = u->max > used ? u->max - used : 0, disk;
	struct statvfs v;

	if (fstatvfs(n->store->folder.root, &v) < 0)
		return room;
	disk = (uint64_t)v.f_bavail * v.f_frsize + u->trash;
	return disk < room ? disk : room;
}

static void add_store(const struct node *n, struct buf *out)
{
	struct usage_view u;

	usage_read(&n->store->usage, &u);
	metrics_gauge(out, "cdn_store_capacity_bytes", "What the node may store.", u.max);
	metrics_gauge(out, "cdn_store_used_bytes", "Contents that are served.", u.live);
	metrics_gauge(out, "cdn_store_reserved_bytes",
		"Uploads on their way, and those that wait for dist.", u.reserved);
	metrics_gauge(out, "cdn_store_trash_bytes",
		"Deleted and replaced bytes that give way to uploads.", u.trash);
	metrics_gauge(
		out, "cdn_store_free_bytes", "What uploads could still get.", figures_free(n, &u));
	metrics_gauge(out, "cdn_store_contents", "Contents that are served.", u.contents);
	metrics_gauge(out, "cdn_store_unsettled",
		"Uploads and contents about which dist has to be asked.",
		resolve_waiting(n->resolve));
}

void figures_handle(struct httpd_req *req)
{
	struct buf out = BUF_INIT;

	metrics_program(&out, "node");
	httpd_metrics(req, &out);
	add_store(httpd_server(req), &out);
	httpd_reply_buf(req, 200, METRICS_TYPE, &out);
}
