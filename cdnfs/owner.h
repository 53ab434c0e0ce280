/* owner - who owns a new file: the caller, and in a directory with the set-group-id bit its group. */
#ifndef CDNFS_OWNER_H
#define CDNFS_OWNER_H

#include "cdnfs/fs.h"
#include <fuse3/fuse_lowlevel.h>

/* Fills dir, name, mode, uid and gid; a directory's mode gets the bit too. */
struct api_new owner_new(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);

#endif
