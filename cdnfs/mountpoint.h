/* mountpoint - the directory to mount on: is it one, is a dead mount in the way, and the kernel's read-ahead once it is
 * mounted. */
#ifndef CDNFS_MOUNTPOINT_H
#define CDNFS_MOUNTPOINT_H

#include <semaphore.h>
#include <stddef.h>

/* Absolute path of a directory that can be mounted on, heap. A dead mount of ours there is taken away, with a log line; a
 * living one is -EBUSY. 0, or -errno with a sentence. */
int mountpoint_prepare(const char *path, char **absolute, char *error, size_t cap);

struct readahead;

/* A thread that, when `ready` is posted, sets the mount's read-ahead where that is permitted. path must live until close. */
int readahead_open(const char *path, sem_t *ready, struct readahead **out);
void readahead_close(struct readahead **r); /* after the unmount */

#endif
