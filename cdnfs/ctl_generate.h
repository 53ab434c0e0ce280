/* ctl_generate - text files for the scenario: made, copied, compared. Prints nothing. */
#ifndef CDNFS_CTL_GENERATE_H
#define CDNFS_CTL_GENERATE_H

#include "cdnfs/ctl_call.h"

struct generated {
	char name[37]; /* a UUID, version 4 */
	char *path;
};

/* prefix + in + "/" + UUID with `size` bytes of lines; makes prefix + in and prefix + "tmp". */
int generated_make(
	struct ctl *c, const char *prefix, const char *in, uint64_t size, struct generated *g);
void generated_release(struct generated *g);
/* cp: open, truncate, write, close; the last one is where a mount reports what it could not store. */
int generated_copy(struct ctl *c, const char *from, const char *to);
/* 0 when path holds the same bytes as g, else -EIO. */
int generated_compare(struct ctl *c, const struct generated *g, const char *path);

#endif
