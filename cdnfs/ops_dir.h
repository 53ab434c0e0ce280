/* ops_dir - open directories: a snapshot for each, taken page by page as it is read, so that offsets stay valid as long as
 * it is open. Going back to the start takes a new one. */
#ifndef CDNFS_OPS_DIR_H
#define CDNFS_OPS_DIR_H

#include <fuse3/fuse_lowlevel.h>

void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void op_readdirplus(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);

#endif
