#include "cdnfs/owner.h"

#include <sys/stat.h>

struct api_new owner_new(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct cdnfs *fs = fuse_req_userdata(req);
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	struct api_new new = {
		.dir = parent, .name = name, .mode = mode, .uid = ctx->uid, .gid = ctx->gid
	};
	struct attr dir;

	if (inode_attr(fs->inodes, parent, &dir) == 0 && (dir.mode & S_ISGID)) {
		new.gid = dir.gid;
		if (S_ISDIR(mode))
			new.mode |= S_ISGID;
	}
	return new;
}
