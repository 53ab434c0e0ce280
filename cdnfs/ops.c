#include "cdnfs/ops.h"

#include "cdnfs/ops_file.h"
#include "cdnfs/ops_meta.h"
#include "cdnfs/ops_own.h"
#include "cdnfs/ops_range.h"

#define READAHEAD (4U << 20)
#define MAX_WRITE (1U << 20)
#define BACKGROUND 64
#define CONGESTION 48

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	struct cdnfs *fs = userdata;
	unsigned want = FUSE_CAP_ASYNC_READ | FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_PARALLEL_DIROPS |
			FUSE_CAP_READDIRPLUS | FUSE_CAP_AUTO_INVAL_DATA | FUSE_CAP_ASYNC_DIO |
			FUSE_CAP_CACHE_SYMLINKS | FUSE_CAP_DONT_MASK | FUSE_CAP_EXPORT_SUPPORT;
	const struct shown *shown = &fs->opt->shown;

	/* READDIRPLUS without AUTO: a listing must not cost a lookup an entry.
	 *
	 * With POSIX_ACL the kernel asks for ACLs, goes by them and drops what it keeps of them with the attributes; what chmod and
	 * a new name do to them, and to the umask, is dist's (so DONT_MASK). Where the mount shows other owners or permissions than there
	 * are, ACLs would not fit them. */
	if (!shown->has_uid && !shown->has_gid && !shown->mask)
		want |= FUSE_CAP_POSIX_ACL;
#ifdef FUSE_CAP_HANDLE_KILLPRIV_V2 /* else handshake sees to it */
	want |= FUSE_CAP_HANDLE_KILLPRIV_V2;
#endif
	if (fs->locks)
		want |= FUSE_CAP_POSIX_LOCKS | FUSE_CAP_FLOCK_LOCKS;
	conn->want = conn->capable & want;
	fs->acls = conn->want & FUSE_CAP_POSIX_ACL;
	conn->max_write = MAX_WRITE;
	conn->max_readahead = READAHEAD;
	conn->max_background = BACKGROUND;
	conn->congestion_threshold = CONGESTION;
	(void)sem_post(&fs->ready); /* cannot overflow: once */
}

const struct fuse_lowlevel_ops ops_table = {
	.init = op_init,
	.lookup = on_lookup,
	.forget = on_forget,
	.forget_multi = op_forget_multi,
	.getattr = on_getattr,
	.setattr = on_setattr,
	.readlink = op_readlink,
	.mknod = on_mknod,
	.mkdir = on_mkdir,
	.symlink = on_symlink,
	.link = on_link,
	.unlink = on_unlink,
	.rmdir = on_rmdir,
	.rename = on_rename,
	.create = on_create,
	.open = on_open,
	.read = on_read,
	.write = op_write,
	.flush = on_flush,
	.fsync = on_fsync,
	.release = on_release,
	.opendir = on_opendir,
	.readdir = on_readdir,
	.readdirplus = on_readdirplus,
	.releasedir = on_releasedir,
	.fsyncdir = on_fsyncdir,
	.statfs = op_statfs,
	.setxattr = on_setxattr,
	.getxattr = on_getxattr,
	.listxattr = on_listxattr,
	.removexattr = on_removexattr,
	.getlk = on_getlk,
	.setlk = on_setlk,
	.flock = on_flock,
	.fallocate = op_fallocate,
	.copy_file_range = on_copy_file_range,
	.lseek = on_lseek,
};
