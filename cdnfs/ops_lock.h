/* ops_lock - flock and fcntl locks, which hold on every mount. A lock also makes the file what it is at the CDN: who gets one sees
 * what the last holder wrote, and what was written under it is stored before it is given back. */
#ifndef CDNFS_OPS_LOCK_H
#define CDNFS_OPS_LOCK_H

#include <fuse3/fuse_lowlevel.h>

void op_getlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *lock);
void op_setlk(
	fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *lock, int sleep);
void op_flock(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, int op);

#endif
