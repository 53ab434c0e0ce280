/* ops_xattr - extended attributes and ACLs. Who may do what with them is the kernel's to say, but for what only a look at the caller
 * tells. */
#ifndef CDNFS_OPS_XATTR_H
#define CDNFS_OPS_XATTR_H

#include "cdnfs/fs.h"
#include <fuse3/fuse_lowlevel.h>

void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size,
	int flags);
void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size);
void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size);
void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name);

/* Before a name is taken away: the attributes of what it means are asked for if that is open here, since dist forgets them with
 * the last name. */
void ops_xattr_save(struct cdnfs *fs, const struct wait *w, uint64_t dir, const char *name);

#endif
