/* privs - what writing into a file takes away from it: a user's write the set-id bits, anybody's the capabilities. The kernel sees to
 * that itself where the bytes go through its pages. */
#ifndef CDNFS_PRIVS_H
#define CDNFS_PRIVS_H

#include "cdnfs/caller.h"
#include "cdnfs/fs.h"

/* What a write by `who` takes away: capabilities, at once; bits of the mode go with `c`, a change that is made anyway, or are
 * in it already. 0 or -errno. */
int privs_take(struct cdnfs *fs, const struct wait *w, struct inode *in, const struct caller *who,
	struct wire_change *c);
/* The same, with a change of its own when one is needed. */
int privs_drop(struct cdnfs *fs, const struct wait *w, struct inode *in, const struct caller *who);

#endif
