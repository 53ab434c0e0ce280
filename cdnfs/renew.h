/* renew - tells the kernel that its pages and its size of a file are those of an older version. From a thread of its own: that may
 * wait for pages which are being read, by operations that need the other threads. */
#ifndef CDNFS_RENEW_H
#define CDNFS_RENEW_H

#include "cdnfs/fs.h"

/* Starts the thread. 0 or -errno. */
int renew_open(struct cdnfs *fs, struct renew **out);
void renew_close(struct renew **r); /* NULL-safe; after the session is unmounted */
/* Soon; without memory when the file is opened next. */
void renew_add(struct renew *r, uint64_t id);

/* The kernel tells what was written to memory from `off` on, then done(ctx) is called, on the thread. 0 or -ENOMEM. */
int renew_then(struct renew *r, uint64_t id, uint64_t off, void (*done)(void *ctx), void *ctx);

#endif
