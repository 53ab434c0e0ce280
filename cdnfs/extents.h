/* extents - where a version has data, as far as its node has told: one answer's stretch of it. No network. Has a lock of its own,
 * which is held across nothing. */
#ifndef CDNFS_EXTENTS_H
#define CDNFS_EXTENTS_H

#include "cdnfs/ranges.h"
#include <pthread.h>

/* Between `from` and `to` of a version, that is data, and the rest holes. */
struct stretch {
	uint64_t stamp, from, to;
	struct ranges data;
};

struct extents {
	pthread_mutex_t lock;
	struct stretch known; /* lock */
};

void extents_init(struct extents *e);
void extents_release(struct extents *e);
/* Takes it, in place of the one before. */
void extents_learn(struct extents *e, struct stretch *s);
/* Is there data at `at`, and to where at most *end is it so? False: that was not told. */
bool extents_look(struct extents *e, uint64_t stamp, uint64_t at, bool *data, uint64_t *end);

/* A node's answer about what lies behind `from`; stamp is the caller's to set. 0, -EPROTO, -ENOMEM; after 0 `out` is the caller's to
 * release: out->data. */
int extents_parse(const char *text, size_t len, uint64_t from, struct stretch *out);

#endif
