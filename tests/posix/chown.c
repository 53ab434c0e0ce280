#include "tests/posix/posix.h"

#define KEEP ((uid_t)-1)

static int change(const char *path)
{
	return chown(path, USER, USER);
}

static int change_itself(const char *path)
{
	return lchown(path, USER, USER);
}

CASE(path_errors)
{
	PATH_ERRORS(change);
}

CASE(path_errors_of_lchown)
{
	PATH_ERRORS(change_itself);
}

CASE(every_type)
{
	for (int i = 0; i < TYPES; i++) {
		posix_make(i, "x");
		OK(lchown("x", USER, OTHER));
		SAME(USER, STAT("x").st_uid);
		SAME(OTHER, STAT("x").st_gid);
		OK(lchown("x", KEEP, 7));
		SAME(USER, STAT("x").st_uid);
		SAME(7, STAT("x").st_gid);
		OK(lchown("x", 8, KEEP));
		SAME(8, STAT("x").st_uid);
		SAME(7, STAT("x").st_gid);
		OK(lchown("x", 4000000000U, 4000000001U)); /* 32 bits */
		SAME(4000000000U, STAT("x").st_uid);
		SAME(4000000001U, STAT("x").st_gid);
		OK(posix_remove("x"));
	}
}

CASE(links)
{
	FILE_("a");
	OK(symlink("a", "l"));
	OK(chown("l", USER, USER));
	SAME(USER, STAT("a").st_uid);
	SAME(0, STAT("l").st_uid);
	OK(lchown("l", OTHER, OTHER));
	SAME(USER, STAT("a").st_uid);
	SAME(OTHER, STAT("l").st_uid);
}

CASE(times)
{
	struct stat was;
	int fd;

	FILE_("a");
	was = STAT("a");
	posix_tick();
	OK(chown("a", USER, USER));
	TIMES("a", &was, CTIME);
	was = STAT("a");
	posix_tick();
	OK(chown("a", USER, USER)); /* the same again */
	TIMES("a", &was, CTIME);
	fd = OK(open("a", O_RDONLY));
	was = STAT("a");
	posix_tick();
	OK(fchown(fd, OTHER, OTHER));
	TIMES("a", &was, CTIME);
	SAME(OTHER, STAT("a").st_uid);
}

CASE(of_nothing)
{
	struct stat was;

	FILE_("a");
	OK(chmod("a", 06755));
	was = STAT("a");
	posix_tick();
	OK(chown("a", KEEP, KEEP));
	SAME(was.st_uid, STAT("a").st_uid);
	SAME(was.st_mtim.tv_nsec, STAT("a").st_mtim.tv_nsec);
}

CASE(failure_changes_nothing)
{
	struct stat was;

	FILE_("a");
	OK(chown("a", USER, USER));
	OK(chmod("a", 06777));
	was = STAT("a");
	posix_tick();
	AS(USER)
	{
		FAILS(EPERM, chown("a", OTHER, KEEP)); /* not even his own */
		FAILS(EPERM, chown("a", KEEP, OTHER)); /* to a group that he is not in */
	}
	AS(OTHER)
	{
		FAILS(EPERM, chown("a", OTHER, OTHER));
		FAILS(EPERM, chown("a", KEEP, OTHER));
	}
	TIMES("a", &was, 0);
	SAME(06777, MODE("a"));
}

CASE(owner_gives_to_his_groups)
{
	FILE_("a");
	OK(chown("a", USER, USER));
	IN(USER, USER, OTHER)
	{
		OK(chown("a", KEEP, OTHER));
		SAME(OTHER, STAT("a").st_gid);
		OK(chown("a", USER, USER));
	}
	SAME(USER, STAT("a").st_gid);
}

CASE(clears_set_id)
{
	int fd;

	FILE_("a");
	OK(chown("a", USER, USER));
	OK(chmod("a", 06755));
	IN(USER, USER, OTHER)
	{
		OK(chown("a", KEEP, OTHER));
	}
	SAME(0755, MODE("a"));
	OK(chmod("a", 06755));
	OK(chown("a", OTHER, OTHER)); /* Linux: of root's too */
	SAME(0755, MODE("a"));
	OK(chmod("a", 02644)); /* not a program: that bit stays */
	OK(chown("a", USER, OTHER));
	SAME(02644, MODE("a"));
	OK(chmod("a", 06755));
	fd = OK(open("a", O_RDONLY));
	OK(fchown(fd, USER, USER));
	SAME(0755, MODE("a"));
}

CASE(keeps_the_bits_of_directories)
{
	DIR_("d");
	OK(chmod("d", 07755));
	OK(chown("d", USER, OTHER));
	SAME(07755, MODE("d"));
	IN(USER, USER, USER)
	{
		OK(chown("d", KEEP, USER));
	}
	SAME(01000, MODE("d") & 01000);
	SAME(USER, STAT("d").st_gid);
}

CASE(takes_effect_at_once)
{
	PUT("a", "x");
	OK(chmod("a", 0600));
	AS(USER)
	{
		FAILS(EACCES, open("a", O_RDONLY));
	}
	OK(chown("a", USER, USER));
	AS(USER)
	{
		HAS("a", "x");
	}
}

CASE(of_an_open_file_by_descriptor)
{
	int fd;

	FILE_("a");
	fd = OK(open("a", O_PATH));
	OK(fchownat(fd, "", USER, OTHER, AT_EMPTY_PATH));
	SAME(USER, STAT("a").st_uid);
	FAILS(EBADF, fchown(fd, 0, 0));
	FAILS(EBADF, fchown(-1, 0, 0));
}
