/* xattr - names of extended attributes: which there are, and which need no look at the attributes themselves because the inode
 * tells of them. Pure. */
#ifndef COMMON_XATTR_H
#define COMMON_XATTR_H

#include <stddef.h>
#include <stdint.h>

/* What an inode has: kept in its row, told with its attributes, 0 for nearly all. */
enum {
	XATTR_SOME = 1, /* others than the ones below */
	XATTR_ACL_ACCESS = 2,
	XATTR_ACL_DEFAULT = 4,
	XATTR_CAPABILITY = 8,
	XATTR_BITS = 15
};

#define XATTR_NAME_ACCESS "system.posix_acl_access"
#define XATTR_NAME_DEFAULT "system.posix_acl_default"

uint32_t xattr_bit(const char *name, size_t len);

/* May an inode of that mode have an attribute of that name? 0; -ERANGE: the name is empty or longer than LIMIT_XATTR_NAME;
 * -EOPNOTSUPP: a namespace that there is not (also: an ACL of a symbolic link); -EINVAL: nothing behind the namespace; -EPERM:
 * user attributes are of regular files and directories; -EACCES: a default ACL is of a directory. */
int xattr_check(const char *name, size_t len, uint32_t mode);

#endif
