/* teller - tells the kernel which names mean something else now, on a thread of its own. The kernel takes the lock of the
 * name's directory for that, which every operation on names in it holds until it is answered: so nobody who has to answer
 * one may wait for it, and names of a directory in which this mount itself is changing something come last. */
#ifndef CDNFS_TELLER_H
#define CDNFS_TELLER_H

#include "cdnfs/coherence.h"

struct fuse_session;
struct teller;

int teller_open(struct fuse_session *session, struct coherence *c, struct teller **out);
/* What was not told is not told. False when that takes longer than ms: the kernel's directory is locked by somebody who waits
 * for us; only the end of the connection to the kernel ends it. NULL-safe. */
bool teller_stop(struct teller *t, int64_t ms);
void teller_close(struct teller **t); /* NULL-safe; waits for its end */

/* Any thread; does not wait. t NULL, or out of memory: it is not told, the kernel stops believing by itself. */
void teller_add(struct teller *t, uint64_t dir, const char *name);
/* Waits until all that was added is told, or the clock is `until` (ms). */
void teller_wait(struct teller *t, int64_t until);

#endif
