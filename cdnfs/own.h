/* own - what the mount itself adds to its tree: the directory NAME_OWN in the root, which is not listed there, and in it the
 * read-only file `metrics`, which is made anew for each open. No server knows of them; nothing can be made, renamed or
 * removed there (EPERM). */
#ifndef CDNFS_OWN_H
#define CDNFS_OWN_H

#include "cdnfs/fs.h"
#include <fuse3/fuse_lowlevel.h>

/* Inodes above those that dist gives. */
#define OWN_DIR (LIMIT_ID + 1)
#define OWN_METRICS (LIMIT_ID + 2)

/* Is it one of them? */
bool own_inode(fuse_ino_t ino);
/* Is it the directory's name, or a name in the directory? */
bool own_name(fuse_ino_t parent, const char *name);

void own_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void own_getattr(fuse_req_t req, fuse_ino_t ino);
void own_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void own_read(fuse_req_t req, size_t size, off_t off, struct fuse_file_info *fi);
void own_release(fuse_req_t req, struct fuse_file_info *fi);
void own_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void own_readdir(fuse_req_t req, size_t size, off_t off, bool plus);

#endif
