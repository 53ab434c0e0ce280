/* staging_holes - where a file of which something is staged has data, and where holes. */
#ifndef CDNFS_STAGING_HOLES_H
#define CDNFS_STAGING_HOLES_H

#include "cdnfs/staging.h"

/* About how many bytes of it are data, in the base and here: at most its size, and as many when it has no holes. */
uint64_t staged_allocated(struct staged *s);

/* What is at off, and to where (*end) at least: data, a hole, or what is there in version *base. -EAGAIN: nothing is staged; -ENXIO: the
 * file ends there or before. */
enum staged_what { STAGED_HOLE, STAGED_DATA, STAGED_BASE };
int staged_extent(struct staged *s, uint64_t off, uint64_t *end, struct version *base);

#endif
