#include "cdnfs/ops_file.h"

#include "cdnfs/locks.h"
#include "cdnfs/names.h"
#include "cdnfs/privs.h"
#include "cdnfs/renew.h"
#include "cdnfs/reply.h"
#include "cdnfs/seek.h"
#include "cdnfs/store.h"
#include "cdnfs/stream.h"
#include "cdnfs/view.h"
#include "common/clock.h"
#include "common/limits.h"
#include "common/metrics.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct handle {
	struct opened opened; /* first: see handle_end */
	struct inode *in;     /* held */
	struct content_stream stream;
	struct extents extents;
	bool mapper; /* counted by inode_mappable() */
	pthread_mutex_t lock;
	struct version v; /* lock: what it reads while nothing is staged */
	unsigned commits; /* lock */
};

static struct handle *handle_of(const struct fuse_file_info *fi)
{
	return (struct handle *)(uintptr_t)fi->fh;
}

static struct handle *handle_new(void)
{
	struct handle *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	content_stream_init(&h->stream);
	extents_init(&h->extents);
	pthread_mutex_init(&h->lock, NULL);
	return h;
}

static void handle_free(struct cdnfs *fs, struct handle *h)
{
	opened_remove(&fs->opened, &h->opened);
	if (h->mapper)
		(void)inode_mappable(fs->inodes, h->in, -1);
	if (h->in)
		inode_drop(fs->inodes, h->in);
	content_stream_release(&h->stream);
	extents_release(&h->extents);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

static void handle_end(struct opened *o, void *ctx)
{
	handle_free(ctx, (struct handle *)o);
}

/* What the kernel may do with the pages it has, and how the handle is used. */
static void set_modes(
	struct cdnfs *fs, struct handle *h, const struct attr *attr, struct fuse_file_info *fi)
{
	struct staged *s = inode_staged(fs->inodes, h->in);
	bool dirty, gone = inode_gone(fs->inodes, inode_id(h->in));
	uint64_t size;
	int64_t mtime;

	dirty = s && staged_dirty(s, &size, &mtime);
	if (s && !dirty && !gone)
		staged_retire(s, attr->stamp);
	fi->fh = (uint64_t)(uintptr_t)h;
	h->mapper = (fi->flags & O_ACCMODE) == O_RDWR && inode_mappable(fs->inodes, h->in, 1);
	/* by a flush the kernel tells of each close, which gives locks back */
	fi->noflush = (fi->flags & O_ACCMODE) == O_RDONLY &&
		      !(fs->locks && locks_any(fs->locks, inode_id(h->in)));
	if (dirty || gone) {
		fi->keep_cache = 1;
	} else if (inode_shared(fs->inodes, h->in, attr->stamp)) {
		/* Others of this mount still read an older version: the pages are theirs. */
		fi->direct_io = 1;
		fi->keep_cache = 1;
	} else {
		fi->keep_cache = inode_pages(fs->inodes, h->in, attr->stamp);
	}
	/* A size that the kernel still believes in would cut reads off, or pad them. Attributes only: takes no page lock. */
	if (!dirty && !gone && !inode_told(fs->inodes, h->in, attr->stamp))
		(void)fuse_lowlevel_notify_inval_inode(
			fs->session, inode_id(h->in), -1, 0); /* it may not know the inode */
	/* The end of the file is where the last version ends, which the kernel need not know: no pages then. */
	if ((fi->flags & O_APPEND) && !fi->noflush)
		fi->direct_io = 1;
	h->v = inode_version(fs->inodes, h->in, &h->commits);
}

/* What is remembered may be relied upon, and tells where the bytes are. */
static bool is_known(struct cdnfs *fs, const struct inode *in, struct attr *attr)
{
	int64_t age;

	return coherence_left(&fs->coherence) &&
	       inode_fresh(fs->inodes, inode_id(in), INT64_MAX, attr, &age) &&
	       (attr->place || !attr->stamp);
}

/* Attributes of now, truncated if asked for. */
static int open_attr(
	fuse_req_t req, const struct wait *w, struct inode *in, int flags, struct attr *attr)
{
	struct wire_change c = { .set = WIRE_MTIME, .mtime = clock_real_ns() };
	struct caller who = reply_caller(req);
	struct cdnfs *fs = reply_fs(req);
	int rc;

	if (flags & O_TRUNC) {
		rc = privs_take(fs, w, in, &who, &c);
		return rc < 0 ? rc : store_empty(fs, w, in, &c, attr);
	}
	if (inode_gone(fs->inodes, inode_id(in)))
		return inode_attr(fs->inodes, inode_id(in), attr);
	if (is_known(fs, in, attr))
		return 0;
	rc = store_refresh(fs, w, inode_id(in), attr);
	if (rc != -ENOENT)
		return rc;
	/* the kernel looks the name up again, once */
	if (!stale_again(&fs->stale, fuse_req_ctx(req)->pid, inode_id(in)))
		return -ESTALE;
	rc = inode_attr(fs->inodes, inode_id(in), attr);
	if (rc < 0 || (attr->stamp && !attr->place))
		return -ESTALE; /* where its bytes are is not known */
	inode_unlinked(fs->inodes, inode_id(in), 0);
	return inode_attr(fs->inodes, inode_id(in), attr);
}

const void *file_key(const struct fuse_file_info *fi)
{
	return handle_of(fi);
}

int file_store(struct cdnfs *fs, const struct wait *w, const struct fuse_file_info *fi)
{
	return store_commit(fs, w, handle_of(fi)->in, false);
}

int file_renew(struct cdnfs *fs, const struct wait *w, const struct fuse_file_info *fi)
{
	struct inode *in = handle_of(fi)->in;
	struct staged *s = inode_staged(fs->inodes, in);
	struct attr attr;
	uint64_t size;
	int64_t mtime;
	int rc = 0;

	if (inode_gone(fs->inodes, inode_id(in)) || (s && staged_dirty(s, &size, &mtime)))
		return 0;
	rc = store_refresh(fs, w, inode_id(in), &attr);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc; /* its last name went: what is here stays */
	if (s)
		staged_retire(s, attr.stamp);
	if (!inode_adopt(fs->inodes, in))
		(void)fuse_lowlevel_notify_inval_inode(
			fs->session, inode_id(in), 0, 0); /* it may have no pages */
	return 0;
}

void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct cdnfs *fs = reply_fs(req);
	struct wait w = reply_wait(req);
	struct handle *h = handle_new();
	struct attr attr;
	int rc = -ENOMEM;

	fs_begin(fs, FS_open);
	if (!h)
		goto fail;
	rc = -ESTALE;
	h->in = inode_hold(fs->inodes, ino);
	if (!h->in)
		goto fail;
	rc = open_attr(req, &w, h->in, fi->flags, &attr);
	if (rc < 0)
		goto fail;
	set_modes(fs, h, &attr, fi);
	opened_add(&fs->opened, &h->opened, handle_end);
	if (fuse_reply_open(req, fi) < 0)
		handle_free(fs, h); /* nobody will release it */
	return;
fail:
	if (h)
		handle_free(fs, h);
	reply_result(req, rc);
}

static int create(fuse_req_t req, const struct wait *w, const struct api_new *new, int flags,
	struct handle *h, struct attr *attr)
{
	struct cdnfs *fs = reply_fs(req);
	uint64_t tick = names_begin(fs, new->dir);
	const struct place *place = NULL;
	bool existed = false;
	struct attr dir = { 0 };
	struct wire_file f;
	int rc = api_create(fs->api, w, new, &f, &existed, &place, &dir);

	if (!rc) /* no link: its attributes stay */
		wire_file_release(&f);
	names_end(fs, new->dir, new->name, rc < 0 ? 0 : f.attr.id, rc, &dir, tick);
	if (rc < 0)
		return rc;
	if (!S_ISREG(f.attr.mode))
		return S_ISDIR(f.attr.mode) ? -EISDIR : -ELOOP;
	h->in = inode_hold_new(fs->inodes, &f.attr, tick, 1, attr);
	if (!h->in)
		return -ENOMEM;
	if (!existed)
		inode_set_place(fs->inodes, h->in, place);
	else if ((flags & O_TRUNC) && attr->size)
		rc = open_attr(req, w, h->in, flags, attr);
	if (rc < 0)
		inode_forget(fs->inodes, f.attr.id, 1);
	return rc;
}

void op_create(
	fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi)
{
	struct cdnfs *fs = reply_fs(req);
	struct wait w = reply_wait(req);
	struct api_new new = names_new(req, parent, name, mode & 07777);
	struct handle *h = handle_new();
	struct fuse_entry_param e;
	struct attr attr;
	int rc = -ENOMEM;

	fs_begin(fs, FS_create);
	new.exclusive = (fi->flags & O_EXCL) != 0;
	if (h)
		rc = create(req, &w, &new, fi->flags, h, &attr);
	if (rc < 0) {
		if (h)
			handle_free(fs, h);
		reply_result(req, rc);
		return;
	}
	set_modes(fs, h, &attr, fi);
	reply_entry_param(fs, parent, name, &attr, 0, &e);
	opened_add(&fs->opened, &h->opened, handle_end);
	if (fuse_reply_create(req, &e, fi) < 0) {
		inode_forget(fs->inodes, attr.id, 1);
		handle_free(fs, h);
	}
}

/* Reads of the staged bytes: true when there were some to answer with. */
static bool read_staged(fuse_req_t req, struct cdnfs *fs, const struct wait *w, struct handle *h,
	size_t size, uint64_t off)
{
	char *data;
	ssize_t n;

	if (!inode_staged(fs->inodes, h->in))
		return false;
	data = malloc(size ? size : 1);
	n = data ? view_read(fs, w, h->in, &h->stream, data, size, off) : -ENOMEM;
	if (n >= 0) {
		metrics_add(&fs->bytes_read, (uint64_t)n);
		(void)fuse_reply_buf(req, data, (size_t)n); /* the requester may have gone */
	} else if (n != -EAGAIN) {
		reply_result(req, (int)n);
	}
	free(data);
	return n != -EAGAIN;
}

static struct version version_now(struct cdnfs *fs, struct handle *h)
{
	struct version v;

	pthread_mutex_lock(&h->lock);
	inode_follow(fs->inodes, h->in, &h->commits, &h->v);
	v = h->v;
	pthread_mutex_unlock(&h->lock);
	return v;
}

/* The handle's version cannot be had where it was: elsewhere, or the version that took its place. */
static int version_renew(struct cdnfs *fs, const struct wait *w, struct handle *h)
{
	struct attr attr;
	int rc = store_refresh(fs, w, inode_id(h->in), &attr);

	if (rc < 0)
		return rc == -ENOENT ? -ESTALE : rc;
	pthread_mutex_lock(&h->lock);
	h->v = inode_version(fs->inodes, h->in, &h->commits);
	pthread_mutex_unlock(&h->lock);
	return 0;
}

static int read_content(struct cdnfs *fs, const struct wait *w, struct handle *h, size_t size,
	uint64_t off, struct content_bytes *out)
{
	int rc = -ENOENT;

	for (int attempt = 0; attempt < 2 && rc == -ENOENT; attempt++) {
		struct version v = version_now(fs, h);
		struct api_range r = { v.place, inode_id(h->in), v.stamp, 0, v.size };

		if (!v.stamp) {
			out->n = 0;
			out->len = 0;
			return 0;
		}
		if (v.place)
			rc = content_read(fs->content, w, &r, &h->stream, off, size, out);
		if (rc == -ENOENT && !attempt) {
			int again = version_renew(fs, w, h);

			if (again < 0)
				return again;
		}
	}
	return rc == -ENOENT ? -EIO : rc;
}

/* A program that reads the files of a directory one after the other finds the next ones here. */
static void fetch_next(struct cdnfs *fs, uint64_t id)
{
	struct attr next[AHEAD_FILES];
	size_t n = coherence_left(&fs->coherence) ? ahead_read(fs->coherence.ahead, id, next) : 0;

	for (size_t i = 0; i < n; i++)
		content_fetch(fs->content, &(struct api_range){ .place = next[i].place,
						   .id = next[i].id,
						   .stamp = next[i].stamp,
						   .len = next[i].size });
}

void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct cdnfs *fs = reply_fs(req);
	struct wait w = reply_wait(req);
	struct handle *h = handle_of(fi);
	struct content_bytes bytes;
	int rc;

	fs_begin(fs, FS_read);
	if (off == 0)
		fetch_next(fs, ino);
	if (read_staged(req, fs, &w, h, size, (uint64_t)off))
		return;
	rc = read_content(fs, &w, h, size, (uint64_t)off, &bytes);
	if (rc < 0) {
		reply_result(req, rc);
		return;
	}
	metrics_add(&fs->bytes_read, bytes.len);
	(void)fuse_reply_iov(req, bytes.iov, bytes.n); /* the requester may have gone */
	content_done(fs->content, &bytes);
}

/* An lseek that waits for what was written to memory. */
struct seek {
	fuse_req_t req;
	struct handle *h;
	off_t off;
	int whence;
};

static void seek_answer(void *ctx)
{
	struct seek *k = ctx;
	struct cdnfs *fs = reply_fs(k->req);
	struct wait w = reply_wait(k->req);
	struct version v = version_now(fs, k->h);
	uint64_t at;
	int rc = -ENXIO;

	if (k->off >= 0)
		rc = seek_find(fs, &w, k->h->in, &v, &k->h->extents, (uint64_t)k->off,
			k->whence == SEEK_DATA, &at);
	if (rc < 0)
		reply_result(k->req, rc);
	else
		(void)fuse_reply_lseek(k->req, (off_t)at); /* the requester may have gone */
	free(k);
}

void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence, struct fuse_file_info *fi)
{
	struct cdnfs *fs = reply_fs(req);
	struct handle *h = handle_of(fi);
	struct seek *k = malloc(sizeof(*k));
	int rc = 0;

	fs_begin(fs, FS_lseek);
	if (!k) {
		reply_result(req, -ENOMEM);
		return;
	}
	*k = (struct seek){ req, h, off, whence };
	if (off < 0 || !inode_mappable(fs->inodes, h->in, 0))
		seek_answer(k);
	else
		rc = renew_then(fs->seeker, ino, (uint64_t)off, seek_answer, k);
	if (rc < 0) {
		free(k);
		reply_result(req, rc);
	}
}

void op_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t off,
	struct fuse_file_info *fi)
{
	struct cdnfs *fs = reply_fs(req);
	struct wait w = reply_wait(req);
	struct handle *h = handle_of(fi);
	struct caller who = reply_caller(req);
	struct staged *s;
	int rc;

	(void)ino;
	fs_begin(fs, FS_write);
	if ((uint64_t)off >= LIMIT_FILE_SIZE && size) {
		reply_result(req, -EFBIG);
		return;
	}
	if (size > LIMIT_FILE_SIZE - (uint64_t)off) /* what fits, as write(2) has it */
		size = (size_t)(LIMIT_FILE_SIZE - (uint64_t)off);
	rc = privs_drop(fs, &w, h->in, &who);
	if (rc < 0) {
		reply_result(req, rc);
		return;
	}
	do {
		rc = store_begin(fs, &w, h->in, &s);
		if (!rc)
			rc = staged_write(s, data, size, (uint64_t)off, (fi->flags & O_APPEND) != 0,
				clock_real_ns());
	} while (rc == -EAGAIN);
	if (!rc)
		stream_wrote(fs, h->in, s);
	if (!rc)
		rc = view_relieve(fs, &w, h->in);
	if (!rc && (fs->opt->sync || (fi->flags & O_DSYNC)))
		rc = store_commit(fs, &w, h->in, true);
	if (rc < 0) {
		reply_result(req, rc);
		return;
	}
	metrics_add(&fs->bytes_written, size);
	(void)fuse_reply_write(req, size); /* the requester may have gone */
}

void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct cdnfs *fs = reply_fs(req);
	struct wait w = reply_wait(req);
	int rc;

	fs_begin(fs, FS_flush);
	rc = store_commit(fs, &w, handle_of(fi)->in, false);
	if (fs->locks)
		locks_flush(fs->locks, ino, fi->lock_owner);
	reply_result(req, rc);
}

void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	struct cdnfs *fs = reply_fs(req);
	struct wait w = reply_wait(req);

	(void)ino;
	(void)datasync; /* a version is stored with its time */
	fs_begin(fs, FS_fsync);
	reply_result(req, store_commit(fs, &w, handle_of(fi)->in, true));
}

void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct cdnfs *fs = reply_fs(req);
	struct handle *h = handle_of(fi);

	(void)ino;
	fs_begin(fs, FS_release);
	/* Bytes written by mmap after the flush, or that flush could not store. A failure is logged, and the inode
	 * keeps them for the next flush or unmount. */
	if ((fi->flags & O_ACCMODE) != O_RDONLY)
		(void)store_commit(fs, NULL, h->in, false);
	if (fs->locks)
		locks_release(fs->locks, h);
	handle_free(fs, h);
	reply_result(req, 0);
}
