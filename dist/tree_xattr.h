/* tree_xattr - extended attributes: their rules, and what an access ACL makes of the permission bits. As tree.h: inside a
 * transaction, everything checked before anything changes, no access checks. */
#ifndef DIST_TREE_XATTR_H
#define DIST_TREE_XATTR_H

#include "common/buf.h"
#include "dist/meta.h"
#include "dist/record.h"

enum { XATTR_SET_CREATE = 1, XATTR_SET_REPLACE = 2 };
struct tree_xattr {
	const char *name;
	size_t len;
	const char *value;
	size_t value_len;
	unsigned flags;	  /* XATTR_SET_… */
	bool drop_setgid; /* with an access ACL: by someone who is not in the file's group */
	int64_t now;
};

/* -EEXIST, -ENODATA: the flags; -E2BIG: the value is longer than LIMIT_XATTR_VALUE, or an ACL than LIMIT_ACL_ENTRIES; -ENOSPC: with it the inode would have more than
 * LIMIT_XATTR_LIST of names or LIMIT_XATTR_TOTAL in all; -EINVAL: no ACL; and those of xattr_check(). An access ACL sets the
 * permission bits, and is not kept when they say all of it. */
int tree_setxattr(struct meta_tx *tx, uint64_t id, const struct tree_xattr *x, struct attr *out);
/* The value is added to `value`. -ENODATA: there is none. */
int tree_getxattr(struct meta_tx *tx, uint64_t id, const char *name, size_t len, struct buf *value);
int tree_removexattr(struct meta_tx *tx, uint64_t id, const char *name, size_t len, int64_t now,
	struct attr *out);

/* In the order of their names. */
typedef int (*tree_xattr_fn)(
	void *arg, const char *name, size_t len, const char *value, size_t value_len);
int tree_listxattr(struct meta_tx *tx, uint64_t id, tree_xattr_fn fn, void *arg, struct attr *out);

#endif
