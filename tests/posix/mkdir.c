#include "tests/posix/posix.h"

static int make(const char *path)
{
	return mkdir(path, 0755);
}

CASE(path_errors)
{
	PATH_ERRORS(make);
}

CASE(a_new_name)
{
	NEW_NAME(make, rmdir);
}

CASE(mode_and_owner)
{
	OK(mkdir("a", 0777));
	SAME(0755, MODE("a"));
	OK(mkdir("b", 0151));
	SAME(0151, MODE("b"));
	(void)umask(077);
	OK(mkdir("c", 0777));
	SAME(0700, MODE("c"));
	(void)umask(0);
	OK(mkdir("d", 01777));
	SAME(01777, MODE("d"));
	OK(mkdir("e",
		06777)); /* set-id of a new directory is as the system pleases: Linux leaves them out */
	SAME(0777, MODE("e"));
	SAME(S_IFDIR, STAT("a").st_mode & S_IFMT);
}

CASE(links)
{
	SAME(2, NLINK("."));
	DIR_("a");
	SAME(2, NLINK("a"));
	SAME(3, NLINK("."));
	DIR_("a/b");
	SAME(3, NLINK("a"));
	SAME(3, NLINK("."));
	FILE_("a/f");
	SAME(3, NLINK("a"));
	SAME(STAT("a").st_ino, STAT("a/b/..").st_ino);
	SAME(STAT("a").st_ino, STAT("a/.").st_ino);
	SAME(STAT(".").st_ino, STAT("a/b/../..").st_ino);
}

CASE(times)
{
	struct stat dir = STAT("."), is;

	posix_tick();
	DIR_("a");
	TIMES(".", &dir, MTIME | CTIME);
	is = STAT("a");
	SAME(is.st_mtim.tv_nsec, is.st_ctim.tv_nsec);
	SAME(is.st_mtim.tv_nsec, is.st_atim.tv_nsec);
	TRUE(is.st_mtim.tv_sec > dir.st_mtim.tv_sec || is.st_mtim.tv_nsec > dir.st_mtim.tv_nsec);
}

CASE(failure_changes_nothing)
{
	struct stat dir, was;

	DIR_("a");
	dir = STAT(".");
	was = STAT("a");
	posix_tick();
	FAILS(EEXIST, mkdir("a", 0700));
	FAILS(EEXIST, mkdir("a/", 0700));
	AS(USER)
	{
		FAILS(EACCES, mkdir("b", 0700));
	}
	TIMES("a", &was, 0);
	TIMES(".", &dir, 0);
	SAME(0755, MODE("a"));
}

CASE(group_of_a_set_group_id_directory)
{
	DIR_("d");
	OK(chown("d", 0, OTHER));
	OK(chmod("d", 02777));
	AS(USER)
	{
		OK(mkdir("d/e", 0755));
	}
	SAME(OTHER, STAT("d/e").st_gid);
	SAME(USER, STAT("d/e").st_uid);
	SAME(02755, MODE("d/e"));
	OK(mkdir("d/e/f", 0700));
	SAME(OTHER, STAT("d/e/f").st_gid);
	SAME(02700, MODE("d/e/f"));
	OK(mkdir("d/e/f/g", 07777));
	SAME(03755, MODE("d/e/f/g"));
}

CASE(a_trailing_slash)
{
	OK(mkdir("a/", 0755));
	OK(mkdir("a/b//", 0755));
	OK(rmdir("a/b/"));
	OK(symlink("missing", "l"));
	FAILS(EEXIST, mkdir("l", 0755));
	FAILS(EEXIST, mkdir("l/", 0755));
	ABSENT("missing");
}

CASE(deep)
{
	int here = OK(open(".", O_RDONLY | O_DIRECTORY));

	for (int i = 0; i < 40; i++) {
		OK(mkdir(posix_name(200), 0755));
		OK(chdir(posix_name(200)));
	}
	FILE_("bottom");
	SAME(1, NLINK("bottom"));
	OK(unlink("bottom"));
	for (int i = 0; i < 40; i++) {
		OK(chdir(".."));
		OK(rmdir(posix_name(200)));
	}
	SAME(FSTAT(here).st_ino, STAT(".").st_ino);
}

CASE(mkdirat)
{
	int dir, file;

	DIR_("d");
	FILE_("f");
	dir = OK(open("d", O_RDONLY | O_DIRECTORY));
	file = OK(open("f", O_RDONLY));
	OK(mkdirat(dir, "e", 0755));
	SAME(2, NLINK("d/e"));
	FAILS(ENOTDIR, mkdirat(file, "e", 0755));
	FAILS(EBADF, mkdirat(-1, "e", 0755));
	FAILS(EEXIST, mkdirat(dir, "e", 0755));
}

CASE(one_of_many_makes)
{
	pid_t pids[4];

	for (int i = 0; i < 4; i++) {
		pids[i] = posix_fork();
		if (!pids[i]) {
			if (mkdir("once", 0755))
				TRUE(errno == EEXIST);
			else
				OK(close(OK(open("wins", O_CREAT | O_EXCL | O_WRONLY, 0644))));
			posix_leave();
		}
	}
	for (int i = 0; i < 4; i++)
		JOIN(pids[i]);
	SAME(1, NLINK("wins"));
	SAME(2, NLINK("once"));
}
