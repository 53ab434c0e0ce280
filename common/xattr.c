#include "common/xattr.h"

#include "common/base.h"
#include "common/limits.h"
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

static bool is(const char *name, size_t len, const char *text)
{
	return len == strlen(text) && memcmp(name, text, len) == 0;
}

uint32_t xattr_bit(const char *name, size_t len)
{
	if (is(name, len, XATTR_NAME_ACCESS))
		return XATTR_ACL_ACCESS;
	if (is(name, len, XATTR_NAME_DEFAULT))
		return XATTR_ACL_DEFAULT;
	return is(name, len, "security.capability") ? XATTR_CAPABILITY : XATTR_SOME;
}

static int check_acl(uint32_t bit, uint32_t mode)
{
	if (S_ISLNK(mode))
		return -EOPNOTSUPP;
	return bit == XATTR_ACL_DEFAULT && !S_ISDIR(mode) ? -EACCES : 0;
}

int xattr_check(const char *name, size_t len, uint32_t mode)
{
	static const char *const spaces[] = { "user.", "trusted.", "security." };
	uint32_t bit = xattr_bit(name, len);

	if (!len || len > LIMIT_XATTR_NAME)
		return -ERANGE;
	if (bit == XATTR_ACL_ACCESS || bit == XATTR_ACL_DEFAULT)
		return check_acl(bit, mode);
	for (size_t i = 0; i < ARRAY_LEN(spaces); i++) {
		size_t n = strlen(spaces[i]);

		if (len < n || memcmp(name, spaces[i], n) != 0)
			continue;
		if (len == n)
			return -EINVAL;
		return i == 0 && !S_ISREG(mode) && !S_ISDIR(mode) ? -EPERM : 0;
	}
	return -EOPNOTSUPP;
}
