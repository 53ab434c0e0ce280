/* staging_stream - what of a staged file may be sent while it is being written. */
#ifndef CDNFS_STAGING_STREAM_H
#define CDNFS_STAGING_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct staged;

/* A file that is written from its start on may be sent meanwhile. It is what it was when nothing was sent: a change of bytes that
 * were given ends that. */
#define STAGED_STREAM (4U << 20) /* bytes from which on it is worth it */
bool staged_stream_worth(struct staged *s);
/* If it still is worth it, it is being sent as version `stamp` on base *base from now on. */
bool staged_stream_begin(struct staged *s, uint64_t stamp, uint64_t *base);
/* Waits until there are cap bytes at `at`, or the last ones. How many; 0: that was all; -ECANCELED: it is not to be sent any
 * more, also when nothing was written for so long that the server would not wait. */
ssize_t staged_stream_read(struct staged *s, uint64_t stamp, uint64_t at, void *data, size_t cap);
/* Of a job that is `streamed`: what is there is all. */
void staged_stream_end(struct staged *s, uint64_t stamp);
/* Its sending failed. False when it is a job's already, which is to be told so. */
bool staged_stream_fail(struct staged *s, uint64_t stamp);

#endif
