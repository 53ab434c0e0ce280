/* resolve - settles in the background what dist has to say: uploads whose outcome is unknown, what a crash left
 * pending, and contents of which several versions were found at start. */
#ifndef NODE_RESOLVE_H
#define NODE_RESOLVE_H

#include "node/dist.h"
#include "node/store.h"

struct resolve;

enum resolve_kind {
	RESOLVE_KEEP, /* registered: publish; else drop */
	RESOLVE_UNDO /* a new content whose client was told that it failed; registered: delete the record */
};

/* Takes over the store's leftovers and starts the thread. grace_ms: how long dist may still be working on a request that got no
 * answer; before, "not registered" is not believed. */
int resolve_open(struct store *s, struct dist *d, int64_t grace_ms, struct resolve **out);
/* NULL-safe. What is not settled stays on disk for the next start. Call dist_stop() first. */
void resolve_close(struct resolve **r);
/* Takes over a pending blob and the claim of its stamp. */
void resolve_add(struct resolve *r, const struct pending *p, enum resolve_kind kind);
/* How many wait. */
size_t resolve_waiting(struct resolve *r);

#endif
