#include "cdnfs/view.h"

#include "cdnfs/store.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The base is not where it was, or is gone: what takes its place. */
static int renew_base(struct cdnfs *fs, const struct wait *w, struct inode *in, struct staged *s,
	const struct version *base)
{
	struct version now;
	struct attr shown;
	unsigned commits;
	int rc = store_refresh(fs, w, inode_id(in), &shown);

	if (rc < 0)
		return rc == -ENOENT ? -ESTALE : rc;
	now = inode_version(fs->inodes, in, &commits);
	if (now.stamp == base->stamp && now.place == base->place)
		return -EIO;
	staged_rebase(s, base->stamp, &now);
	return 0;
}

/* Bytes of the base. -ENOENT: it is not there. */
static ssize_t read_base(struct cdnfs *fs, const struct wait *w, struct inode *in,
	struct content_stream *stream, const struct version *v, char *data, size_t len,
	uint64_t off)
{
	struct api_range r = { v->place, inode_id(in), v->stamp, 0, v->size };
	struct content_bytes bytes;
	size_t done = 0;
	int rc = v->place ? content_read(fs->content, w, &r, stream, off, len, &bytes) : -ENOENT;

	if (rc < 0)
		return rc;
	for (int i = 0; i < bytes.n; i++) {
		memcpy(data + done, bytes.iov[i].iov_base, bytes.iov[i].iov_len);
		done += bytes.iov[i].iov_len;
	}
	content_done(fs->content, &bytes);
	return done ? (ssize_t)done : -EIO;
}

ssize_t view_read(struct cdnfs *fs, const struct wait *w, struct inode *in,
	struct content_stream *stream, void *data, size_t len, uint64_t off)
{
	struct staged *s = inode_staged(fs->inodes, in);
	struct version base;
	bool renewed = false;
	size_t done = 0, missing;

	while (s && done < len) {
		char *at = (char *)data + done;
		ssize_t n = staged_read(s, at, len - done, off + done, &base, &missing);

		if (n == -ENODATA)
			n = read_base(fs, w, in, stream, &base, at, missing, off + done);
		if (n == -ENOENT) {
			n = renewed ? -EIO : renew_base(fs, w, in, s, &base);
			renewed = true;
			if (!n) /* from the start: a mixture is nobody's bytes */
				done = 0;
		} else if (n == 0) {
			break;
		}
		if (n < 0)
			return n;
		done += (size_t)n;
	}
	return s ? (ssize_t)done : -EAGAIN;
}

/* What lies in a gap becomes part of what was changed. */
static int fill_gap(struct cdnfs *fs, const struct wait *w, struct inode *in, struct range gap,
	struct content_stream *stream, char *piece)
{
	struct staged *s = inode_staged(fs->inodes, in);
	ssize_t n = 1;
	int rc = 0;

	while (!rc && n > 0 && gap.from < gap.to) {
		uint64_t left = gap.to - gap.from;

		n = view_read(fs, w, in, stream, piece,
			left < CONTENT_READ ? (size_t)left : CONTENT_READ, gap.from);
		if (n > 0)
			rc = staged_join(s, piece, (size_t)n, gap.from);
		gap.from += n > 0 ? (uint64_t)n : 0;
	}
	return n < 0 ? (int)n : rc;
}

int view_relieve(struct cdnfs *fs, const struct wait *w, struct inode *in)
{
	struct staged *s = inode_staged(fs->inodes, in);
	struct content_stream stream;
	struct range gap;
	char *piece;
	int rc = 0;

	if (!s || !staged_crowded(s, &gap))
		return 0;
	piece = malloc(CONTENT_READ);
	if (!piece)
		return -ENOMEM;
	content_stream_init(&stream);
	do
		rc = fill_gap(fs, w, in, gap, &stream, piece);
	while (!rc && staged_crowded(s, &gap));
	content_stream_release(&stream);
	free(piece);
	return rc == -EAGAIN ? 0 : rc; /* stored meanwhile */
}
