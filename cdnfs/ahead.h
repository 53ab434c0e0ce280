/* ahead - parts of directories that were asked for ahead of the lookups of a program that walks them, and when to ask. A
 * lookup costs a request; a page of a directory costs one for all names in it, which dist tells in the order of their bytes.
 * What a page says of a name holds while its gates are clean (gate.h). No network. */
#ifndef CDNFS_AHEAD_H
#define CDNFS_AHEAD_H

#include "cdnfs/dentries.h"
#include "cdnfs/inode_table.h"

#define AHEAD_PAGES 8	/* kept, of as many directories */
#define AHEAD_MISSES 3	/* names of one directory, before it is asked for */
#define AHEAD_FIRST 256 /* entries of the first page */
#define AHEAD_MOST 2048 /* of any */
#define AHEAD_KEPT                                                                                 \
	4096 /* entries of a listing that is kept when its directory is closed, at most */
#define AHEAD_FILES                                                                                \
	16 /* whose contents are fetched ahead of a program that reads one file after the other */
#define AHEAD_SIZE 131072 /* bytes of a file that is */
#define AHEAD_PAUSE 1024  /* misses before it is tried again, at most, where it was of no use */

struct ahead;

int ahead_open(struct inodes *inodes, struct ahead **out);
void ahead_close(struct ahead **a); /* NULL-safe */

/* What a page says of the name. THERE: *attr, *target (the caller's to free, NULL: none) and the tick at which they were
 * asked for. -ENOMEM is told as UNKNOWN. */
enum dentry ahead_find(struct ahead *a, uint64_t dir, const char *name, struct attr *attr,
	char **target, uint64_t *tick);

/* The name of a directory is known to nobody here. How many entries to ask dist for, 0: none, and behind which name: `from`, of
 * LIMIT_NAME + 1 bytes. At first from the directory's beginning, which often is all of it; later a little before `name`. */
unsigned ahead_missed(struct ahead *a, uint64_t dir, const char *name, char *from);
/* The first bytes of a file were read. When it comes next in a page of its directory, as those before it did: the files behind
 * it whose contents will be read next, if they were not told before. Their number; up to AHEAD_FILES into next. */
size_t ahead_read(struct ahead *a, uint64_t id, struct attr *next);

/* What dist told, asked for at tick. Takes the page. */
void ahead_put(
	struct ahead *a, uint64_t dir, const char *from, uint64_t tick, struct wire_page *page);

#endif
