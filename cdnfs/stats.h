/* stats - the mount's counters: to the log and to a file, on SIGUSR1. */
#ifndef CDNFS_STATS_H
#define CDNFS_STATS_H

#include "cdnfs/fs.h"

struct stats;

/* Starts the thread that waits for SIGUSR1, which every thread must have blocked. */
int stats_open(struct cdnfs *fs, struct stats **out);
void stats_close(struct stats **s);

/* "name value" lines. */
void stats_text(struct cdnfs *fs, struct buf *out);

#endif
