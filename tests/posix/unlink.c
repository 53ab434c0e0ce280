/* unlink and rmdir's common rules of names; files that are open without a name. */
#include "tests/posix/posix.h"

CASE(path_errors)
{
	PATH_ERRORS(unlink);
}

CASE(every_type)
{
	for (int i = 0; i < TYPES; i++) {
		posix_make(i, "x");
		if (i == TYPE_DIR) {
			EITHER(EISDIR, EPERM, unlink("x"));
			OK(rmdir("x"));
		} else {
			OK(unlink("x"));
		}
		ABSENT("x");
	}
}

CASE(missing)
{
	FAILS(ENOENT, unlink("missing"));
}

CASE(a_link_and_not_what_it_points_to)
{
	FILE_("a");
	OK(symlink("a", "l"));
	OK(unlink("l"));
	SAME(1, NLINK("a"));
	DIR_("d");
	OK(symlink("d", "l"));
	FAILS(ENOTDIR, unlink("l/"));
	OK(unlink("l"));
}

CASE(a_trailing_slash)
{
	FILE_("a");
	FAILS(ENOTDIR, unlink("a/"));
	DIR_("d");
	EITHER(EISDIR, EPERM, unlink("d/"));
	EITHER(EISDIR, EPERM, unlink("."));
	EITHER(EISDIR, EPERM, unlink(".."));
}

CASE(times)
{
	struct stat dir, was;

	FILE_("a");
	OK(link("a", "b"));
	dir = STAT(".");
	was = STAT("a");
	posix_tick();
	OK(unlink("b"));
	TIMES("a", &was, CTIME);
	TIMES(".", &dir, MTIME | CTIME);
	SAME(1, NLINK("a"));
}

CASE(failure_changes_nothing)
{
	struct stat dir, was;

	FILE_("a");
	dir = STAT(".");
	was = STAT("a");
	posix_tick();
	FAILS(ENOENT, unlink("b"));
	AS(USER)
	{
		FAILS(EACCES, unlink("a"));
	}
	TIMES("a", &was, 0);
	TIMES(".", &dir, 0);
}

CASE(the_right_is_the_directorys)
{
	DIR_("d");
	FILE_("d/a");
	OK(chmod("d/a", 0));
	OK(chmod("d", 0777));
	AS(USER)
	{
		OK(unlink("d/a"));
	}
}

CASE(sticky)
{
	DIR_("d");
	OK(chmod("d", 01777));
	FILE_("d/roots");
	FILE_("d/users");
	FILE_("d/others");
	OK(chown("d/users", USER, USER));
	OK(chown("d/others", OTHER, OTHER));
	OK(chmod("d/others", 0666));
	AS(USER)
	{
		FAILS(EPERM, unlink("d/roots"));
		FAILS(EPERM, unlink("d/others"));
		OK(unlink("d/users"));
	}
	OK(chown("d", USER, USER)); /* whose directory it is may */
	AS(USER)
	{
		OK(unlink("d/roots"));
		OK(unlink("d/others"));
	}
}

CASE(open_without_a_name)
{
	char got[8];
	int fd = OK(open("a", O_RDWR | O_CREAT, 0644));

	SAME(3, write(fd, "abc", 3));
	OK(unlink("a"));
	SAME(0, FSTAT(fd).st_nlink);
	SAME(3, FSTAT(fd).st_size);
	SAME(3, pread(fd, got, sizeof(got), 0));
	SAME(3, pwrite(fd, "def", 3, 3));
	SAME(6, pread(fd, got, sizeof(got), 0));
	SAME(0, memcmp(got, "abcdef", 6));
	OK(ftruncate(fd, 2));
	SAME(2, FSTAT(fd).st_size);
	OK(fchmod(fd, 0600));
	SAME(0600, FSTAT(fd).st_mode & 07777);
	OK(fchown(fd, USER, OTHER));
	SAME(USER, FSTAT(fd).st_uid);
	SAME(OTHER, FSTAT(fd).st_gid);
	OK(fsync(fd));
	OK(futimens(fd, (struct timespec[]){ { 1000, 5 }, { 2000, 7 } }));
	SAME(2000, FSTAT(fd).st_mtim.tv_sec);
	SAME(7, FSTAT(fd).st_mtim.tv_nsec);
	SAME(1000, FSTAT(fd).st_atim.tv_sec);
	OK(close(fd));
	ABSENT("a");
}

CASE(open_without_a_name_keeps_the_stored_bytes)
{
	char got[16];
	int fd, again;

	PUT("a", "stored text");
	fd = OK(open("a", O_RDONLY));
	again = OK(open("a", O_RDWR));
	OK(unlink("a"));
	PUT("a", "another");
	SAME(11, pread(fd, got, sizeof(got), 0));
	SAME(0, memcmp(got, "stored text", 11));
	SAME(4, pwrite(again, "more", 4, 7));
	SAME(11, pread(fd, got, sizeof(got), 0));
	SAME(0, memcmp(got, "stored more", 11));
	HAS("a", "another");
}

CASE(times_of_an_open_file_without_a_name)
{
	int fd = OK(open("a", O_RDWR | O_CREAT, 0644));
	struct stat was = FSTAT(fd);

	posix_tick();
	OK(unlink("a"));
	FTIMES(fd, &was, CTIME);
	was = FSTAT(fd);
	posix_tick();
	OK(fchmod(fd, 0600));
	FTIMES(fd, &was, CTIME);
	was = FSTAT(fd);
	posix_tick();
	SAME(1, write(fd, "x", 1));
	FTIMES(fd, &was, MTIME | CTIME);
	was = FSTAT(fd);
	posix_tick();
	OK(ftruncate(fd, 0));
	FTIMES(fd, &was, MTIME | CTIME);
	was = FSTAT(fd);
	posix_tick();
	OK(fchown(fd, USER, USER));
	FTIMES(fd, &was, CTIME);
}

CASE(other_names_stay)
{
	int fd;

	PUT("a", "x");
	OK(link("a", "b"));
	fd = OK(open("a", O_RDONLY));
	OK(unlink("a"));
	SAME(1, FSTAT(fd).st_nlink);
	HAS("b", "x");
}

CASE(unlinkat)
{
	int dir;

	DIR_("d");
	FILE_("d/a");
	DIR_("d/e");
	dir = OK(open("d", O_RDONLY | O_DIRECTORY));
	FAILS(EINVAL, unlinkat(dir, "a", 0x40000000));
	FAILS(ENOTDIR, unlinkat(dir, "a", AT_REMOVEDIR));
	EITHER(EISDIR, EPERM, unlinkat(dir, "e", 0));
	OK(unlinkat(dir, "a", 0));
	OK(unlinkat(dir, "e", AT_REMOVEDIR));
	FAILS(EBADF, unlinkat(-1, "a", 0));
}
