/* api_xattr - extended attributes at dist. As api.h. */
#ifndef CDNFS_API_XATTR_H
#define CDNFS_API_XATTR_H

#include "cdnfs/api.h"
#include "cdnfs/xattrs.h"

struct api_xattr {
	const char *name;
	const void *value;
	size_t len;
	int flags;	  /* 0, XATTR_CREATE, XATTR_REPLACE */
	bool drop_setgid; /* an access ACL's setter is not in the file's group */
};
/* `out`: the inode after the change, the caller's to release. */
int api_setxattr(struct api *a, const struct wait *w, uint64_t id, const struct api_xattr *x,
	struct wire_file *out);
int api_removexattr(
	struct api *a, const struct wait *w, uint64_t id, const char *name, struct wire_file *out);
/* The value is added to `value`. */
int api_getxattr(
	struct api *a, const struct wait *w, uint64_t id, const char *name, struct buf *value);
/* All of them, with the inode of the same moment. Both are the caller's to free. */
int api_listxattr(struct api *a, const struct wait *w, uint64_t id, struct wire_file *out,
	struct xattrs **set);

#endif
