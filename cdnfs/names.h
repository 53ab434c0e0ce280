/* names - what operations that make, move or remove names have in common. */
#ifndef CDNFS_NAMES_H
#define CDNFS_NAMES_H

#include "cdnfs/fs.h"
#include <fuse3/fuse_lowlevel.h>

/* A new name's dir, name, mode, umask, uid and gid: the caller's, but in a directory with the set-group-id bit its group; a directory
 * takes the bit over. */
struct api_new names_new(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);

/* Names in `dir` changed by a request that began at `tick`, whose answer told the directory's new attributes (id 0: did
 * not): the kernel asks for them next. */
void names_changed(struct cdnfs *fs, uint64_t dir, const struct attr *attr, uint64_t tick);

#endif
