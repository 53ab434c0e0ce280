/* probe - figures of the database that are asked for more often than they change: at most once a second. */
#ifndef DIST_PROBE_H
#define DIST_PROBE_H

#include "dist/meta.h"

struct probe;

int probe_open(struct meta *meta, struct probe **out);
void probe_close(struct probe **p); /* NULL-safe */
/* 0, or why the database does not answer. While one caller asks, the others get the last answer. */
int probe_health(struct probe *p);
/* Number of inodes; inside a transaction. 0 or < 0. */
int probe_inodes(struct probe *p, struct meta_tx *tx, uint64_t *inodes);
/* Rows of the register and of the tree, in a transaction of its own; counted at most once a second. 0, or why the database
 * does not answer. */
struct probe_counts {
	uint64_t contents, inodes;
};
int probe_count(struct probe *p, struct probe_counts *out);

#endif
