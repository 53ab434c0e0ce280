#include "cdnfs/privs.h"

#include "cdnfs/api_xattr.h"
#include "common/xattr.h"
#include <errno.h>
#include <sys/stat.h>

/* The mode without the bits that a change of owner takes away from a file of `gid`. */
static uint32_t mode_left(uint32_t mode, uint32_t gid, const struct caller *c)
{
	/* without the group's x it is no set-group-id, and the group's members leave it */
	if (mode & S_ISGID &&
		(mode & S_IXGRP || !(caller_in_group(c, gid) || caller_capable(c, CALLER_FSETID))))
		mode &= ~(uint32_t)S_ISGID;
	return mode & ~(uint32_t)S_ISUID;
}

static int drop_capability(struct cdnfs *fs, const struct wait *w, struct inode *in)
{
	struct wire_file f;
	struct attr shown;
	int rc = api_removexattr(fs->api, w, inode_id(in), "security.capability", &f);

	if (rc < 0)
		return rc == -ENODATA || rc == -ENOENT ? 0 : rc;
	inode_changed(fs->inodes, &f.attr, &shown);
	wire_file_release(&f);
	return 0;
}

/* Who has CAP_FSETID leaves the bits by a write, not by a change of owner. */
static int take(struct cdnfs *fs, const struct wait *w, struct inode *in, const struct caller *who,
	bool write, struct wire_change *c)
{
	struct attr attr;
	uint32_t mode, left;
	int rc = 0;

	if (inode_attr(fs->inodes, inode_id(in), &attr) < 0 || S_ISDIR(attr.mode))
		return 0;
	if (attr.xattrs & XATTR_CAPABILITY && !inode_gone(fs->inodes, inode_id(in)))
		rc = drop_capability(fs, w, in);
	mode = (c->set & WIRE_MODE ? c->mode : attr.mode) & 07777;
	if (!(mode & (S_ISUID | S_ISGID)) || (write && caller_capable(who, CALLER_FSETID)))
		return rc;
	left = mode_left(mode, attr.gid, who);
	if (rc == 0 && left != mode) {
		c->set |= WIRE_MODE;
		c->mode = left;
	}
	return rc;
}

int privs_take(struct cdnfs *fs, const struct wait *w, struct inode *in, const struct caller *who,
	struct wire_change *c)
{
	return take(fs, w, in, who, true, c);
}

int privs_take_owner(struct cdnfs *fs, const struct wait *w, struct inode *in,
	const struct caller *who, struct wire_change *c)
{
	return take(fs, w, in, who, false, c);
}

int privs_drop(struct cdnfs *fs, const struct wait *w, struct inode *in, const struct caller *who)
{
	struct wire_change c = { 0 };
	struct wire_file f;
	struct attr attr;
	int rc = privs_take(fs, w, in, who, &c);

	if (rc < 0 || !c.set)
		return rc;
	if (inode_gone(fs->inodes, inode_id(in)))
		return inode_change_gone(fs->inodes, inode_id(in), &c, &attr);
	rc = api_setattr(fs->api, w, inode_id(in), &c, &f);
	if (rc < 0)
		return rc;
	inode_changed(fs->inodes, &f.attr, &attr);
	wire_file_release(&f);
	return 0;
}
