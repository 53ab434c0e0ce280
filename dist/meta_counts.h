/* meta_counts - transactions, counted and timed; only meta_run.c uses it. */
#ifndef DIST_META_COUNTS_H
#define DIST_META_COUNTS_H

#include "common/metrics.h"
#include "dist/meta.h"

#define META_MODES 3	/* enum meta_mode */
#define META_OUTCOMES 3 /* committed, rolled back, failed */

/* All zero: nothing happened yet. */
struct meta_counts {
	struct metrics_times times[META_MODES]; /* with all tries of a transaction */
	_Atomic uint64_t outcomes[META_MODES][META_OUTCOMES];
	_Atomic uint64_t again; /* tries behind the first ones */
};

/* A transaction ended with rc (as meta_run) after ns and so many tries. */
void meta_counts_note(
	struct meta_counts *c, enum meta_mode mode, int rc, int64_t ns, unsigned tries);
void meta_counts_text(const struct meta_counts *c, struct buf *out);

#endif
