/* coherence - how long what this mount knows may be relied upon. While the lease of its session lasts dist tells of every
 * change of others before it answers it, so what was learnt is true until then, in this program and in the kernel; without a
 * lease it is as old as attr_timeout allows. No network, no FUSE. */
#ifndef CDNFS_COHERENCE_H
#define CDNFS_COHERENCE_H

#include "cdnfs/ahead.h"
#include <stdatomic.h>

#define COHERENCE_FOLDERS 256 /* counted apart, by hash */

struct coherence {
	struct inodes *inodes;
	struct dentries *dentries;
	struct ahead *ahead;
	_Atomic int64_t until; /* clock_ms of the lease's end; 0: none */
	_Atomic unsigned
		busy[COHERENCE_FOLDERS]; /* changes of names under way through this mount */
	_Atomic uint64_t polls, changes, resets;
};

int coherence_open(struct inodes *inodes, struct coherence *c);
void coherence_close(struct coherence *c); /* also when it was not opened */

/* ms that the lease will last; 0: events are down. */
int64_t coherence_left(const struct coherence *c);
void coherence_lease(struct coherence *c, int64_t until); /* 0: it is over */

/* What a name means, if that may be relied upon. */
enum dentry coherence_find(struct coherence *c, uint64_t dir, const char *name, uint64_t *id);

/* A change of names in a directory through this mount: the kernel holds the directory's lock from before begin to after end.
 * A directory that is busy may be another of the same hash. */
void coherence_begin(struct coherence *c, uint64_t dir);
void coherence_end(struct coherence *c, uint64_t dir);
bool coherence_busy(const struct coherence *c, uint64_t dir);

#endif
