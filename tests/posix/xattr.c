/* getxattr, setxattr, listxattr, removexattr. */
#include "tests/posix/posix.h"

#include <sys/xattr.h>

static int set(const char *path, const char *attr, const char *value, int flags)
{
	return lsetxattr(path, attr, value, strlen(value), flags);
}

static int set_user(const char *path)
{
	return setxattr(path, "user.a", "v", 1, 0);
}

static int get_user(const char *path)
{
	char value[16];

	return getxattr(path, "user.a", value, sizeof(value)) < 0 ? -1 : 0;
}

static void is(const char *path, const char *attr, const char *value)
{
	char got[256];
	ssize_t n = OK(lgetxattr(path, attr, got, sizeof(got)));

	SAME(strlen(value), n);
	SAME(0, memcmp(got, value, (size_t)n));
}

CASE(path_errors)
{
	PATH_ERRORS(set_user);
}

CASE(path_errors_of_getxattr)
{
	PATH_ERRORS(get_user);
}

CASE(set_get_list_remove)
{
	char list[64], value[8];
	ssize_t n;

	FILE_("a");
	SAME(0, listxattr("a", list, sizeof(list)));
	FAILS(ENODATA, getxattr("a", "user.one", value, sizeof(value)));
	FAILS(ENODATA, removexattr("a", "user.one"));
	OK(set("a", "user.one", "1", 0));
	OK(set("a", "user.two", "22", 0));
	is("a", "user.one", "1");
	is("a", "user.two", "22");
	n = OK(listxattr("a", list, sizeof(list)));
	SAME(18, n);
	TRUE(!memcmp(list, "user.one\0user.two\0", 18) ||
		!memcmp(list, "user.two\0user.one\0", 18));
	OK(set("a", "user.one", "another", 0));
	is("a", "user.one", "another");
	OK(removexattr("a", "user.one"));
	FAILS(ENODATA, getxattr("a", "user.one", value, sizeof(value)));
	SAME(9, listxattr("a", list, sizeof(list)));
}

CASE(create_and_replace)
{
	FILE_("a");
	FAILS(ENODATA, set("a", "user.a", "1", XATTR_REPLACE));
	OK(set("a", "user.a", "1", XATTR_CREATE));
	FAILS(EEXIST, set("a", "user.a", "2", XATTR_CREATE));
	is("a", "user.a", "1");
	OK(set("a", "user.a", "2", XATTR_REPLACE));
	is("a", "user.a", "2");
	FAILS(EINVAL, set("a", "user.a", "3", 8));
}

CASE(sizes)
{
	char value[8] = "";
	char list[64];

	FILE_("a");
	OK(set("a", "user.a", "12345", 0));
	SAME(5, getxattr("a", "user.a", NULL, 0));
	FAILS(ERANGE, getxattr("a", "user.a", value, 4));
	SAME(5, getxattr("a", "user.a", value, 5));
	SAME(7, listxattr("a", NULL, 0));
	FAILS(ERANGE, listxattr("a", list, 6));
	OK(set("a", "user.a", "", 0)); /* is there, and empty */
	SAME(0, getxattr("a", "user.a", value, sizeof(value)));
	SAME(7, listxattr("a", NULL, 0));
	OK(setxattr("a", "user.b", "\0\xff\n\0", 4, 0));
	SAME(4, getxattr("a", "user.b", value, sizeof(value)));
	SAME(0, memcmp(value, "\0\xff\n\0", 4));
}

CASE(limits)
{
	static char value[XATTR_SIZE_MAX + 1], got[3000];
	char attr[XATTR_NAME_MAX + 2];

	FILE_("a");
	memset(value, 'v', sizeof(value));
	(void)snprintf(attr, sizeof(attr), "user.%s", posix_name(XATTR_NAME_MAX - 5));
	OK(setxattr("a", attr, "1", 1, 0));
	is("a", attr, "1");
	(void)snprintf(attr, sizeof(attr), "user.%s", posix_name(XATTR_NAME_MAX - 4));
	FAILS(ERANGE, setxattr("a", attr, "1", 1, 0));
	FAILS(E2BIG, setxattr("a", "user.b", value, sizeof(value), 0));
	OK(setxattr("a", "user.b", value, sizeof(got), 0));
	SAME(sizeof(got), getxattr("a", "user.b", got, sizeof(got)));
	SAME(0, memcmp(got, value, sizeof(got)));
	FAILS(ERANGE, setxattr("a", "", "1", 1, 0));
	FAILS(EINVAL, setxattr("a", "user.", "1", 1, 0));
	FAILS(EOPNOTSUPP, setxattr("a", "nonsense.a", "1", 1, 0));
	FAILS(EOPNOTSUPP, setxattr("a", "nonsense", "1", 1, 0));
}

CASE(of_every_type)
{
	for (int i = 0; i < TYPES; i++) {
		posix_make(i, "x");
		if (i == TYPE_FILE || i == TYPE_DIR) {
			OK(set("x", "user.a", "1", 0));
			is("x", "user.a", "1");
		} else {
			FAILS(EPERM, set("x", "user.a", "1", 0));
		}
		OK(set("x", "trusted.a", "2", 0));
		is("x", "trusted.a", "2");
		OK(lremovexattr("x", "trusted.a"));
		OK(posix_remove("x"));
	}
}

CASE(follows_links_or_not)
{
	FILE_("a");
	OK(symlink("a", "l"));
	OK(setxattr("l", "user.a", "1", 1, 0));
	is("a", "user.a", "1");
	OK(lsetxattr("l", "trusted.b", "2", 1, 0));
	FAILS(ENODATA, getxattr("a", "trusted.b", NULL, 0));
	is("l", "trusted.b", "2");
}

CASE(times)
{
	struct stat was;

	FILE_("a");
	was = STAT("a");
	posix_tick();
	OK(set("a", "user.a", "1", 0));
	TIMES("a", &was, CTIME);
	was = STAT("a");
	posix_tick();
	is("a", "user.a", "1");
	SAME(7, listxattr("a", NULL, 0));
	FAILS(EEXIST, set("a", "user.a", "2", XATTR_CREATE));
	FAILS(ENODATA, removexattr("a", "user.b"));
	TIMES("a", &was, 0);
	posix_tick();
	OK(removexattr("a", "user.a"));
	TIMES("a", &was, CTIME);
}

CASE(who_may)
{
	FILE_("a");
	OK(set("a", "user.a", "1", 0));
	OK(chmod("a", 0604));
	AS(USER)
	{
		is("a", "user.a", "1");
		FAILS(EACCES, set("a", "user.a", "2", 0));
		FAILS(EACCES, removexattr("a", "user.a"));
	}
	OK(chmod("a", 0602));
	AS(USER)
	{
		FAILS(EACCES, getxattr("a", "user.a", NULL, 0));
		OK(set("a", "user.a", "2", 0));
	}
	is("a", "user.a", "2");
	OK(chmod("a", 0600));
	AS(USER)
	{
		SAME(7, listxattr("a", NULL, 0)); /* names need no right */
	}
}

CASE(trusted_ones_are_roots)
{
	char list[64];

	FILE_("a");
	OK(chown("a", USER, USER));
	OK(set("a", "trusted.a", "1", 0));
	SAME(10, listxattr("a", list, sizeof(list)));
	AS(USER)
	{
		FAILS(ENODATA, getxattr("a", "trusted.a", NULL, 0));
		FAILS(EPERM, set("a", "trusted.a", "2", 0));
		FAILS(EPERM, removexattr("a", "trusted.a"));
		SAME(0, listxattr("a", list, sizeof(list)));
	}
}

CASE(of_a_sticky_directory_are_the_owners)
{
	DIR_("d");
	OK(chmod("d", 01777));
	AS(USER)
	{
		FAILS(EPERM, set("d", "user.a", "1", 0));
	}
	OK(chmod("d", 0777));
	AS(USER)
	{
		OK(set("d", "user.a", "1", 0));
	}
}

CASE(go_with_the_file)
{
	int fd;

	PUT("a", "x");
	OK(set("a", "user.a", "1", 0));
	OK(link("a", "b"));
	OK(rename("a", "c"));
	is("b", "user.a", "1");
	is("c", "user.a", "1");
	PUT("c", "longer");
	OK(truncate("c", 0));
	is("c", "user.a", "1");
	fd = OK(open("c", O_RDWR));
	SAME(1, fgetxattr(fd, "user.a", NULL, 0));
	OK(fsetxattr(fd, "user.b", "2", 1, 0));
	is("b", "user.b", "2");
	OK(fremovexattr(fd, "user.b"));
	SAME(7, flistxattr(fd, NULL, 0));
	FILE_("d");
	OK(rename("d", "c"));
	FAILS(ENODATA, getxattr("c", "user.a", NULL, 0));
	is("b", "user.a", "1");
}

CASE(capabilities_go_when_the_file_changes)
{
	/* cap_net_raw=ep, as revision 2 of the format */
	static const unsigned char capability[20] = { 1, 0, 0, 2, 0, 0x20 };

	PUT("a", "x");
	OK(setxattr("a", "security.capability", capability, sizeof(capability), 0));
	SAME(sizeof(capability), getxattr("a", "security.capability", NULL, 0));
	OK(chmod("a", 0755));
	SAME(sizeof(capability), getxattr("a", "security.capability", NULL, 0));
	PUT("b", "x");
	OK(setxattr("b", "security.capability", capability, sizeof(capability), 0));
	SAME(1, write(OK(open("a", O_WRONLY)), "y", 1));
	FAILS(ENODATA, getxattr("a", "security.capability", NULL, 0));
	OK(chown("b", USER, USER));
	FAILS(ENODATA, getxattr("b", "security.capability", NULL, 0));
	OK(setxattr("b", "security.capability", capability, sizeof(capability), 0));
	OK(truncate("b", 0));
	FAILS(ENODATA, getxattr("b", "security.capability", NULL, 0));
}
