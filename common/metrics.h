/* metrics - figures about a program, and their text for Prometheus (exposition format 0.0.4). Counters are atomics of
 * whoever counts; this writes them, and keeps histograms of durations. Names are Prometheus': base units, _total. */
#ifndef COMMON_METRICS_H
#define COMMON_METRICS_H

#include "common/buf.h"
#include <stdatomic.h>
#include <stdint.h>

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define METRICS_BUCKETS 15

/* A histogram from 0.5 ms to a minute. All zero: empty. */
struct metrics_times {
	_Atomic uint64_t bucket[METRICS_BUCKETS + 1]; /* the last one: longer than a minute */
	_Atomic uint64_t ns;			      /* sum */
};

void metrics_observe(struct metrics_times *t, int64_t ns);
uint64_t metrics_observed(const struct metrics_times *t); /* how many */

static inline void metrics_add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static inline uint64_t metrics_get(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* The head of a metric: once, before its samples. type: counter, gauge or histogram. help: one line of plain text. */
void metrics_head(struct buf *out, const char *name, const char *type, const char *help);
/* Adds name="value", escaped, behind a comma if need be. */
void metrics_label(struct buf *labels, const char *name, const char *value);
/* A sample. labels: "" or what metrics_label made. */
void metrics_number(struct buf *out, const char *name, const char *labels, uint64_t value);
void metrics_seconds(struct buf *out, const char *name, const char *labels, uint64_t ns);
/* The samples of a histogram. */
void metrics_times(
	struct buf *out, const char *name, const char *labels, const struct metrics_times *t);
/* Head and only sample. */
void metrics_counter(struct buf *out, const char *name, const char *help, uint64_t value);
void metrics_gauge(struct buf *out, const char *name, const char *help, uint64_t value);

/* Of every program: version, uptime, lines of its log, and what the kernel says of the process. */
void metrics_program(struct buf *out, const char *program);
/* RAM that this process uses, in bytes; 0 when it cannot be told. */
uint64_t metrics_resident(void);

#endif
