#include "cdnfs/ops.h"

#include "cdnfs/ops_dir.h"
#include "cdnfs/ops_file.h"
#include "cdnfs/ops_meta.h"

#define READAHEAD (4U << 20)
#define MAX_WRITE (1U << 20)
#define BACKGROUND 64
#define CONGESTION 48

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	struct cdnfs *fs = userdata;
	unsigned want = FUSE_CAP_ASYNC_READ | FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_PARALLEL_DIROPS |
			FUSE_CAP_READDIRPLUS | FUSE_CAP_AUTO_INVAL_DATA | FUSE_CAP_ASYNC_DIO |
			FUSE_CAP_CACHE_SYMLINKS;

	/* HANDLE_KILLPRIV stays with the kernel, which then sends the change of mode. READDIRPLUS without AUTO: a
	 * listing must not cost a lookup an entry. */
	conn->want = conn->capable & want;
	conn->max_write = MAX_WRITE;
	conn->max_readahead = READAHEAD;
	conn->max_background = BACKGROUND;
	conn->congestion_threshold = CONGESTION;
	(void)sem_post(&fs->ready); /* cannot overflow: once */
}

const struct fuse_lowlevel_ops ops_table = {
	.init = op_init,
	.lookup = op_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.getattr = op_getattr,
	.setattr = op_setattr,
	.readlink = op_readlink,
	.mknod = op_mknod,
	.mkdir = op_mkdir,
	.symlink = op_symlink,
	.link = op_link,
	.unlink = op_unlink,
	.rmdir = op_rmdir,
	.rename = op_rename,
	.create = op_create,
	.open = op_open,
	.read = op_read,
	.write = op_write,
	.flush = op_flush,
	.fsync = op_fsync,
	.release = op_release,
	.opendir = op_opendir,
	.readdir = op_readdir,
	.readdirplus = op_readdirplus,
	.releasedir = op_releasedir,
	.fsyncdir = op_fsyncdir,
	.statfs = op_statfs,
};
