/* seek - where a file has data and where holes, as it is seen here: staged, and around that as stored. */
#ifndef CDNFS_SEEK_H
#define CDNFS_SEEK_H

#include "cdnfs/extents.h"
#include "cdnfs/fs.h"

/* The first data (or hole: the end is one) at or behind off. v: what is seen while nothing is staged. What nobody can tell is data. 0
 * or -ENXIO. The caller uses `in`. */
int seek_find(struct cdnfs *fs, const struct wait *w, const struct inode *in,
	const struct version *v, struct extents *known, uint64_t off, bool data, uint64_t *out);

#endif
