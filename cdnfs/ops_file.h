/* ops_file - open files. A handle reads the version it opened (close-to-open) until this mount writes; writes go to the
 * inode's staged bytes, which flush, fsync and the last release store. */
#ifndef CDNFS_OPS_FILE_H
#define CDNFS_OPS_FILE_H

#include "cdnfs/fs.h"
#include <fuse3/fuse_lowlevel.h>

void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	struct fuse_file_info *fi);
void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void op_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t off,
	struct fuse_file_info *fi);
void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);
void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);

/* For locks. What tells one open file from another: */
const void *file_key(const struct fuse_file_info *fi);
/* What was written is stored. 0 or -errno. */
int file_store(struct cdnfs *fs, const struct wait *w, const struct fuse_file_info *fi);
/* From now on every handle of this mount reads the version that is current at the CDN, unless there are bytes that this
 * mount has not stored yet. 0 or -errno. */
int file_renew(struct cdnfs *fs, const struct wait *w, const struct fuse_file_info *fi);
void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence, struct fuse_file_info *fi);

#endif
