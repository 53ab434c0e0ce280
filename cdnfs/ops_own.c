#include "cdnfs/ops_own.h"

#include "cdnfs/ops_dir.h"
#include "cdnfs/ops_file.h"
#include "cdnfs/ops_lock.h"
#include "cdnfs/ops_meta.h"
#include "cdnfs/ops_range.h"
#include "cdnfs/ops_xattr.h"
#include "cdnfs/own.h"
#include "cdnfs/reply.h"
#include <errno.h>

void on_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	if (own_name(parent, name))
		own_lookup(req, parent, name);
	else
		op_lookup(req, parent, name);
}

void on_forget(fuse_req_t req, fuse_ino_t ino, uint64_t n)
{
	if (own_inode(ino))
		fuse_reply_none(req);
	else
		op_forget(req, ino, n);
}

void on_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	if (own_inode(ino))
		own_getattr(req, ino);
	else
		op_getattr(req, ino, fi);
}

void on_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int set, struct fuse_file_info *fi)
{
	if (own_inode(ino))
		reply_result(req, -EPERM);
	else
		op_setattr(req, ino, st, set, fi);
}

void on_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	if (own_name(parent, name))
		reply_result(req, -EPERM);
	else
		op_mknod(req, parent, name, mode, rdev);
}

void on_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	if (own_name(parent, name))
		reply_result(req, -EPERM);
	else
		op_mkdir(req, parent, name, mode);
}

void on_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	if (own_name(parent, name))
		reply_result(req, -EPERM);
	else
		op_symlink(req, target, parent, name);
}

void on_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
	if (own_inode(ino) || own_name(parent, name))
		reply_result(req, -EPERM);
	else
		op_link(req, ino, parent, name);
}

void on_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	if (own_name(parent, name))
		reply_result(req, -EPERM);
	else
		op_unlink(req, parent, name);
}

void on_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	if (own_name(parent, name))
		reply_result(req, -EPERM);
	else
		op_rmdir(req, parent, name);
}

void on_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t toparent,
	const char *toname, unsigned flags)
{
	if (own_name(parent, name) || own_name(toparent, toname))
		reply_result(req, -EPERM);
	else
		op_rename(req, parent, name, toparent, toname, flags);
}

void on_create(
	fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi)
{
	if (own_name(parent, name))
		reply_result(req, -EPERM);
	else
		op_create(req, parent, name, mode, fi);
}

void on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	if (own_inode(ino))
		own_open(req, ino, fi);
	else
		op_open(req, ino, fi);
}

void on_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	if (own_inode(ino))
		own_read(req, size, off, fi);
	else
		op_read(req, ino, size, off, fi);
}

void on_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	if (own_inode(ino))
		reply_result(req, 0);
	else
		op_fsync(req, ino, datasync, fi);
}

void on_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	if (own_inode(ino))
		reply_result(req, 0);
	else
		op_flush(req, ino, fi);
}

void on_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	if (own_inode(ino))
		own_release(req, fi);
	else
		op_release(req, ino, fi);
}

void on_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	if (own_inode(ino))
		own_opendir(req, ino, fi);
	else
		op_opendir(req, ino, fi);
}

void on_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	if (own_inode(ino))
		own_readdir(req, size, off, false);
	else
		op_readdir(req, ino, size, off, fi);
}

void on_readdirplus(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	if (own_inode(ino))
		own_readdir(req, size, off, true);
	else
		op_readdirplus(req, ino, size, off, fi);
}

void on_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	if (own_inode(ino))
		reply_result(req, 0);
	else
		op_releasedir(req, ino, fi);
}

void on_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	if (own_inode(ino))
		reply_result(req, 0);
	else
		op_fsyncdir(req, ino, datasync, fi);
}

void on_setxattr(
	fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size, int flags)
{
	if (own_inode(ino))
		reply_result(req, -EPERM);
	else
		op_setxattr(req, ino, name, value, size, flags);
}

void on_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	if (own_inode(ino))
		reply_result(req, -ENODATA);
	else
		op_getxattr(req, ino, name, size);
}

void on_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	if (!own_inode(ino))
		op_listxattr(req, ino, size);
	else if (size)
		(void)fuse_reply_buf(req, NULL, 0); /* the requester may have gone */
	else
		(void)fuse_reply_xattr(req, 0); /* as above */
}

void on_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	if (own_inode(ino))
		reply_result(req, -EPERM);
	else
		op_removexattr(req, ino, name);
}

void on_getlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *lock)
{
	if (own_inode(ino))
		reply_result(req, -ENOLCK);
	else
		op_getlk(req, ino, fi, lock);
}

void on_setlk(
	fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *lock, int sleep)
{
	if (own_inode(ino))
		reply_result(req, -ENOLCK);
	else
		op_setlk(req, ino, fi, lock, sleep);
}

void on_flock(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, int op)
{
	if (own_inode(ino))
		reply_result(req, -ENOLCK);
	else
		op_flock(req, ino, fi, op);
}

void on_copy_file_range(fuse_req_t req, fuse_ino_t from, off_t off_from,
	struct fuse_file_info *fi_from, fuse_ino_t to, off_t off_to, struct fuse_file_info *fi_to,
	size_t len, int flags)
{
	if (own_inode(from) || own_inode(to))
		reply_result(req, -EXDEV); /* by reading and writing */
	else
		op_copy_file_range(req, from, off_from, fi_from, to, off_to, fi_to, len, flags);
}

void on_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence, struct fuse_file_info *fi)
{
	if (own_inode(ino))
		reply_result(req, -EINVAL); /* it is made while it is read */
	else
		op_lseek(req, ino, off, whence, fi);
}
