/* syncer - gets bytes and directory entries onto the disk: at once for several waiters together (group commit), or
 * within a second for uploads that did not ask for more. */
#ifndef NODE_SYNCER_H
#define NODE_SYNCER_H

#include "node/folder.h"

struct syncer;

/* Starts its thread. `f` must outlive it. 0 or -errno. */
int syncer_open(const struct folder *f, struct syncer **out);
/* Syncs what is left, stops. NULL-safe. */
void syncer_close(struct syncer **s);

/* Entries made in tmp before the call are on disk when it returns 0. Callers that come together share one fsync. */
int syncer_tmp(struct syncer *s);
/* Has a file's bytes (fd, duplicated; -1: none) and the directory of content `id` synced within a second. */
void syncer_later(struct syncer *s, int fd, uint64_t id);
/* All that syncer_later() was told before is on disk. 0 or -errno. */
int syncer_now(struct syncer *s);

#endif
