#include "tests/posix/posix.h"

CASE(path_errors)
{
	PATH_ERRORS(rmdir);
}

CASE(only_directories)
{
	for (int i = 0; i < TYPES; i++) {
		posix_make(i, "x");
		if (i == TYPE_DIR)
			OK(rmdir("x"));
		else
			FAILS(ENOTDIR, rmdir("x"));
		(void)unlink("x"); /* unless it went */
	}
	FAILS(ENOENT, rmdir("missing"));
}

CASE(only_empty_ones)
{
	DIR_("d");
	for (int i = 0; i < TYPES; i++) {
		posix_make(i, "d/x");
		EITHER(ENOTEMPTY, EEXIST, rmdir("d"));
		OK(posix_remove("d/x"));
	}
	OK(rmdir("d"));
}

CASE(dots)
{
	DIR_("d");
	DIR_("d/e");
	FAILS(EINVAL, rmdir("d/e/."));
	EITHER(ENOTEMPTY, EEXIST, rmdir("d/e/.."));
	FAILS(EINVAL, rmdir("."));
	EITHER(ENOTEMPTY, EEXIST, rmdir(".."));
}

CASE(links_to_directories)
{
	DIR_("d");
	OK(symlink("d", "l"));
	FAILS(ENOTDIR, rmdir("l"));
	FAILS(ENOTDIR, rmdir("l/"));
	OK(rmdir("d/"));
}

CASE(times_and_links)
{
	struct stat dir;

	DIR_("d");
	DIR_("d/e");
	SAME(3, NLINK("d"));
	dir = STAT("d");
	posix_tick();
	OK(rmdir("d/e"));
	TIMES("d", &dir, MTIME | CTIME);
	SAME(2, NLINK("d"));
}

CASE(failure_changes_nothing)
{
	struct stat dir, was;

	DIR_("d");
	FILE_("d/a");
	dir = STAT(".");
	was = STAT("d");
	posix_tick();
	EITHER(ENOTEMPTY, EEXIST, rmdir("d"));
	AS(USER)
	{
		FAILS(EACCES, rmdir("d"));
	}
	TIMES("d", &was, 0);
	TIMES(".", &dir, 0);
}

CASE(sticky)
{
	DIR_("d");
	OK(chmod("d", 01777));
	DIR_("d/roots");
	DIR_("d/users");
	OK(chown("d/users", USER, USER));
	AS(USER)
	{
		FAILS(EPERM, rmdir("d/roots"));
		OK(rmdir("d/users"));
	}
}

CASE(whoever_is_in_it)
{
	DIR_("d");
	OK(chdir("d"));
	OK(rmdir("../d"));
	FAILS(ENOENT, open("new", O_CREAT | O_WRONLY, 0644));
	FAILS(ENOENT, mkdir("new", 0755));
	FAILS(ENOENT, symlink("x", "new"));
	FAILS(ENOENT, mkfifo("new", 0644));
	FAILS(ENOENT, open("missing", O_RDONLY));
	SAME(0, NLINK("."));
}

CASE(made_again)
{
	for (int i = 0; i < 20; i++) {
		DIR_("d");
		FILE_("d/a");
		OK(unlink("d/a"));
		OK(rmdir("d"));
	}
	ABSENT("d");
}
