/* ops - the table of the FUSE operations, and what is agreed with the kernel at the start. */
#ifndef CDNFS_OPS_H
#define CDNFS_OPS_H

#include "cdnfs/fs.h"
#include <fuse3/fuse_lowlevel.h>

extern const struct fuse_lowlevel_ops ops_table;

#endif
