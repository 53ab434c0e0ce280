/* locks - advisory locks of files across mounts, as flock(2) and fcntl(2) want them. Inside a transaction, as tree.h. They are
 * in the database, so that they outlive this program and hold between several of it.
 *
 * A lock is a session's as long as the session says every now and then that it lives (any call here with its name does).
 * One that has not for LOCK_LEASE_NS loses its locks when somebody else wants them. */
#ifndef DIST_LOCKS_H
#define DIST_LOCKS_H

#include "common/limits.h"
#include "dist/meta.h"

#define LOCK_LEASE_NS (15 * INT64_C(1000000000))

enum lock_type { LOCK_NONE, LOCK_READ, LOCK_WRITE };

/* Bytes first..last of inode `id`, for one owner of a session. Of flock: 0..LIMIT_NUMBER. */
struct lock_ask {
	uint64_t id;
	const char *session; /* 1..LIMIT_SESSION bytes */
	uint64_t owner;
	uint32_t pid; /* for people and F_GETLK */
	bool flock;   /* flock(2)'s locks and fcntl(2)'s do not meet */
	enum lock_type type;
	uint64_t first, last; /* <= LIMIT_NUMBER */
	int64_t now;	      /* clock_real_ns() */
	bool grace; /* the database was not served for a while: nobody is taken for dead */
};

/* The lock that is in the way; type LOCK_NONE: none. */
struct lock_held {
	enum lock_type type;
	uint64_t first, last;
	uint32_t pid;
	bool same_session; /* pid is of the asking machine, and owner one of the session's */
	uint64_t owner;
};

/* Sets the range to `type` for this owner, whatever of it the owner had before (LOCK_NONE: gives it back). 0; -EBUSY:
 * somebody has a lock that excludes it; -ENOLCK: LIMIT_LOCKS on this file; -EINVAL: no session, or last < first. */
int locks_set(struct meta_tx *tx, const struct lock_ask *a);
/* What would keep locks_set from succeeding. */
int locks_test(struct meta_tx *tx, const struct lock_ask *a, struct lock_held *out);
/* The session lives. 0, or -ESTALE: its locks were given to others. */
int locks_renew(struct meta_tx *tx, const char *session, int64_t now);
/* Gives all of a session's locks back. */
int locks_drop(struct meta_tx *tx, const char *session);

#endif
