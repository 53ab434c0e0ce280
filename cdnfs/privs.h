/* privs - what a change of a file takes away from it: a user's write the set-id bits, anybody's the capabilities, a change of owner
 * both. With HANDLE_KILLPRIV_V2 the kernel leaves all of that to the mount, and need not ask for capabilities at each write. */
#ifndef CDNFS_PRIVS_H
#define CDNFS_PRIVS_H

#include "cdnfs/caller.h"
#include "cdnfs/fs.h"

/* What a write by `who` takes away: capabilities, at once; bits of the mode go with `c`, a change that is made anyway, or are
 * in it already. 0 or -errno. */
int privs_take(struct cdnfs *fs, const struct wait *w, struct inode *in, const struct caller *who,
	struct wire_change *c);
/* What a change of owner takes away. */
int privs_take_owner(struct cdnfs *fs, const struct wait *w, struct inode *in,
	const struct caller *who, struct wire_change *c);
/* What a write takes away, with a change of its own when one is needed. */
int privs_drop(struct cdnfs *fs, const struct wait *w, struct inode *in, const struct caller *who);

#endif
