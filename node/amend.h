/* amend - a version's bytes, changed: a new blob that begins as a copy of the old one (its extents, where the file system shares
 * those; else copied inside the kernel) and to which a list of changes is applied. Knows nothing of HTTP and dist. */
#ifndef NODE_AMEND_H
#define NODE_AMEND_H

#include "node/changes.h"
#include "node/store.h"

/* w: begun, and empty. base: descriptor of the old bytes, -1: none. spool: has the bytes that the list brings. 0: w has the bytes and
 * their check-sum; -ENOSPC; -ESTALE: the source of a copy is not held here, or is shorter; … */
int amend(struct store *s, int base, const struct changes *c, int spool, struct blob_write *w);

#endif
