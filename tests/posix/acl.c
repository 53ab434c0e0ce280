/* POSIX ACLs, by the extended attributes that Linux has for them. */
#include "tests/posix/posix.h"

#include <endian.h>
#include <sys/xattr.h>

#define ACCESS "system.posix_acl_access"
#define DEFAULT "system.posix_acl_default"
#define ACL_VERSION 2
#define NOBODY 0xffffffffU

enum { OWNER = 1, NAMED = 2, GROUP = 4, NAMED_GROUP = 8, MASK = 16, REST = 32 };

struct entry {
	uint16_t tag, bits;
	uint32_t id;
};

struct acl {
	uint32_t version;
	struct entry list[8];
};

/* Its length; little endian, as it is kept. */
static size_t build(struct acl *a, const struct entry *list, size_t n)
{
	a->version = htole32(ACL_VERSION);
	for (size_t i = 0; i < n; i++)
		a->list[i] = (struct entry){ htole16(list[i].tag), htole16(list[i].bits),
			htole32(list[i].id) };
	return sizeof(a->version) + n * sizeof(*list);
}

static int set(const char *path, const char *attr, const struct entry *list, size_t n)
{
	struct acl a;
	size_t len = build(&a, list, n);

	return setxattr(path, attr, &a, len, 0);
}

#define SET(path, attr, ...)                                                                       \
	set(path, attr, (struct entry[]){ __VA_ARGS__ },                                           \
		sizeof((struct entry[]){ __VA_ARGS__ }) / sizeof(struct entry))

static void is(const char *path, const char *attr, const struct entry *list, size_t n)
{
	struct acl a, got;
	size_t len = build(&a, list, n);

	SAME(len, getxattr(path, attr, &got, sizeof(got)));
	for (size_t i = 0; i < n; i++) {
		SAME(a.list[i].tag, got.list[i].tag);
		SAME(a.list[i].bits, got.list[i].bits);
		SAME(a.list[i].id, got.list[i].id);
	}
}

#define IS(path, attr, ...)                                                                        \
	is(path, attr, (struct entry[]){ __VA_ARGS__ },                                            \
		sizeof((struct entry[]){ __VA_ARGS__ }) / sizeof(struct entry))

/* u::rwx,u:USER:bits,g::g,m::mask,o::o */
#define LIST(owner, user, group, mask, rest)                                                       \
	{ OWNER, owner, NOBODY }, { NAMED, user, USER }, { GROUP, group, NOBODY },                 \
		{ MASK, mask, NOBODY },                                                            \
	{                                                                                          \
		REST, rest, NOBODY                                                                 \
	}

/* False, and said, where the file system has none. */
static bool has_acls(void)
{
	if (getxattr(".", ACCESS, NULL, 0) < 0 && errno == EOPNOTSUPP) {
		posix_may("there are no ACLs");
		return false;
	}
	return true;
}

CASE(lets_a_user_in_whom_the_mode_does_not)
{
	if (!has_acls())
		return;
	PUT("a", "x");
	OK(chmod("a", 0600));
	AS(USER)
	{
		FAILS(EACCES, open("a", O_RDONLY));
	}
	OK(SET("a", ACCESS, LIST(6, 4, 0, 4, 0)));
	SAME(0640, MODE("a")); /* the mask */
	IS("a", ACCESS, LIST(6, 4, 0, 4, 0));
	AS(USER)
	{
		HAS("a", "x");
		FAILS(EACCES, open("a", O_WRONLY));
		OK(access("a", R_OK));
	}
	AS(OTHER)
	{
		FAILS(EACCES, open("a", O_RDONLY));
	}
	OK(removexattr("a", ACCESS));
	AS(USER)
	{
		FAILS(EACCES, open("a", O_RDONLY));
	}
	FAILS(ENODATA, getxattr("a", ACCESS, NULL, 0));
}

CASE(keeps_a_user_out_whom_the_mode_lets_in)
{
	if (!has_acls())
		return;
	PUT("a", "x");
	OK(SET("a", ACCESS, LIST(6, 0, 4, 4, 4)));
	AS(USER)
	{
		FAILS(EACCES, open("a", O_RDONLY));
	}
	AS(OTHER)
	{
		HAS("a", "x");
	}
}

CASE(mode_and_mask_are_one)
{
	if (!has_acls())
		return;
	PUT("a", "x");
	OK(SET("a", ACCESS, LIST(6, 7, 5, 7, 4)));
	SAME(0674, MODE("a"));
	OK(chmod("a", 0640));
	IS("a", ACCESS, LIST(6, 7, 5, 4, 0));
	AS(USER)
	{
		HAS("a", "x");
		FAILS(EACCES, open("a", O_WRONLY));
	}
	OK(chmod("a", 0600));
	AS(USER)
	{
		FAILS(EACCES, open("a", O_RDONLY));
	}
}

CASE(a_plain_one_is_the_mode)
{
	if (!has_acls())
		return;
	FILE_("a");
	OK(SET("a", ACCESS, { OWNER, 7, NOBODY }, { GROUP, 5, NOBODY }, { REST, 1, NOBODY }));
	SAME(0751, MODE("a"));
	FAILS(ENODATA, getxattr("a", ACCESS, NULL, 0));
}

CASE(groups)
{
	if (!has_acls())
		return;
	PUT("a", "x");
	OK(SET("a", ACCESS, { OWNER, 6, NOBODY }, { GROUP, 0, NOBODY }, { NAMED_GROUP, 4, OTHER },
		{ MASK, 6, NOBODY }, { REST, 0, NOBODY }));
	IN(USER, USER, OTHER)
	{
		HAS("a", "x");
	}
	AS(USER)
	{
		FAILS(EACCES, open("a", O_RDONLY));
	}
}

CASE(inherited_by_files)
{
	if (!has_acls())
		return;
	DIR_("d");
	OK(SET("d", DEFAULT, LIST(7, 6, 5, 7, 0)));
	SAME(0755, MODE("d"));
	(void)umask(077); /* counts only where there is no default */
	FILE_("d/a");	  /* 0644 is asked for */
	SAME(0640, MODE("d/a"));
	IS("d/a", ACCESS, LIST(6, 6, 5, 4, 0));
	FAILS(ENODATA, getxattr("d/a", DEFAULT, NULL, 0));
	OK(mkfifo("d/p", 0666));
	SAME(0660, MODE("d/p"));
	OK(symlink("a", "d/l"));
	SAME(0777, MODE("d/l"));
}

CASE(inherited_by_directories)
{
	if (!has_acls())
		return;
	DIR_("d");
	OK(SET("d", DEFAULT, LIST(7, 6, 5, 7, 0)));
	OK(mkdir("d/e", 0777));
	SAME(0770, MODE("d/e"));
	IS("d/e", ACCESS, LIST(7, 6, 5, 7, 0));
	IS("d/e", DEFAULT, LIST(7, 6, 5, 7, 0));
	OK(mkdir("d/e/f", 0700));
	SAME(0700, MODE("d/e/f"));
	IS("d/e/f", ACCESS, LIST(7, 6, 5, 0, 0));
	OK(removexattr("d", DEFAULT));
	OK(mkdir("d/g", 0777));
	SAME(0755, MODE("d/g"));
	FAILS(ENODATA, getxattr("d/g", ACCESS, NULL, 0));
}

CASE(who_may)
{
	if (!has_acls())
		return;
	FILE_("a");
	DIR_("d");
	OK(chmod("a", 0666));
	AS(USER)
	{
		FAILS(EPERM, SET("a", ACCESS, LIST(6, 6, 6, 6, 6)));
		FAILS(EPERM, SET("d", DEFAULT, LIST(6, 6, 6, 6, 6)));
		FAILS(EPERM, removexattr("d", DEFAULT));
	}
	OK(chown("a", USER, USER));
	AS(USER)
	{
		OK(SET("a", ACCESS, LIST(6, 6, 6, 6, 6)));
	}
	SAME(0666, MODE("a"));
}

CASE(refuses_nonsense)
{
	if (!has_acls())
		return;
	FILE_("a");
	OK(symlink("a", "l"));
	FAILS(EINVAL, SET("a", ACCESS, { OWNER, 6, NOBODY }));
	FAILS(EINVAL, SET("a", ACCESS, { OWNER, 6, NOBODY }, { NAMED, 6, USER },
			      { GROUP, 0, NOBODY }, { REST, 0, NOBODY })); /* needs a mask */
	FAILS(EINVAL,
		SET("a", ACCESS, { 3, 6, NOBODY }, { GROUP, 0, NOBODY }, { REST, 0, NOBODY }));
	FAILS(EINVAL, setxattr("a", ACCESS, "xyz", 3, 0));
	EITHER(EACCES, EINVAL, SET("a", DEFAULT, LIST(6, 6, 6, 6, 6))); /* not a directory */
	FAILS(EOPNOTSUPP, lsetxattr("l", ACCESS, "", 0, 0));
	SAME(0644, MODE("a"));
}

CASE(times)
{
	struct stat was;

	if (!has_acls())
		return;
	FILE_("a");
	was = STAT("a");
	posix_tick();
	OK(SET("a", ACCESS, LIST(6, 4, 0, 4, 0)));
	TIMES("a", &was, CTIME);
	was = STAT("a");
	posix_tick();
	OK(removexattr("a", ACCESS));
	TIMES("a", &was, CTIME);
}

CASE(set_group_id_needs_membership)
{
	if (!has_acls())
		return;
	FILE_("a");
	OK(chown("a", USER, OTHER));
	OK(chmod("a", 02755));
	AS(USER)
	{
		OK(SET("a", ACCESS, LIST(7, 5, 5, 5, 5)));
	}
	SAME(0755, MODE("a"));
	OK(chmod("a", 02755));
	IN(USER, USER, OTHER)
	{
		OK(SET("a", ACCESS, LIST(7, 4, 5, 5, 5)));
	}
	SAME(02755, MODE("a"));
}
