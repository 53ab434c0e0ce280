#include "cdnfs/ops_xattr.h"

#include "cdnfs/api_xattr.h"
#include "cdnfs/caller.h"
#include "cdnfs/inode_xattr.h"
#include "cdnfs/reply.h"
#include "common/xattr.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* What cannot be needs no request. Permission bits that this mount shows otherwise than they are cannot go with ACLs. */
static int check_name(const struct cdnfs *fs, fuse_ino_t ino, const char *name)
{
	uint32_t bit = xattr_bit(name, strlen(name));
	struct attr a;

	if (!fs->acls && bit & (XATTR_ACL_ACCESS | XATTR_ACL_DEFAULT))
		return -EOPNOTSUPP;
	if (inode_attr(fs->inodes, ino, &a) < 0)
		a.mode = S_IFDIR; /* may have all */
	return xattr_check(name, strlen(name), a.mode);
}

/* The value or list, or its length when it was asked for. */
static void reply_bytes(fuse_req_t req, const struct buf *b, size_t size)
{
	if (!size)
		(void)fuse_reply_xattr(req, b->len); /* the requester may have gone */
	else if (b->len > size)
		reply_result(req, -ERANGE);
	else
		(void)fuse_reply_buf(req, b->data, b->len); /* as above */
}

/* Asks dist for all of them. -ENOENT: it knows the inode no more; what is remembered is all there is. */
static int fetch(struct cdnfs *fs, const struct wait *w, fuse_ino_t ino, struct xattrs **set)
{
	uint64_t tick = inodes_tick(fs->inodes);
	struct wire_change none = { 0 };
	struct wire_file f;
	struct attr shown;
	int rc = -ENOENT;

	if (!inode_gone(fs->inodes, ino))
		rc = api_listxattr(fs->api, w, ino, &f, set);
	if (rc == -ENOENT)
		(void)inode_change_gone(fs->inodes, ino, &none, &shown); /* or not open */
	if (rc < 0)
		return rc;
	rc = inode_learn(fs->inodes, &f.attr, f.target, tick, 0, &shown);
	wire_file_release(&f);
	if (rc < 0)
		xattrs_free(set);
	return rc;
}

static int get(
	struct cdnfs *fs, const struct wait *w, fuse_ino_t ino, const char *name, struct buf *out)
{
	/* The kernel asks for this one at each write: what is known must do, as it does for the permission bits. */
	bool each_write = xattr_bit(name, strlen(name)) == XATTR_CAPABILITY;
	int64_t age = each_write ? -1 : fs_max_age(fs);
	struct xattrs *set;
	int rc = inode_xattr_get(fs->inodes, ino, name, age, out);

	if (rc == -EAGAIN) {
		rc = fetch(fs, w, ino, &set);
		if (rc == 0) {
			rc = xattrs_value(set, name, out);
			inode_xattr_keep(fs->inodes, ino, &set);
		} else if (rc == -ENOENT) {
			rc = inode_xattr_get(fs->inodes, ino, name, age, out);
		}
	}
	if (rc == -EOVERFLOW)
		rc = api_getxattr(fs->api, w, ino, name, out);
	return rc == -EAGAIN || rc == -ENOENT ? -ENODATA : rc; /* went with the last name */
}

void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	struct cdnfs *fs = reply_fs(req);
	struct wait w = reply_wait(req);
	struct buf value = BUF_INIT;
	int rc;

	fs_begin(fs, FS_getxattr);
	rc = check_name(fs, ino, name);
	if (rc == -EPERM || rc == -EACCES)
		rc = -ENODATA;
	if (rc == 0)
		rc = get(fs, &w, ino, name, &value);
	if (rc < 0)
		reply_result(req, rc);
	else
		reply_bytes(req, &value, size);
	buf_release(&value);
}

static int add_names(struct cdnfs *fs, fuse_ino_t ino, struct xattrs **set, struct buf *out)
{
	xattrs_names(*set, out);
	inode_xattr_keep(fs->inodes, ino, set);
	return buf_error(out);
}

static int list(struct cdnfs *fs, const struct wait *w, fuse_ino_t ino, struct buf *out)
{
	struct xattrs *set;
	int rc = inode_xattr_list(fs->inodes, ino, fs_max_age(fs), out);

	if (rc != -EAGAIN)
		return rc;
	rc = fetch(fs, w, ino, &set);
	if (rc == -ENOENT)
		rc = inode_xattr_list(fs->inodes, ino, fs_max_age(fs), out);
	else if (rc == 0)
		rc = add_names(fs, ino, &set, out);
	return rc == -EAGAIN ? 0 : rc; /* went with the last name */
}

/* Nobody sees trusted attributes but who may set them. */
static void hide_trusted(fuse_req_t req, struct buf *names)
{
	static const char space[] = "trusted.";
	struct caller c = reply_caller(req);
	size_t kept = 0, len;
	bool hide = false;

	for (size_t at = 0; at < names->len; at += len) {
		const char *name = names->data + at;
		bool trusted = !strncmp(name, space, sizeof(space) - 1);

		len = strlen(name) + 1;
		if (trusted && !hide && caller_capable(&c, CALLER_SYS_ADMIN))
			return;
		hide = hide || trusted;
		if (!trusted) {
			memmove(names->data + kept, name, len);
			kept += len;
		}
	}
	names->len = kept;
}

void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	struct cdnfs *fs = reply_fs(req);
	struct wait w = reply_wait(req);
	struct buf names = BUF_INIT;
	int rc;

	fs_begin(fs, FS_listxattr);
	rc = list(fs, &w, ino, &names);
	if (rc == 0)
		hide_trusted(req, &names);
	if (rc < 0)
		reply_result(req, rc);
	else
		reply_bytes(req, &names, size);
	buf_release(&names);
}

/* What a change answered is learnt; the list is one of before. */
static int changed(struct cdnfs *fs, fuse_ino_t ino, struct wire_file *f, int rc)
{
	struct attr shown;

	if (rc == -ENOENT && inode_gone(fs->inodes, ino))
		return -EOPNOTSUPP; /* nobody keeps them any more */
	if (rc < 0)
		return rc == -ENOENT ? -ESTALE : rc;
	inode_changed(fs->inodes, &f->attr, &shown);
	wire_file_release(f);
	return 0;
}

/* As chmod: only members of a file's group, and who may do everything, leave the set-group-id bit. */
static bool drops_setgid(fuse_req_t req, struct cdnfs *fs, fuse_ino_t ino, const char *name)
{
	struct caller c = reply_caller(req);
	struct attr a;

	if (xattr_bit(name, strlen(name)) != XATTR_ACL_ACCESS ||
		inode_attr(fs->inodes, ino, &a) < 0 || !(a.mode & S_ISGID))
		return false;
	return !caller_in_group(&c, a.gid) && !caller_capable(&c, CALLER_FSETID);
}

void op_setxattr(
	fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size, int flags)
{
	struct cdnfs *fs = reply_fs(req);
	struct wait w = reply_wait(req);
	struct api_xattr x = { .name = name, .value = value, .len = size, .flags = flags };
	struct wire_file f;
	int rc;

	fs_begin(fs, FS_setxattr);
	rc = check_name(fs, ino, name);
	if (rc == 0) {
		x.drop_setgid = drops_setgid(req, fs, ino, name);
		rc = changed(fs, ino, &f, api_setxattr(fs->api, &w, ino, &x, &f));
	}
	reply_result(req, rc);
}

void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	struct cdnfs *fs = reply_fs(req);
	struct wait w = reply_wait(req);
	struct wire_file f;
	int rc;

	fs_begin(fs, FS_removexattr);
	rc = check_name(fs, ino, name);
	if (rc == -EACCES)
		rc = -ENODATA;
	if (rc == 0)
		rc = changed(fs, ino, &f, api_removexattr(fs->api, &w, ino, name, &f));
	reply_result(req, rc);
}

void ops_xattr_save(struct cdnfs *fs, const struct wait *w, uint64_t dir, const char *name)
{
	struct xattrs *set;
	uint64_t id;

	if (coherence_find(&fs->coherence, dir, name, &id) != DENTRY_THERE ||
		!inode_xattr_wanted(fs->inodes, id, fs_max_age(fs)))
		return;
	if (fetch(fs, w, id, &set) == 0) /* else the removal will fail for the same reason */
		inode_xattr_keep(fs->inodes, id, &set);
}
