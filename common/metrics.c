#include "common/metrics.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define MS 1000000

static const int64_t bound_ns[METRICS_BUCKETS] = { MS / 2, MS, 5 * MS / 2, 5 * MS, 10 * MS, 25 * MS,
	50 * MS, 100 * MS, 250 * MS, 500 * MS, 1000LL * MS, 2500LL * MS, 5000LL * MS, 10000LL * MS,
	60000LL * MS };
static const char *const bound_text[METRICS_BUCKETS + 1] = { "0.0005", "0.001", "0.0025", "0.005",
	"0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "60", "+Inf" };

void metrics_observe(struct metrics_times *t, int64_t ns)
{
	size_t i = 0;

	if (ns < 0)
		ns = 0;
	while (i < METRICS_BUCKETS && ns > bound_ns[i])
		i++;
	metrics_add(&t->bucket[i], 1);
	metrics_add(&t->ns, (uint64_t)ns);
}

uint64_t metrics_observed(const struct metrics_times *t)
{
	uint64_t n = 0;

	for (size_t i = 0; i <= METRICS_BUCKETS; i++)
		n += metrics_get(&t->bucket[i]);
	return n;
}

void metrics_head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_label(struct buf *labels, const char *name, const char *value)
{
	buf_addf(labels, "%s%s=\"", labels->len ? "," : "", name);
	for (; *value; value++) {
		if (*value == '\n')
			buf_adds(labels, "\\n");
		else if (*value == '"' || *value == '\\')
			buf_addf(labels, "\\%c", *value);
		else
			buf_add(labels, value, 1);
	}
	buf_adds(labels, "\"");
}

static void add_name(struct buf *out, const char *name, const char *suffix, const char *labels)
{
	buf_addf(out, "%s%s%s%s%s ", name, suffix, *labels ? "{" : "", labels, *labels ? "}" : "");
}

static void add_seconds(struct buf *out, uint64_t ns)
{
	buf_addf(out, "%" PRIu64 ".%09" PRIu64 "\n", ns / 1000000000, ns % 1000000000);
}

void metrics_number(struct buf *out, const char *name, const char *labels, uint64_t value)
{
	add_name(out, name, "", labels);
	buf_addf(out, "%" PRIu64 "\n", value);
}

void metrics_seconds(struct buf *out, const char *name, const char *labels, uint64_t ns)
{
	add_name(out, name, "", labels);
	add_seconds(out, ns);
}

void metrics_times(
	struct buf *out, const char *name, const char *labels, const struct metrics_times *t)
{
	const char *comma = *labels ? "," : "";
	uint64_t n = 0;

	for (size_t i = 0; i <= METRICS_BUCKETS; i++) {
		n += metrics_get(&t->bucket[i]);
		buf_addf(out, "%s_bucket{%s%sle=\"%s\"} %" PRIu64 "\n", name, labels, comma,
			bound_text[i], n);
	}
	add_name(out, name, "_sum", labels);
	add_seconds(out, metrics_get(&t->ns));
	add_name(out, name, "_count", labels);
	buf_addf(out, "%" PRIu64 "\n", n);
}

void metrics_counter(struct buf *out, const char *name, const char *help, uint64_t value)
{
	metrics_head(out, name, "counter", help);
	metrics_number(out, name, "", value);
}

void metrics_gauge(struct buf *out, const char *name, const char *help, uint64_t value)
{
	metrics_head(out, name, "gauge", help);
	metrics_number(out, name, "", value);
}
