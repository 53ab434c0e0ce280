/* retry - a thread that stores what no close or fsync could and nobody has open any more, as soon as the servers are
 * back. */
#ifndef CDNFS_RETRY_H
#define CDNFS_RETRY_H

#include "cdnfs/fs.h"
#include "common/ticker.h"

int retry_open(struct cdnfs *fs, struct ticker **out);

#endif
