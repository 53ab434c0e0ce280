/* acl - POSIX ACLs as the kernel keeps them in the attributes system.posix_acl_*: read, checked, written, and what they and
 * the permission bits do to one another. The rules are the kernel's (fs/posix_acl.c). Pure. */
#ifndef COMMON_ACL_H
#define COMMON_ACL_H

#include "common/limits.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ACL_BYTES (4 + 8 * LIMIT_ACL_ENTRIES)

struct acl_entry {
	uint16_t tag, perm;
	uint32_t id; /* of named users and groups */
};
struct acl {
	size_t n;
	struct acl_entry list[LIMIT_ACL_ENTRIES];
};

/* 0; -EINVAL: not an ACL, or one that lacks entries or has them in the wrong order; -E2BIG: more than LIMIT_ACL_ENTRIES. */
int acl_parse(const void *bytes, size_t len, struct acl *out);
/* The length. */
size_t acl_write(const struct acl *acl, unsigned char out[ACL_BYTES]);

/* Sets the 0777 bits of *mode to what the ACL says (the group's are the mask's, where there is one). True when they say all
 * of it. */
bool acl_mode(const struct acl *acl, uint32_t *mode);
/* chmod: the entries that the 0777 bits of mode stand for. */
void acl_chmod(struct acl *acl, uint32_t mode);
/* A directory's default ACL becomes the access ACL of something new in it, whose maker asked for *mode; *mode's 0777 bits become
 * what is granted. True when they say all of it: the ACL need not be kept. */
bool acl_inherit(struct acl *acl, uint32_t *mode);

#endif
