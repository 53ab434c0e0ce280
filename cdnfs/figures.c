#include "cdnfs/figures.h"

#include "common/metrics.h"
#include <stdio.h>
#include <string.h>

/* A counter with one label. */
static void add(struct buf *out, const char *name, const char *label, const char *value, uint64_t n)
{
	struct buf labels = BUF_INIT;

	metrics_label(&labels, label, value);
	metrics_number(out, name, buf_str(&labels), n);
	buf_release(&labels);
}

static void add_operations(struct cdnfs *fs, struct buf *out)
{
#define NAME(op) #op,
	static const char *const names[] = { FS_OPS(NAME) };
#undef NAME

	metrics_head(out, "cdn_mount_operations_total", "counter", "What the kernel asked for.");
	for (size_t i = 0; i < FS_COUNT; i++)
		add(out, "cdn_mount_operations_total", "operation", names[i],
			metrics_get(&fs->ops[i]));
	metrics_head(out, "cdn_mount_errors_total", "counter", "Operations that failed.");
	for (int i = 1; i < FS_ERRNOS; i++) {
		const char *name = strerrorname_np(i);
		uint64_t n = metrics_get(&fs->errors[i]);

		if (n)
			add(out, "cdn_mount_errors_total", "errno", name ? name : "other", n);
	}
	metrics_counter(out, "cdn_mount_read_bytes_total", "Bytes that were read from it.",
		metrics_get(&fs->bytes_read));
	metrics_counter(out, "cdn_mount_written_bytes_total", "Bytes that were written to it.",
		metrics_get(&fs->bytes_written));
}

static void add_servers(const struct cdnfs *fs, struct buf *out)
{
	const struct link *link = api_link(fs->api);
	uint64_t fetched, stored;

	api_bytes(fs->api, &fetched, &stored);
	metrics_head(out, "cdn_mount_requests_total", "counter",
		"Requests that it sent, with those that were repeated.");
	add(out, "cdn_mount_requests_total", "server", "dist", link_count_dist(link));
	add(out, "cdn_mount_requests_total", "server", "node", link_count_node(link));
	metrics_head(out, "cdn_mount_retries_total", "counter",
		"Requests that were repeated: the server was away, or lost the connection.");
	add(out, "cdn_mount_retries_total", "server", "dist", link_retries_dist(link));
	add(out, "cdn_mount_retries_total", "server", "node", link_retries_node(link));
	metrics_counter(out, "cdn_mount_fetched_bytes_total", "Bytes that nodes sent.", fetched);
	metrics_counter(out, "cdn_mount_stored_bytes_total", "Bytes that nodes took.", stored);
}

static void add_memory(struct cdnfs *fs, struct buf *out)
{
	struct content_counts c;
	struct dentries_counts names;
	uint64_t files, bytes;

	content_counts(fs->content, &c);
	inodes_dirty(fs->inodes, &files, &bytes);
	metrics_counter(out, "cdn_mount_cache_hits_total",
		"Blocks of 32 KiB that a read found in memory, or on their way.", c.hits);
	metrics_counter(
		out, "cdn_mount_cache_misses_total", "Blocks that a read had to fetch.", c.misses);
	metrics_gauge(out, "cdn_mount_cache_bytes", "Memory of those blocks.", c.bytes);
	dentries_counts(fs->coherence.dentries, &names);
	metrics_gauge(out, "cdn_mount_names", "Names that it remembers.", names.names);
	metrics_counter(out, "cdn_mount_name_hits_total",
		"Questions for a name that were answered from memory.", names.hits);
	metrics_counter(
		out, "cdn_mount_name_misses_total", "Those that dist was asked.", names.misses);
	metrics_gauge(out, "cdn_mount_inodes", "Files and directories that the kernel refers to.",
		inodes_count(fs->inodes));
	metrics_gauge(
		out, "cdn_mount_unstored_files", "Files whose newest bytes no node has.", files);
	metrics_gauge(out, "cdn_mount_staged_bytes", "Size of those files, in staging.", bytes);
}

static void add_events(const struct coherence *c, struct buf *out)
{
	metrics_gauge(out, "cdn_mount_events_up",
		"1 while dist tells of the changes of others before they are answered.",
		coherence_left(c) > 0);
	metrics_counter(
		out, "cdn_mount_polls_total", "Questions for changes.", metrics_get(&c->polls));
	metrics_counter(
		out, "cdn_mount_changes_total", "Changes of others.", metrics_get(&c->changes));
	metrics_counter(out, "cdn_mount_resets_total",
		"Times that nothing remembered could be relied upon.", metrics_get(&c->resets));
}

void figures_text(struct cdnfs *fs, struct buf *out)
{
	metrics_program(out, "cdnfs");
	add_operations(fs, out);
	add_servers(fs, out);
	add_memory(fs, out);
	add_events(&fs->coherence, out);
}
