#include "node/amend.h"
#include "common/extent.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The new version as it becomes. */
struct result {
	int fd;
	uint64_t size;
	struct blob_sections sections; /* of the old one */
};

#define PIECE (1U << 20) /* bytes copied at a time where the kernel does not copy itself */

static int full(int err)
{
	return err == EDQUOT || err == EFBIG ? -ENOSPC : -err;
}

static int write_all(int fd, const char *data, size_t len, uint64_t off)
{
	while (len) {
		ssize_t n = pwrite(fd, data, len, (off_t)off);

		if (n < 0 && errno != EINTR)
			return full(errno);
		if (n > 0) {
			data += n;
			len -= (size_t)n;
			off += (uint64_t)n;
		}
	}
	return 0;
}

/* By reading and writing. */
static int copy_slowly(int from, uint64_t at, int to, uint64_t off, uint64_t len)
{
	char *piece = malloc(PIECE);
	int rc = piece ? 0 : -ENOMEM;

	while (rc == 0 && len) {
		ssize_t n = pread(from, piece, len < PIECE ? (size_t)len : PIECE, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		rc = n < 0 ? -errno : n == 0 ? -EIO : write_all(to, piece, (size_t)n, off);
		if (n > 0) {
			at += (uint64_t)n;
			off += (uint64_t)n;
			len -= (uint64_t)n;
		}
	}
	free(piece);
	return rc;
}

/* len bytes of `from`, all of which are there. */
static int copy_range(int from, uint64_t at, int to, uint64_t off, uint64_t len)
{
	while (len) {
		off_t in = (off_t)at, out = (off_t)off;
		size_t want = len < (1U << 30) ? (size_t)len : 1U << 30;
		ssize_t n = copy_file_range(from, &in, to, &out, want, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
			return -ENOSPC;
		if (n <= 0) /* not here, or not these two: by hand, which also tells errors */
			return copy_slowly(from, at, to, off, len);
		at += (uint64_t)n;
		off += (uint64_t)n;
		len -= (uint64_t)n;
	}
	return 0;
}

/* The same without making bytes of holes, into a file that is long enough and has nothing there. */
static int copy_sparse(int from, uint64_t at, int to, uint64_t off, uint64_t len)
{
	uint64_t next = at, data;
	int rc = 0;

	while (rc == 0 && extent_next(from, next, at + len, &data, &next) == 0)
		rc = copy_range(from, data, to, off + (data - at), next - data);
	return rc;
}

static int set_size(int fd, uint64_t size)
{
	return ftruncate(fd, (off_t)size) < 0 ? full(errno) : 0;
}

/* The first bytes of the old version, as many as count. */
static int clone_base(int base, const struct changes *c, struct result *out)
{
	off_t end = lseek(base, 0, SEEK_END);
	int rc;

	if (end < 0)
		return -errno;
	blob_sections_read(base, &out->sections);
	out->size = changes_kept(c, (uint64_t)end);
	if (ioctl(out->fd, FICLONE, base) == 0)
		return set_size(out->fd, out->size);
	rc = set_size(out->fd, out->size);
	return rc < 0 ? rc : copy_sparse(base, 0, out->fd, 0, out->size);
}

static int zero(int fd, uint64_t off, uint64_t len)
{
	static const char zeros[65536];
	int rc = 0;

	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)off, (off_t)len) == 0)
		return 0;
	if (errno != EOPNOTSUPP)
		return full(errno);
	while (rc == 0 && len) {
		size_t n = len < sizeof(zeros) ? (size_t)len : sizeof(zeros);

		rc = write_all(fd, zeros, n, off);
		off += n;
		len -= n;
	}
	return rc;
}

/* Holes stay holes. What was there before is gone, and the file is long enough. */
static int copy_in(struct store *s, const struct change *c, int fd)
{
	struct blob_read b;
	int rc = store_read(s, c->id, c->stamp, &b);

	if (rc < 0)
		return rc == -ENOENT ? -ESTALE : rc;
	if (c->source + c->len > b.meta.size)
		rc = -ESTALE;
	else
		rc = zero(fd, c->off, c->len);
	if (rc == 0)
		rc = copy_sparse(b.fd, c->source, fd, c->off, c->len);
	close(b.fd);
	return rc;
}

/* One change. */
static int apply(struct store *s, const struct change *c, int spool, struct result *to)
{
	uint64_t off = c->kind == CHANGE_APPEND ? to->size : c->off, end = off + c->len;
	uint64_t was = to->size;
	int rc = 0;

	if (end > was || c->kind == CHANGE_TRUNCATE) {
		rc = set_size(to->fd, end);
		to->size = end;
		blob_sections_change(&to->sections, was < end ? was : end, was < end ? end : was);
	}
	if (rc < 0 || c->kind == CHANGE_TRUNCATE || c->kind == CHANGE_GROW)
		return rc;
	blob_sections_change(&to->sections, off, end);
	if (c->kind == CHANGE_ZERO)
		return zero(to->fd, off, c->len);
	if (c->kind == CHANGE_COPY)
		return copy_in(s, c, to->fd);
	return copy_range(spool, c->at, to->fd, off, c->len);
}

int amend(struct store *s, int base, const struct changes *c, int spool, struct blob_write *w)
{
	struct result r = { .fd = w->fd };
	int rc = base < 0 ? 0 : clone_base(base, c, &r);

	for (size_t i = 0; rc == 0 && i < c->n; i++)
		rc = apply(s, &c->list[i], spool, &r);
	return rc < 0 ? rc : blob_recount(w, &r.sections);
}
