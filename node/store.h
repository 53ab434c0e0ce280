/* store - the blob store: files, index and account kept in step. Knows nothing of HTTP and dist.
 *
 * A blob's way, and what a crash leaves of it:
 *   state     on disk                    counted as  leaves by
 *   received  tmp/up.N                   reserved    store_pend → pending; dropped at start
 *   pending   tmp/pending.STAMP.ID       reserved    store_publish → live, store_drop → gone; settled after start
 *   live      XX/ID.PART.STAMP           live        store_retire → trash
 *   trash     trash/ID.PART.STAMP        trash       its time passes, or room is needed
 * What is pending is on disk before dist hears of it (durable uploads), so the rename that makes it live needs no sync
 * of its own: were it lost, the next start would find the pending blob, ask dist and rename it again. */
#ifndef NODE_STORE_H
#define NODE_STORE_H

#include "node/blob.h"
#include "node/claim.h"
#include "node/index.h"
#include "node/syncer.h"
#include "node/trash.h"
#include "node/usage.h"
#include <stdbool.h>

struct store {
	struct folder folder;
	struct usage usage;
	struct index index;
	struct claims claims;
	struct claims changing; /* contents to which a list of changes is being applied, by id */
	struct syncer *syncer;
	struct trash *trash;
	struct pending *leftovers; /* found at start, for resolve; n_leftovers of them */
	size_t n_leftovers;
};

/* A blob that waits for dist's word. */
struct pending {
	uint64_t stamp;
	uint64_t id;   /* what it replaces, 0: a new content */
	uint64_t size; /* bytes that it takes, without holes, all of them reserved */
};

struct store_conf {
	const char *path;
	uint64_t max; /* bytes; 0: nine tenths of the disk's free room and of what is stored */
	uint64_t trash_ttl; /* seconds */
};

/* Scans the folder. 0, or -errno with a sentence in error. */
int store_open(const struct store_conf *conf, struct store **out, char *error, size_t cap);
void store_close(struct store **s); /* NULL-safe */

/* Promises bytes, at the trash's expense if need be. 0 or -ENOSPC. */
int store_reserve(struct store *s, uint64_t bytes);
/* blob_append() that empties the trash when the disk is full. */
int store_append(struct store *s, struct blob_write *w, const void *data, size_t len);

/* The disk is full: the trash gives up `bytes`, if it can. True when it gave any. */
bool store_make_room(struct store *s, uint64_t bytes);

/* Gives a sealed blob its pending name; durable: it is on disk when this returns. w keeps its descriptor. The caller
 * holds the claim of the stamp. 0 or -errno, then it is as before. */
int store_pend(struct store *s, struct blob_write *w, const struct pending *p, bool durable);
/* Makes a pending blob the current version of content `id` and sends every version it replaced to the trash; or drops it when it
 * is held already. fd: of its bytes, to be synced soon; -1: they are on disk. 0 or -errno, then it stays pending. */
int store_publish(struct store *s, const struct pending *p, uint64_t id, int fd);
void store_drop(struct store *s, const struct pending *p);

/* Sends one version to the trash. 0; -ENOENT when it is not held. */
int store_retire(struct store *s, const struct blob_name *name);
/* The same for a version that dist has replaced: also when it is only on its way to be published. */
int store_supersede(struct store *s, const struct blob_name *name);
/* Every version of a content but `except` (0: none). 0 or the first error. */
int store_retire_all(struct store *s, uint64_t id, uint64_t except);

/* Opens a version for reading; stamp 0: the current one. -ENOENT: not held; -EAGAIN: dist has to say which
 * is current; -EIO: damaged. The caller closes out->fd. */
int store_read(struct store *s, uint64_t id, uint64_t stamp, struct blob_read *out);
/* The same for a blob that is still pending. */
int store_read_pending(struct store *s, uint64_t id, uint64_t stamp, struct blob_read *out);

#endif
