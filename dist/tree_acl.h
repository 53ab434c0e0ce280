/* tree_acl - what directories hand on to what is made in them, and what chmod does to an ACL. */
#ifndef DIST_TREE_ACL_H
#define DIST_TREE_ACL_H

#include "common/acl.h"
#include "dist/meta.h"
#include "dist/tree_row.h"

/* ACLs of something new. */
struct tree_heritage {
	size_t access_len, default_len; /* 0: none */
	unsigned char access[ACL_BYTES], def[ACL_BYTES];
};

/* As the kernel does: a directory with the set-group-id bit hands its group on, and the bit to directories; one with a default
 * ACL hands that on, and it takes umask's place. `dir` is locked. Changes gid, mode and xattrs of *a. */
int tree_inherit(struct meta_tx *tx, const struct tree_node *dir, uint32_t umask, struct attr *a,
	struct tree_heritage *h);
/* Stores the ACLs once the inode has an id. */
int tree_inherit_put(struct meta_tx *tx, uint64_t id, const struct tree_heritage *h);

/* The permission bits of a->mode changed: so does the ACL that has them too. The inode is locked. */
int tree_acl_chmod(struct meta_tx *tx, const struct attr *a);

/* An attribute's value into `out`. -ENODATA: there is none. */
int tree_xattr_value(
	struct meta_tx *tx, uint64_t id, const char *name, size_t len, struct buf *out);
int tree_xattr_put(struct meta_tx *tx, uint64_t id, const char *name, size_t len, const void *value,
	size_t value_len);

#endif
