/* staging_holes - where a file of which something is staged has data, and where holes. */
#ifndef CDNFS_STAGING_HOLES_H
#define CDNFS_STAGING_HOLES_H

#include "cdnfs/staging.h"

/* About how many bytes of it are data, in the base and here: at most its size, and as many when it has no holes. */
uint64_t staged_allocated(struct staged *s);

#endif
