#include "dist/routes_metrics.h"

#include "common/metrics.h"
#include "dist/dist.h"
#include <stddef.h>

/* A gauge of each node that is one of its figures. */
static void add_figure(
	struct nodes *n, const char *name, const char *help, size_t at, struct buf *out)
{
	struct buf labels = BUF_INIT;
	struct node_figures f;
	uint64_t value;

	metrics_head(out, name, "gauge", help);
	for (size_t i = 0; i < nodes_count(n); i++) {
		buf_clear(&labels);
		metrics_label(&labels, "node", nodes_at(n, i)->name);
		value = nodes_status(n, i, &f);
		if (at != SIZE_MAX)
			value = *(const uint64_t *)(const void *)((const char *)&f + at);
		metrics_number(out, name, buf_str(&labels), value);
	}
	buf_release(&labels);
}

#define FIGURE(field) offsetof(struct node_figures, field)

static void add_nodes(struct nodes *n, struct buf *out)
{
	add_figure(n, "cdn_node_up", "1 while the node answers.", SIZE_MAX, out);
	add_figure(n, "cdn_node_capacity_bytes", "What it may store.", FIGURE(max_storage), out);
	add_figure(n, "cdn_node_used_bytes", "Contents that it serves.", FIGURE(storage), out);
	add_figure(n, "cdn_node_reserved_bytes", "Uploads on their way.", FIGURE(reserved), out);
	add_figure(n, "cdn_node_free_bytes", "What uploads could still get.", FIGURE(free), out);
	add_figure(n, "cdn_node_memory_bytes", "RAM that it uses.", FIGURE(memory), out);
}

static void add_placements(struct nodes *n, struct buf *out)
{
	struct nodes_counts c;

	nodes_counts(n, &c);
	metrics_counter(
		out, "cdn_placements_total", "Answers that named a node for new bytes.", c.placed);
	metrics_head(out, "cdn_placement_refusals_total", "counter",
		"Answers that no node could take them.");
	metrics_number(out, "cdn_placement_refusals_total", "reason=\"down\"", c.down);
	metrics_number(out, "cdn_placement_refusals_total", "reason=\"full\"", c.full);
}

static void add_listeners(struct feed *f, struct buf *out)
{
	struct feed_counts c;

	feed_counts(f, &c);
	metrics_gauge(out, "cdn_listeners", "Mounts that listen to changes.", c.sessions);
	metrics_gauge(out, "cdn_changes_waiting",
		"Answers that wait until every mount knows of the change.", c.waiting);
	metrics_counter(out, "cdn_changes_total", "Changes that mounts were told of.", c.changes);
	metrics_counter(out, "cdn_leases_expired_total",
		"Mounts that fell silent and were waited for until their lease ran out.",
		c.expired);
}

static void add_database(const struct dist *d, struct buf *out)
{
	struct probe_counts n;
	int rc = probe_count(d->probe, &n);

	metrics_gauge(out, "cdn_db_up", "1 while the database answers.", rc == 0);
	if (rc == 0) {
		metrics_gauge(out, "cdn_contents", "Contents in the register.", n.contents);
		metrics_gauge(
			out, "cdn_inodes", "Files, directories and others in the tree.", n.inodes);
	}
	meta_metrics(d->meta, out);
}

void metrics_get_all(struct httpd_req *req)
{
	const struct dist *d = httpd_server(req);
	struct buf out = BUF_INIT;

	metrics_program(&out, "dist");
	httpd_metrics(req, &out);
	add_nodes(d->nodes, &out);
	add_placements(d->nodes, &out);
	add_database(d, &out);
	add_listeners(d->feed, &out);
	httpd_reply_buf(req, 200, METRICS_TYPE, &out);
}
