/* ops_range - parts of a file without their bytes: fallocate, copy_file_range. */
#ifndef CDNFS_OPS_RANGE_H
#define CDNFS_OPS_RANGE_H

#include <fuse3/fuse_lowlevel.h>

void op_fallocate(
	fuse_req_t req, fuse_ino_t ino, int mode, off_t off, off_t len, struct fuse_file_info *fi);
void op_copy_file_range(fuse_req_t req, fuse_ino_t from, off_t off_from,
	struct fuse_file_info *fi_from, fuse_ino_t to, off_t off_to, struct fuse_file_info *fi_to,
	size_t len, int flags);

#endif
