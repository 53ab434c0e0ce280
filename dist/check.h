/* check - does the database hold a tree and a register as their rules want them? Reads all of it, changes nothing. */
#ifndef DIST_CHECK_H
#define DIST_CHECK_H

#include "common/buf.h"
#include "dist/meta.h"

/* What was looked at, and what is wrong with it. */
struct check {
	uint64_t inodes, entries, contents;
	uint64_t findings;    /* all that were seen; of one kind at most LIMIT_FINDINGS are */
	struct buf sentences; /* JSON of them: {"check": "links", "id": 33, "message": "…"}, … */
};

/* In a transaction, of which the findings are one moment's. Resets *c but for its buffer, which is cleared.
 * 0, or what meta_exec returned. */
int check_run(struct meta_tx *tx, struct check *c);

#endif
