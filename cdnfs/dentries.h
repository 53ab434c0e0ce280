/* dentries - what names mean, as far as this mount was told: files, and that there is none; and whether all names of a
 * directory are known. And until when the kernel may believe each name, which is told of none that is not here. Bounded:
 * what was not asked for longest goes, but for what the kernel may believe. No network, no FUSE.
 *
 * Lock order: dentries.lock → inodes.lock. */
#ifndef CDNFS_DENTRIES_H
#define CDNFS_DENTRIES_H

#include "cdnfs/inode_table.h"

struct dentries;

/* The gate is that of `inodes`. limit 0: LIMIT_DENTRIES. */
int dentries_open(struct inodes *inodes, size_t limit, struct dentries **out);
void dentries_close(struct dentries **d);

enum dentry { DENTRY_UNKNOWN, DENTRY_ABSENT, DENTRY_THERE };
/* *id is set when it is THERE. */
enum dentry dentries_find(struct dentries *d, uint64_t dir, const char *name, uint64_t *id);

/* An answer to what was asked at `tick`: id 0: there is none. False when it may not be remembered. */
bool dentries_learn(struct dentries *d, uint64_t dir, const char *name, uint64_t id, uint64_t tick);
/* An own change that began at `tick` has ended: id, 0 (there is none), or DENTRY_LOST (nobody knows). */
#define DENTRY_LOST UINT64_MAX
void dentries_set(struct dentries *d, uint64_t dir, const char *name, uint64_t id, uint64_t tick);
/* All names of a directory were learnt, the first asked for at `tick`: what is not here is not there. */
void dentries_complete(struct dentries *d, uint64_t dir, uint64_t tick);
/* The kernel is about to be told that the name means id (0: nothing), and may believe it until `until` (clock_ms). False:
 * it must not. */
bool dentries_tell(struct dentries *d, uint64_t dir, const char *name, uint64_t id, int64_t until);
/* The kernel gave a file another name: it believes the new one as long as the old; exchange: and the old one as long as the
 * new. Behind dentries_set of both. False: the new one is not here, and the kernel has to be told to forget it. */
bool dentries_move(struct dentries *d, uint64_t dir, const char *name, uint64_t todir,
	const char *toname, bool exchange);

/* Another client changed the name. Until when the kernel may believe what it was told, 0: it believes nothing. The directory
 * counts as shared for a while: the kernel is told none of its names, so it need not be told when they change. */
int64_t dentries_changed(struct dentries *d, uint64_t dir, const char *name);
/* Forgets what all names mean. fn gets each that the kernel may believe: until when, and what it meant (0: nothing, DENTRY_LOST: not
 * known). The table is locked then. */
typedef void dentries_forgot(
	void *arg, uint64_t dir, const char *name, uint64_t meant, int64_t until);
void dentries_clear(struct dentries *d, dentries_forgot *fn, void *arg);

/* Now, and how often find did and did not know. */
struct dentries_counts {
	uint64_t names, hits, misses;
};
void dentries_counts(struct dentries *d, struct dentries_counts *out);

#endif
