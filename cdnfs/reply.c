#include "cdnfs/reply.h"

#include "common/clock.h"
#include "common/metrics.h"
#include <assert.h>
#include <errno.h>
#include <string.h>

#define BLKSIZE 131072
#define PATIENCE_MS 2000
#define NAMES_MS 1000 /* that the kernel believes a name without asking here */

struct cdnfs *reply_fs(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

/* When this thread's operation began. */
static _Thread_local int64_t began_ms;

/* Any signal interrupts, a timer's tick too, and programs do not expect EINTR of a file that is all right: only who
 * waits for a server that is away is let go. */
static bool interrupted(void *ctx)
{
	return clock_ms() - began_ms > PATIENCE_MS && fuse_req_interrupted(ctx);
}

struct wait reply_wait(fuse_req_t req)
{
	const struct cdnfs *fs = fuse_req_userdata(req);

	began_ms = clock_ms();
	return (struct wait){
		.ms = (int64_t)fs->opt->set.timeout * 1000, .stop = interrupted, .ctx = req
	};
}

struct caller reply_caller(fuse_req_t req)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);

	return (struct caller){ .pid = ctx->pid, .uid = ctx->uid, .gid = ctx->gid };
}

static struct timespec time_of(int64_t ns)
{
	struct timespec t = { ns / 1000000000, ns % 1000000000 };

	if (t.tv_nsec < 0) {
		t.tv_nsec += 1000000000;
		t.tv_sec--;
	}
	return t;
}

void reply_stat(const struct cdnfs *fs, const struct attr *a, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_ino = a->id;
	st->st_mode = a->mode;
	st->st_nlink = a->nlink;
	st->st_uid = a->uid;
	st->st_gid = a->gid;
	st->st_rdev = a->rdev;
	st->st_size = (off_t)a->size;
	st->st_blocks = (blkcnt_t)((a->allocated + 511) / 512);
	st->st_blksize = BLKSIZE;
	st->st_atim = time_of(a->atime);
	st->st_mtim = time_of(a->mtime);
	st->st_ctim = time_of(a->ctime);
	shown_apply(&fs->opt->shown, st);
}

static int64_t left_of(uint64_t seconds, int64_t age_ms)
{
	int64_t left = (int64_t)seconds * 1000 - age_ms;

	return left > 0 ? left : 0;
}

/* How long the kernel may believe an inode's attributes. */
static double attr_timeout(const struct cdnfs *fs, uint64_t id, int64_t age_ms)
{
	int64_t left = coherence_left(&fs->coherence);

	if (inode_unstored(fs->inodes, id))
		left = 0;
	else if (!left)
		left = left_of(fs->opt->set.attr_timeout, age_ms);
	else if (!inode_known(fs->inodes, id))
		left = 0; /* something is changing it */
	return (double)left / 1000;
}

/* How long it may believe a name: no longer than changes of others can wait for the end of that, when it cannot be told, and than
 * what is promised when events are down. */
static double entry_timeout(
	const struct cdnfs *fs, uint64_t dir, const char *name, uint64_t id, int64_t age_ms)
{
	const struct settings *set = &fs->opt->set;
	int64_t left = coherence_left(&fs->coherence), most = (int64_t)set->attr_timeout * 1000;

	if (!left)
		left = left_of(id ? set->attr_timeout : set->negative_timeout, age_ms);
	else if (left > (most < NAMES_MS ? most : NAMES_MS))
		left = most < NAMES_MS ? most : NAMES_MS;
	if (!left || !dentries_tell(fs->coherence.dentries, dir, name, id, clock_ms() + left))
		return 0;
	return (double)left / 1000;
}

void reply_entry_param(struct cdnfs *fs, uint64_t dir, const char *name, const struct attr *a,
	int64_t age_ms, struct fuse_entry_param *e)
{
	memset(e, 0, sizeof(*e));
	e->entry_timeout = entry_timeout(fs, dir, name, a ? a->id : 0, age_ms);
	if (!a)
		return;
	e->ino = a->id;
	reply_stat(fs, a, &e->attr);
	e->attr_timeout = attr_timeout(fs, a->id, age_ms);
}

void reply_result(fuse_req_t req, int rc)
{
	struct cdnfs *fs = reply_fs(req);

	assert(rc <= 0);
	if (rc < 0 && -rc < FS_ERRNOS)
		metrics_add(&fs->errors[-rc], 1);
	(void)fuse_reply_err(req, -rc); /* the requester may have gone */
}

void reply_attr(fuse_req_t req, const struct attr *a, int64_t age_ms)
{
	struct stat st;

	reply_stat(reply_fs(req), a, &st);
	inode_tell(reply_fs(req)->inodes, a->id, a->stamp);
	(void)fuse_reply_attr(req, &st, attr_timeout(reply_fs(req), a->id, age_ms)); /* as above */
}

void reply_entry(fuse_req_t req, uint64_t dir, const char *name, const struct attr *a)
{
	struct cdnfs *fs = reply_fs(req);
	struct fuse_entry_param e;

	reply_entry_param(fs, dir, name, a, 0, &e);
	if (fuse_reply_entry(req, &e) < 0)
		inode_forget(fs->inodes, a->id, 1);
}

void reply_absent(fuse_req_t req, uint64_t dir, const char *name)
{
	struct fuse_entry_param e;

	reply_entry_param(reply_fs(req), dir, name, NULL, 0, &e);
	if (e.entry_timeout > 0) {
		metrics_add(&reply_fs(req)->errors[ENOENT], 1);
		(void)fuse_reply_entry(req, &e); /* nothing to give back */
	} else {
		reply_result(req, -ENOENT);
	}
}
