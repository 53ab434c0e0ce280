/* content_stream - sees sequences in what one handle reads, and says what should be on its way for the next reads. */
#ifndef CDNFS_CONTENT_STREAM_H
#define CDNFS_CONTENT_STREAM_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTENT_BLOCK 32768U
#define CONTENT_WINDOW (4U << 20) /* most bytes of a run ahead */

/* Where it reads. */
struct content_stream {
	pthread_mutex_t lock;
	uint64_t next;	 /* lock: end of the last read */
	uint64_t ahead;	 /* lock: asked for up to here */
	uint64_t window; /* lock: bytes of a run ahead, 0: not in sequence */
};
void content_stream_init(struct content_stream *s);
void content_stream_release(struct content_stream *s);

/* Notes a read of a file of `size` bytes. Has fetch(ctx, from, to) begin with what is missing ahead, in runs of at most `most` bytes, until that
 * is false. Is the read in sequence? */
bool content_stream_read(struct content_stream *s, uint64_t off, size_t len, uint64_t size,
	uint64_t most, bool (*fetch)(void *ctx, uint64_t from, uint64_t to), void *ctx);

#endif
