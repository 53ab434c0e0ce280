/* api_lock - dist's calls for advisory locks. Returns and waiting as api.h. */
#ifndef CDNFS_API_LOCK_H
#define CDNFS_API_LOCK_H

#include "cdnfs/api.h"

enum want_type { WANT_NONE, WANT_READ, WANT_WRITE };

/* Bytes first..last, both included, of one file for one owner of this mount. */
struct lock_want {
	uint64_t id, owner;
	bool flock; /* of flock(2): the whole file; else of fcntl(2) */
	enum want_type type;
	uint64_t first, last; /* <= LIMIT_NUMBER */
	uint32_t pid;
};

/* -EAGAIN: another lock is in the way. -ENOLCK: too many on this file. */
int api_lock(struct api *a, const struct wait *w, const struct lock_want *want);
/* The lock that would be in the way is left in *want; type WANT_NONE: none. pid and owner are 0 when it is another mount's. */
int api_lock_test(struct api *a, const struct wait *w, struct lock_want *want);
/* This mount lives, and keeps its locks. -ESTALE: they were given to others. */
int api_lock_renew(struct api *a, const struct wait *w);
/* All of this mount's locks are given back. */
int api_lock_drop(struct api *a, const struct wait *w);

#endif
