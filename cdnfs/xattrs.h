/* xattrs - an inode's extended attributes as dist listed them at one moment: names, and the values that were told. Pure. */
#ifndef CDNFS_XATTRS_H
#define CDNFS_XATTRS_H

#include "common/buf.h"
#include <stdbool.h>
#include <stdint.h>

struct xattrs_one {
	size_t name, name_len, value, value_len; /* in text */
	bool told;				 /* the value */
};
struct xattrs {
	int64_t ctime; /* of the inode then */
	struct xattrs_one *list;
	size_t n;
	struct buf text;
};

void xattrs_free(struct xattrs **x); /* NULL-safe */
/* Adds the value to `out`. -ENODATA: no such name; -EOVERFLOW: the value was not told. */
int xattrs_value(const struct xattrs *x, const char *name, struct buf *out);
/* Adds the names, each with its NUL. */
void xattrs_names(const struct xattrs *x, struct buf *out);

#endif
