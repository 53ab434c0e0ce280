/* names - what operations that make, move or remove names have in common. */
#ifndef CDNFS_NAMES_H
#define CDNFS_NAMES_H

#include "cdnfs/fs.h"
#include <fuse3/fuse_lowlevel.h>

/* A new name's dir, name, mode, umask, uid and gid: the caller's, but in a directory with the set-group-id bit its group; a directory
 * takes the bit over. */
struct api_new names_new(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);

/* A change of a name begins: the tick for names_end. */
uint64_t names_begin(struct cdnfs *fs, uint64_t dir);
/* It ended with rc: the name means id now, 0: nothing. dir_attr: the directory's attributes behind it, id 0: were not told.
 * What is not known for sure is forgotten. */
void names_end(struct cdnfs *fs, uint64_t dir, const char *name, uint64_t id, int rc,
	const struct attr *dir_attr, uint64_t tick);

/* The same of a rename. */
struct names_move {
	uint64_t dir, todir;
	const char *name, *toname;
	bool exchange;
	uint64_t meant[2]; /* what they mean, as far as it is known; 0: nothing. For api_rename */
	struct attr told[API_MOVE_TOLD]; /* by it; zeroed */
	/* names' own */
	uint64_t tick, id, toid; /* what they mean; DENTRY_LOST: not known */
};
void names_move_begin(struct cdnfs *fs, struct names_move *m);
void names_move_end(struct cdnfs *fs, struct names_move *m, int rc);

/* What dist listed of a directory, asked for at tick. False when some of it cannot be remembered. */
bool names_listed(struct cdnfs *fs, uint64_t dir, const struct wire_page *page, uint64_t tick);

/* Names in `dir` changed by a request that began at `tick`, whose answer told the directory's new attributes (id 0: did
 * not): the kernel asks for them next. */
void names_changed(struct cdnfs *fs, uint64_t dir, const struct attr *attr, uint64_t tick);

#endif
