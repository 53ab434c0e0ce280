/* ctl_feed - `cdnctl watch`: what changes in the tree, as dist tells it to mounts. */
#ifndef CDNFS_CTL_FEED_H
#define CDNFS_CTL_FEED_H

#include "cdnfs/ctl_call.h"

/* Prints a line (with --json an object) for each change until SIGINT, SIGTERM or the end of its reader; then 0. -errno, with a sentence in c, when dist
 * is away for half a minute. */
int ctl_feed(struct ctl *c, char **argv);

#endif
