/* apply - does a batch: all of it in one transaction, its answer written as it goes. */
#ifndef DIST_APPLY_H
#define DIST_APPLY_H

#include "dist/batch.h"
#include "dist/dist.h"

#define APPLY_REPEAT 1 /* it was done before; this is the first answer again */

/* The answer's JSON is added to reply. max_entries: of all lists together, 0: as asked for; more: -EOVERFLOW and nothing
 * was done. 0; APPLY_REPEAT; -ESTALE: an older seq than the slot's last; -EMSGSIZE: the answer would pass
 * LIMIT_JSON_REPLY (nothing was done); or what meta_run() returned. */
int apply_batch(struct dist *d, const struct batch *b, size_t max_entries, struct buf *reply);

#endif
