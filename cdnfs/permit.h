/* permit - may this user mount, and on this folder: what the kernel and fusermount3 would refuse, in a sentence with its cure. */
#ifndef CDNFS_PERMIT_H
#define CDNFS_PERMIT_H

#include "cdnfs/options.h"

/* 0, or -errno with a sentence. */
int permit_check(const struct options *o, const char *path, char *error, size_t cap);

#endif
