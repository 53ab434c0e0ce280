/* stream - sends large files while they are being written, so that close waits for the rest only. The staged file stays what
 * counts: a stream that fails, or is overtaken by a change of what was sent, is as if it had not been. Nothing is visible before
 * its end, which is a job's. */
#ifndef CDNFS_STREAM_H
#define CDNFS_STREAM_H

#include "cdnfs/fs.h"

#define STREAMS 8 /* at once; other files are sent when they are closed */

int streams_open(struct streams **out);
/* NULL-safe. Everything was stored, or will not be; waits for the threads. */
void streams_close(struct streams **s);

/* The file was written to: begins to send it when that is worth it. */
void stream_wrote(struct cdnfs *fs, struct inode *in, struct staged *s);
/* Of a job that is `streamed`: sends the rest, as up says. As api_upload; up->place: where. */
int stream_end(struct cdnfs *fs, struct inode *in, struct api_upload *up, struct wire_stored *out);

#endif
