#include "node/amend.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

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

/* The same without making bytes of holes, into a file that has nothing there. */
static int copy_sparse(int from, uint64_t size, int to)
{
	uint64_t at = 0;
	int rc = 0;

	if (ftruncate(to, (off_t)size) < 0)
		return full(errno);
	while (rc == 0 && at < size) {
		off_t data = lseek(from, (off_t)at, SEEK_DATA), hole;

		if (data < 0)
			return errno == ENXIO ? 0 : copy_range(from, at, to, at, size - at);
		if ((uint64_t)data >= size)
			return 0;
		hole = lseek(from, data, SEEK_HOLE);
		if (hole < 0 || (uint64_t)hole > size)
			hole = (off_t)size;
		rc = copy_range(from, (uint64_t)data, to, (uint64_t)data, (uint64_t)(hole - data));
		at = (uint64_t)hole;
	}
	return rc;
}

/* The first bytes of the old version, as many as count. */
static int clone_base(int base, const struct changes *c, int to, uint64_t *size)
{
	off_t end = lseek(base, 0, SEEK_END);

	if (end < 0)
		return -errno;
	*size = changes_kept(c, (uint64_t)end);
	if (ioctl(to, FICLONE, base) == 0)
		return ftruncate(to, (off_t)*size) < 0 ? full(errno) : 0;
	return copy_sparse(base, *size, to);
}

static int set_size(int fd, uint64_t size)
{
	return ftruncate(fd, (off_t)size) < 0 ? full(errno) : 0;
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

static int copy_in(struct store *s, const struct change *c, int fd)
{
	struct blob_read b;
	int rc = store_read(s, c->id, c->stamp, &b);

	if (rc < 0)
		return rc == -ENOENT ? -ESTALE : rc;
	if (c->source + c->len > b.meta.size)
		rc = -ESTALE;
	else
		rc = copy_range(b.fd, c->source, fd, c->off, c->len);
	close(b.fd);
	return rc;
}

/* One change; *size is the content's. */
static int apply(struct store *s, const struct change *c, int spool, int fd, uint64_t *size)
{
	uint64_t off = c->kind == CHANGE_APPEND ? *size : c->off, end = off + c->len;
	bool grows = end > *size;
	int rc = 0;

	switch (c->kind) {
	case CHANGE_WRITE:
	case CHANGE_APPEND:
		rc = copy_range(spool, c->at, fd, off, c->len);
		break;
	case CHANGE_COPY:
		rc = copy_in(s, c, fd);
		break;
	case CHANGE_ZERO:
		if (grows)
			rc = set_size(fd, end);
		if (rc == 0)
			rc = zero(fd, off, c->len);
		break;
	case CHANGE_TRUNCATE:
		*size = end;
		return set_size(fd, end);
	case CHANGE_GROW:
		if (grows)
			rc = set_size(fd, end);
		break;
	}
	if (rc == 0 && grows)
		*size = end;
	return rc;
}

int amend(struct store *s, int base, const struct changes *c, int spool, struct blob_write *w)
{
	uint64_t size = 0;
	int rc = base < 0 ? 0 : clone_base(base, c, w->fd, &size);

	for (size_t i = 0; rc == 0 && i < c->n; i++)
		rc = apply(s, &c->list[i], spool, w->fd, &size);
	return rc < 0 ? rc : blob_recount(w);
}
