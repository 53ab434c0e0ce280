/* figures - what the mount has counted, as text for Prometheus. */
#ifndef CDNFS_FIGURES_H
#define CDNFS_FIGURES_H

#include "cdnfs/fs.h"

void figures_text(struct cdnfs *fs, struct buf *out);

#endif
