/* edit - what was changed in a file since its bytes were last stored: in this order, cut to `low` bytes, bytes written, made at
 * least as long as it is now, bytes appended. Where they are read from is the owner's business. Not thread-safe. */
#ifndef CDNFS_EDIT_H
#define CDNFS_EDIT_H

#include "cdnfs/ranges.h"

#define EDIT_NONE UINT64_MAX

struct edit {
	struct ranges dirty; /* written, appended bytes excepted */
	uint64_t low;	     /* the shortest that it was made; EDIT_NONE: it was not cut */
	bool resized;	     /* its length is more than the end of what was written */
	uint64_t append;     /* appended bytes go from here to the end; EDIT_NONE: there are none */
};

#define EDIT_INIT                                                                                  \
	{                                                                                          \
		.low = EDIT_NONE, .append = EDIT_NONE                                              \
	}

void edit_release(struct edit *e); /* then it is EDIT_INIT */
bool edit_empty(const struct edit *e);
/* size: the file's before the change. Each: 0 or -ENOMEM. A write among appended bytes changes what is appended; one that
 * reaches out of them, or a cut, makes them written bytes. */
int edit_write(struct edit *e, uint64_t size, uint64_t from, uint64_t to);
void edit_append(struct edit *e, uint64_t size);
int edit_truncate(struct edit *e, uint64_t size, uint64_t to);
/* Takes what `older` had changed before; that is EDIT_INIT then. */
int edit_join(struct edit *e, struct edit *older);

#endif
