/* locks - the advisory locks that this mount's processes hold at dist, and who waits for one. The kernel does not tell
 * when a process that holds locks closes its files: what was taken, and through which handle, is kept here.
 *
 * One thread of its own asks again for those who wait, and tells dist that the mount lives while it holds locks. */
#ifndef CDNFS_LOCKS_H
#define CDNFS_LOCKS_H

#include "cdnfs/api_lock.h"

struct locks;

/* 0 or -errno. `a` is borrowed. */
int locks_open(struct api *a, struct locks **out);
/* Gives everything back; who still waits is told -EINTR. NULL-safe. */
void locks_close(struct locks **l);

/* Takes, changes or gives back at once. 0; -EAGAIN: it is another's; or why dist could not be asked. handle: the open file
 * by which it is done. */
int locks_set(
	struct locks *l, const struct wait *w, const struct lock_want *want, const void *handle);

/* One who waits for a lock that was refused: made by locks_wait, asks from locks_start on. done(ctx, rc) is then called
 * once, from the thread: rc is 0 when it has the lock, -EINTR after locks_interrupt, -EDEADLK when it waits for
 * one of this mount's who waits for it (fcntl only), or what dist answered. Between the
 * two calls it can be made known to whoever interrupts; nothing happens to it then. The token is a number that no other
 * has. 0, or -ENOMEM. */
typedef void (*locks_done)(void *ctx, int rc);
int locks_wait(struct locks *l, const struct lock_want *want, const void *handle, locks_done done,
	void *ctx, uint64_t *token);
void locks_start(struct locks *l, uint64_t token);
/* May be called for one that is not there, or no more. Waits for nothing but a mutex. */
void locks_interrupt(struct locks *l, uint64_t token);

/* A process closed the file: what its owner has of it by fcntl(2) is given back. */
void locks_flush(struct locks *l, uint64_t id, uint64_t owner);
/* The last reference of an open file went: so do the locks that came by it. */
void locks_release(struct locks *l, const void *handle);
/* Does this mount hold locks of the file? */
bool locks_any(struct locks *l, uint64_t id);

#endif
