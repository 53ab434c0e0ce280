#include "cdnfs/delta.h"

#include "cdnfs/staging_dir.h"
#include "common/extent.h"
#include "common/limits.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IN_MEMORY (1U << 20) /* bytes of the longest list that is no file */
#define PIECE (256U << 10)
#define HOLE 65536 /* bytes of zeros that are worth a change of their own */

static int put(struct delta *d, const void *data, size_t len)
{
	if (d->fd < 0) {
		buf_add(&d->text, data, len);
		d->len += len;
		return buf_error(&d->text);
	}
	for (size_t done = 0; done < len;) {
		ssize_t n = pwrite(d->fd, (const char *)data + done, len - done, (off_t)d->len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			done += (size_t)n;
			d->len += (size_t)n;
		}
	}
	return 0;
}

static int put_line(struct delta *d, const char *line)
{
	return put(d, line, strlen(line));
}

/* Bytes of the staged file; zeros behind its end. */
static int put_bytes(struct delta *d, int fd, uint64_t from, uint64_t to)
{
	char *piece = malloc(PIECE);
	int rc = piece ? 0 : -ENOMEM;

	while (!rc && from < to) {
		size_t want = to - from < PIECE ? (size_t)(to - from) : PIECE;
		ssize_t n = pread(fd, piece, want, (off_t)from);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0) {
			memset(piece, 0, want);
			n = (ssize_t)want;
		}
		rc = n < 0 ? -errno : put(d, piece, (size_t)n);
		from += n > 0 ? (uint64_t)n : 0;
	}
	free(piece);
	return rc;
}

static int put_write(struct delta *d, int fd, uint64_t from, uint64_t to)
{
	char line[LIMIT_CHANGE_LINE + 1];
	int rc;

	(void)snprintf(line, sizeof(line), "write %" PRIu64 " %" PRIu64 "\n", from, to - from);
	rc = put_line(d, line);
	return rc ? rc : put_bytes(d, fd, from, to);
}

static int put_zero(struct delta *d, uint64_t from, uint64_t to)
{
	char line[LIMIT_CHANGE_LINE + 1];

	(void)snprintf(line, sizeof(line), "zero %" PRIu64 " %" PRIu64 "\n", from, to - from);
	return put_line(d, line);
}

/* The first long hole in [from, to); false: none. */
static bool find_hole(int fd, uint64_t from, uint64_t to, struct range *out)
{
	uint64_t data, end;

	for (; to - from >= HOLE; from = end) {
		if (extent_next(fd, from, to, &data, &end) < 0)
			data = to;
		*out = (struct range){ from, data };
		if (data - from >= HOLE)
			return true;
	}
	return false;
}

/* A changed range; *spare changes more than one may be made of it. */
static int put_range(struct delta *d, int fd, struct range r, size_t *spare)
{
	struct range hole;
	int rc = 0;

	while (!rc && *spare >= 2 && find_hole(fd, r.from, r.to, &hole)) {
		if (hole.from > r.from)
			rc = put_write(d, fd, r.from, hole.from);
		if (!rc)
			rc = put_zero(d, hole.from, hole.to);
		r.from = hole.to;
		*spare -= 2;
	}
	return rc || r.from == r.to ? rc : put_write(d, fd, r.from, r.to);
}

static int put_size(struct delta *d, const char *what, uint64_t size)
{
	char line[LIMIT_CHANGE_LINE + 1];

	(void)snprintf(line, sizeof(line), "%s %" PRIu64 "\n", what, size);
	return put_line(d, line);
}

static int put_append(struct delta *d, const struct staged_job *job)
{
	int rc = put_size(d, "append", job->size - job->edit->append);

	return rc ? rc : put_bytes(d, job->fd, job->edit->append, job->size);
}

static int put_all(struct delta *d, const struct staged_job *job)
{
	const struct edit *e = job->edit;
	bool appended = e->append < job->size;
	size_t spare = LIMIT_CHANGES - 3 - e->dirty.n;
	int rc = 0;

	if (e->low != EDIT_NONE)
		rc = put_size(d, "truncate", e->low);
	for (size_t i = 0; !rc && i < e->dirty.n; i++)
		rc = put_range(d, job->fd, e->dirty.list[i], &spare);
	if (!rc && e->resized)
		rc = put_size(d, "grow", appended ? e->append : job->size);
	if (!rc && appended)
		rc = put_append(d, job);
	if (!rc && !d->len)
		rc = put_size(d, "grow", 0); /* nothing but a new version */
	return rc;
}

int delta_build(const struct staged_job *job, struct staging_dir *dir, struct delta *out)
{
	uint64_t bytes = ranges_bytes(&job->edit->dirty);
	int rc;

	*out = (struct delta){ .fd = -1 };
	if (job->edit->append < job->size)
		bytes += job->size - job->edit->append;
	rc = bytes > IN_MEMORY ? staging_temp(dir) : 0;
	if (bytes > IN_MEMORY && rc >= 0)
		out->fd = rc;
	if (rc >= 0)
		rc = put_all(out, job);
	if (rc < 0)
		delta_release(out);
	return rc;
}

void delta_release(struct delta *d)
{
	if (d->fd >= 0)
		(void)close(d->fd); /* its bytes were only for us */
	buf_release(&d->text);
	*d = (struct delta){ .fd = -1 };
}
