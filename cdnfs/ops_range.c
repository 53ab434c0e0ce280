#include "cdnfs/ops_range.h"

#include "cdnfs/renew.h"
#include "cdnfs/reply.h"
#include "cdnfs/store.h"
#include "common/clock.h"
#include "common/limits.h"
#include "common/stamp.h"
#include <errno.h>
#include <inttypes.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <string.h>

#define WORTH_COPYING                                                                              \
	65536 /* fewer bytes cost less through here than a version of their own does */

static int change(struct staged *s, int mode, uint64_t off, uint64_t end)
{
	bool keep = (mode & FALLOC_FL_KEEP_SIZE) != 0;
	int64_t now = clock_real_ns();

	if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		return staged_zero(s, off, end, keep, now);
	return keep ? 0 : staged_grow(s, end, now); /* there is nothing to set aside */
}

void op_fallocate(
	fuse_req_t req, fuse_ino_t ino, int mode, off_t off, off_t len, struct fuse_file_info *fi)
{
	struct cdnfs *fs = reply_fs(req);
	struct wait w = reply_wait(req);
	struct inode *in;
	struct staged *s;
	int rc = -ESTALE, known = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE;

	(void)fi; /* staged bytes are the inode's */
	fs_begin(fs, FS_fallocate);
	if (mode & ~known) {
		reply_result(req, -EOPNOTSUPP);
		return;
	}
	if ((uint64_t)off + (uint64_t)len > LIMIT_FILE_SIZE) {
		reply_result(req, -EFBIG);
		return;
	}
	in = inode_hold(fs->inodes, ino);
	do {
		rc = in ? store_begin(fs, &w, in, &s) : -ESTALE;
		if (!rc)
			rc = change(s, mode, (uint64_t)off, (uint64_t)off + (uint64_t)len);
	} while (rc == -EAGAIN);
	if (in)
		inode_drop(fs->inodes, in);
	reply_result(req, rc);
}

/* What is to be copied inside a node. */
struct copy {
	struct inode *from, *to;
	struct version source, target;
	uint64_t off_from, off_to, len;
};

/* Both as they are stored. -EXDEV: their bytes are not on one node, or other bytes are seen here. */
static int prepare(struct cdnfs *fs, const struct wait *w, struct copy *c)
{
	unsigned commits;
	int rc = store_commit(fs, w, c->from, false);

	if (!rc)
		rc = store_commit(fs, w, c->to, false);
	if (rc < 0)
		return rc;
	c->source = inode_version(fs->inodes, c->from, &commits);
	c->target = inode_version(fs->inodes, c->to, &commits);
	if (inode_gone(fs->inodes, inode_id(c->from)) || inode_gone(fs->inodes, inode_id(c->to)))
		return -EXDEV;
	if (c->off_from >= c->source.size) {
		c->len = 0;
		return 0;
	}
	if (c->len > c->source.size - c->off_from)
		c->len = c->source.size - c->off_from;
	if (!c->source.place || (c->target.stamp && c->target.place != c->source.place))
		return -EXDEV;
	return c->len < WORTH_COPYING ? -EXDEV : 0;
}

static int send(struct cdnfs *fs, struct copy *c, struct wire_stored *out)
{
	char line[LIMIT_CHANGE_LINE + 1], stamp[STAMP_TEXT];
	struct api_upload up = { .place = c->source.place,
		.id = inode_id(c->to),
		.stamp = stamp_new(),
		.base = c->target.stamp,
		.list = true,
		.body = line,
		.mtime = clock_real_ns(),
		.stall_ms = (int64_t)fs->opt->set.timeout * 1000 + (int64_t)(c->len / 10000) };
	int rc;

	stamp_format(c->source.stamp, stamp);
	up.size = (uint64_t)snprintf(line, sizeof(line),
		"copy %" PRIu64 " %" PRIu64 " %" PRIu64 " %s %" PRIu64 "\n", c->off_to, c->len,
		inode_id(c->from), stamp, c->off_from);
	rc = api_upload(fs->api, &up, out);
	if (!rc && (out->stamp != up.stamp || !out->has_base || out->base != up.base))
		return 1;
	return rc;
}

/* The node makes the target's next version. Whatever keeps it from that, the kernel copies by reading and writing. */
static int copy(struct cdnfs *fs, struct copy *c)
{
	struct staged *s = inode_staged(fs->inodes, c->to);
	struct wire_stored stored = { 0 };
	struct version now = { 0 };
	uint64_t size;
	int64_t mtime;
	int rc = -EXDEV;

	if (s)
		staged_hold(s);
	if (!s || !staged_dirty(s, &size, &mtime))
		rc = send(fs, c, &stored);
	if (rc >= 0) {
		now = (struct version){ stored.stamp, stored.size, c->source.place,
			stored.allocated };
		inode_stored(fs->inodes, c->to, &stored, now.place,
			rc ? UINT64_MAX : c->target.stamp, now.place);
	}
	if (s)
		staged_hold_end(s, rc >= 0 ? &now : NULL);
	if (rc > 0)
		renew_add(fs->renew, inode_id(c->to));
	return rc < 0 ? -EXDEV : 0;
}

void op_copy_file_range(fuse_req_t req, fuse_ino_t from, off_t off_from,
	struct fuse_file_info *fi_from, fuse_ino_t to, off_t off_to, struct fuse_file_info *fi_to,
	size_t len, int flags)
{
	struct cdnfs *fs = reply_fs(req);
	struct wait w = reply_wait(req);
	struct copy c = { .from = inode_hold(fs->inodes, from),
		.to = inode_hold(fs->inodes, to),
		.off_from = (uint64_t)off_from,
		.off_to = (uint64_t)off_to,
		.len = len };
	int rc = -ESTALE;

	(void)fi_from;
	(void)fi_to;
	fs_begin(fs, FS_copy_file_range);
	if (flags)
		rc = -EINVAL;
	else if (len < WORTH_COPYING || from == to || fs->opt->ro)
		rc = -EXDEV;
	else if (c.off_to + c.len > LIMIT_FILE_SIZE)
		rc = -EFBIG;
	else if (c.from && c.to)
		rc = prepare(fs, &w, &c);
	if (!rc && c.len)
		rc = copy(fs, &c);
	if (c.from)
		inode_drop(fs->inodes, c.from);
	if (c.to)
		inode_drop(fs->inodes, c.to);
	if (rc < 0)
		reply_result(req, rc);
	else
		(void)fuse_reply_write(req, (size_t)c.len); /* the requester may have gone */
}
