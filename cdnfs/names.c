#include "cdnfs/names.h"

#include <sys/stat.h>

struct api_new names_new(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct cdnfs *fs = fuse_req_userdata(req);
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	struct api_new new = { .dir = parent,
		.name = name,
		.mode = mode,
		.umask = ctx->umask & 0777,
		.uid = ctx->uid,
		.gid = ctx->gid };
	struct attr dir;

	if (inode_attr(fs->inodes, parent, &dir) == 0 && (dir.mode & S_ISGID)) {
		new.gid = dir.gid;
		if (S_ISDIR(mode))
			new.mode |= S_ISGID;
	}
	return new;
}

void names_changed(struct cdnfs *fs, uint64_t dir, const struct attr *attr, uint64_t tick)
{
	struct attr shown;

	inode_names_changed(fs->inodes, dir);
	if (attr->id)
		(void)inode_learn(
			fs->inodes, attr, NULL, tick, 0, &shown); /* else it is asked for */
	else
		inode_stale(fs->inodes, dir);
}
