/* content - reading stored versions: blocks of 32 KiB in a bounded memory cache, fetched in runs from the nodes, ahead of
 * who reads in sequence. A version never changes, so blocks are never stale; they only go. */
#ifndef CDNFS_CONTENT_H
#define CDNFS_CONTENT_H

#include "cdnfs/api.h"
#include "cdnfs/content_stream.h"
#include <sys/uio.h>

#define CONTENT_READ (1U << 20) /* most bytes of one read */
#define CONTENT_IOV (CONTENT_READ / CONTENT_BLOCK + 2)

struct content;

/* memory: bytes of blocks kept. */
int content_open(struct api *api, uint64_t memory, struct content **out);
void content_close(struct content **c);

/* Bytes to answer with, straight from the cache until content_done. */
struct content_bytes {
	struct iovec iov[CONTENT_IOV];
	int n;
	size_t len;
	void *blocks[CONTENT_IOV]; /* pinned */
	bool passing;		   /* read in sequence: they are not kept for long */
};
/* Reads at most CONTENT_READ bytes within [off, range->len), range->len being the version's size. 0 or -errno: -ENOENT when the version is
 * gone. range->off is not used. */
int content_read(struct content *c, const struct wait *w, const struct api_range *version,
	struct content_stream *s, uint64_t off, size_t len, struct content_bytes *out);
/* Has all of a version fetched in the background, as far as there is room. */
void content_fetch(struct content *c, const struct api_range *version);
/* So far, and now. */
struct content_counts {
	uint64_t hits, misses; /* blocks that reads found (also on their way), or had to fetch */
	uint64_t bytes;	       /* memory of blocks */
};
void content_counts(struct content *c, struct content_counts *out);
void content_done(struct content *c, struct content_bytes *b);

#endif
