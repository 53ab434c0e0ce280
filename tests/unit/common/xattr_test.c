#include "common/base.h"
#include "common/limits.h"
#include "common/xattr.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/stat.h>

static int check(const char *name, uint32_t mode)
{
	return xattr_check(name, strlen(name), mode);
}

static void test_names(void **state)
{
	static const struct {
		const char *name;
		int file, dir, link, fifo;
	} rows[] = {
		{ "user.a", 0, 0, -EPERM, -EPERM },
		{ "user.", -EINVAL, -EINVAL, -EINVAL, -EINVAL },
		{ "trusted.a", 0, 0, 0, 0 },
		{ "trusted.", -EINVAL, -EINVAL, -EINVAL, -EINVAL },
		{ "security.selinux", 0, 0, 0, 0 },
		{ "security.", -EINVAL, -EINVAL, -EINVAL, -EINVAL },
		{ "system.posix_acl_access", 0, 0, -EOPNOTSUPP, 0 },
		{ "system.posix_acl_default", -EACCES, 0, -EOPNOTSUPP, -EACCES },
		{ "system.posix_acl_other", -EOPNOTSUPP, -EOPNOTSUPP, -EOPNOTSUPP, -EOPNOTSUPP },
		{ "system.nfs4_acl", -EOPNOTSUPP, -EOPNOTSUPP, -EOPNOTSUPP, -EOPNOTSUPP },
		{ "user", -EOPNOTSUPP, -EOPNOTSUPP, -EOPNOTSUPP, -EOPNOTSUPP },
		{ "User.a", -EOPNOTSUPP, -EOPNOTSUPP, -EOPNOTSUPP, -EOPNOTSUPP },
		{ "", -ERANGE, -ERANGE, -ERANGE, -ERANGE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(check(rows[i].name, S_IFREG | 0644), rows[i].file);
		assert_int_equal(check(rows[i].name, S_IFDIR | 0755), rows[i].dir);
		assert_int_equal(check(rows[i].name, S_IFLNK | 0777), rows[i].link);
		assert_int_equal(check(rows[i].name, S_IFIFO | 0644), rows[i].fifo);
	}
}

static void test_length(void **state)
{
	char name[LIMIT_XATTR_NAME + 2];

	(void)state;
	memset(name, 'a', sizeof(name));
	memcpy(name, "user.", 5);
	assert_int_equal(xattr_check(name, LIMIT_XATTR_NAME, S_IFREG), 0);
	assert_int_equal(xattr_check(name, LIMIT_XATTR_NAME + 1, S_IFREG), -ERANGE);
}

static void test_bits(void **state)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} rows[] = { { "user.a", XATTR_SOME }, { "security.capability", XATTR_CAPABILITY },
		{ "security.capabilit", XATTR_SOME }, { XATTR_NAME_ACCESS, XATTR_ACL_ACCESS },
		{ XATTR_NAME_DEFAULT, XATTR_ACL_DEFAULT } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(xattr_bit(rows[i].name, strlen(rows[i].name)), rows[i].bit);
		assert_true(rows[i].bit & XATTR_BITS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
