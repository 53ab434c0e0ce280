#include "cdnfs/ops_lock.h"

#include "cdnfs/locks.h"
#include "cdnfs/ops_file.h"
#include "cdnfs/reply.h"
#include "common/limits.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>

/* One who waits, until the thread of locks answers. */
struct pending {
	fuse_req_t req;
	struct fuse_file_info fi;
};

static uint64_t clamp(uint64_t at)
{
	return at < LIMIT_NUMBER ? at : LIMIT_NUMBER;
}

/* The kernel gives whole ranges: SEEK_SET, l_len 0 to the end. */
static struct lock_want want_of(const struct flock *lock, uint64_t id, uint64_t owner)
{
	uint64_t first = (uint64_t)lock->l_start;
	struct lock_want want = { .id = id, .owner = owner, .pid = (uint32_t)lock->l_pid };

	want.type = lock->l_type == F_WRLCK   ? WANT_WRITE
		    : lock->l_type == F_RDLCK ? WANT_READ
					      : WANT_NONE;
	want.first = clamp(first);
	want.last = lock->l_len ? clamp(first + (uint64_t)lock->l_len - 1) : LIMIT_NUMBER;
	return want;
}

void op_getlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *lock)
{
	struct cdnfs *fs = reply_fs(req);
	struct wait w = reply_wait(req);
	struct lock_want want = want_of(lock, ino, fi->lock_owner);
	int rc;

	fs_begin(fs, FS_getlk);
	rc = api_lock_test(fs->api, &w, &want);
	if (rc < 0) {
		reply_result(req, rc);
		return;
	}
	lock->l_type = want.type == WANT_WRITE	? F_WRLCK
		       : want.type == WANT_READ ? F_RDLCK
						: F_UNLCK;
	lock->l_whence = SEEK_SET;
	lock->l_start = (off_t)want.first;
	lock->l_len = want.last == LIMIT_NUMBER ? 0 : (off_t)(want.last - want.first + 1);
	lock->l_pid = (pid_t)want.pid;
	(void)fuse_reply_lock(req, lock); /* the requester may have gone */
}

/* The lock is there; now what it protects is looked at. When that fails the lock is of no use, and goes back. */
static int after(struct cdnfs *fs, const struct wait *w, const struct lock_want *want,
	const struct fuse_file_info *fi)
{
	struct lock_want none = *want;
	int rc = file_renew(fs, w, fi);

	if (rc < 0) {
		none.type = WANT_NONE;
		(void)locks_set(
			fs->locks, w, &none, file_key(fi)); /* rc says that something is wrong */
	}
	return rc;
}

/* Its lock was taken, or will not be. */
static void answer(void *ctx, int rc)
{
	struct pending *p = ctx;

	if (rc == 0)
		rc = file_renew(reply_fs(p->req), NULL, &p->fi);
	reply_result(p->req, rc);
	free(p);
}

static void interrupted(fuse_req_t req, void *token)
{
	locks_interrupt(reply_fs(req)->locks, (uint64_t)(uintptr_t)token);
}

static int wait_for(fuse_req_t req, const struct lock_want *want, const struct fuse_file_info *fi)
{
	struct locks *l = reply_fs(req)->locks;
	struct pending *p = malloc(sizeof(*p));
	uint64_t token;
	int rc;

	if (!p)
		return -ENOMEM;
	*p = (struct pending){ req, *fi };
	rc = locks_wait(l, want, file_key(fi), answer, p, &token);
	if (rc < 0) {
		free(p);
		return rc;
	}
	fuse_req_interrupt_func(req, interrupted, (void *)(uintptr_t)token);
	locks_start(l, token); /* from now on the request is the thread's */
	return 0;
}

static void set(
	fuse_req_t req, const struct lock_want *want, const struct fuse_file_info *fi, bool sleep)
{
	struct cdnfs *fs = reply_fs(req);
	struct wait w = reply_wait(req);
	int rc = 0;

	if (want->type == WANT_NONE)
		rc = file_store(fs, &w, fi);
	if (rc == 0)
		rc = locks_set(fs->locks, &w, want, file_key(fi));
	if (rc == 0 && want->type != WANT_NONE)
		rc = after(fs, &w, want, fi);
	if (rc == -EAGAIN && sleep) {
		rc = wait_for(req, want, fi);
		if (rc == 0)
			return;
	}
	reply_result(req, rc);
}

void op_setlk(
	fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *lock, int sleep)
{
	struct lock_want want = want_of(lock, ino, fi->lock_owner);

	fs_begin(reply_fs(req), FS_setlk);
	set(req, &want, fi, sleep);
}

void op_flock(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, int op)
{
	struct lock_want want = { .id = ino,
		.owner = fi->lock_owner,
		.flock = true,
		.type = op & LOCK_EX   ? WANT_WRITE
			: op & LOCK_SH ? WANT_READ
				       : WANT_NONE,
		.last = LIMIT_NUMBER,
		.pid = (uint32_t)fuse_req_ctx(req)->pid };

	fs_begin(reply_fs(req), FS_flock);
	set(req, &want, fi, !(op & LOCK_NB));
}
