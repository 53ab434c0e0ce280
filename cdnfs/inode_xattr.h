/* inode_xattr - what is known of an inode's extended attributes: which there are, told with its attributes, and all of them, as they
 * were listed, while its ctime stays what it was then. No network. */
#ifndef CDNFS_INODE_XATTR_H
#define CDNFS_INODE_XATTR_H

#include "cdnfs/inode_table.h"

/* The attributes may be max_age_ms old; -1: any age will do.
 * 0: the value is added to `out`; -ENODATA: there is no such attribute; -EAGAIN: not known; -EOVERFLOW: it is there, the value is
 * not known. */
int inode_xattr_get(
	struct inodes *t, uint64_t id, const char *name, int64_t max_age_ms, struct buf *out);
/* 0: the names are added to `out`, see xattrs_names(); -EAGAIN: not known. */
int inode_xattr_list(struct inodes *t, uint64_t id, int64_t max_age_ms, struct buf *out);
/* It has users, and what extended attributes it has is not known, or not all that they are. */
bool inode_xattr_wanted(struct inodes *t, uint64_t id, int64_t max_age_ms);
/* Keeps a list, which is the inode's from now on, or freed when it is of another moment than the inode's attributes. */
void inode_xattr_keep(struct inodes *t, uint64_t id, struct xattrs **set);

#endif
