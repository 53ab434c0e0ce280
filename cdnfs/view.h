/* view - a file of which something is staged, as it is seen here: the staged bytes, and around them those of the version that they
 * are based on. */
#ifndef CDNFS_VIEW_H
#define CDNFS_VIEW_H

#include "cdnfs/fs.h"
#include <sys/types.h>

/* Bytes read, 0 at the end; -EAGAIN: nothing is staged, the current version is what is seen. The caller uses `in`. */
ssize_t view_read(struct cdnfs *fs, const struct wait *w, struct inode *in,
	struct content_stream *stream, void *data, size_t len, uint64_t off);
/* After a write: bounds how many ranges are changed, by reading what is between some of them. 0 or -errno. */
int view_relieve(struct cdnfs *fs, const struct wait *w, struct inode *in);

#endif
