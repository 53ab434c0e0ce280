/* trash - blobs that were superseded or deleted: kept for a time so that readers keep their version and mistakes can be
 * undone, dropped earlier when their room is needed, the oldest first. */
#ifndef NODE_TRASH_H
#define NODE_TRASH_H

#include "node/folder.h"
#include "node/usage.h"

struct trash;

/* Takes in what lies in the folder's trash (and counts it), and starts the thread that empties it. ttl in seconds. */
int trash_open(const struct folder *f, struct usage *u, uint64_t ttl, struct trash **out);
void trash_close(struct trash **t); /* NULL-safe */

/* Moves a live blob of `size` bytes into the trash, and its bytes from live to trash. 0 or -errno. */
int trash_put(struct trash *t, const struct blob_name *name, uint64_t size);
/* Drops the oldest until `bytes` were freed or nothing is left. Returns how many bytes were freed. */
uint64_t trash_free(struct trash *t, uint64_t bytes);
/* Drops what was put in at or before `then_ns` (clock_real_ns). What the thread does; for tests. */
void trash_expire(struct trash *t, int64_t then_ns);

#endif
