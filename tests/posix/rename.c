/* rename: names, types, times, links. rename2.c has the flags. */
#include "tests/posix/posix.h"

static int from(const char *path)
{
	return rename(path, "to");
}

static int to(const char *path)
{
	return rename("source", path);
}

CASE(path_errors_of_the_old_name)
{
	PATH_ERRORS(from);
	ABSENT("to");
}

CASE(path_errors_of_the_new_name)
{
	FILE_("source");
	PATH_ERRORS(to);
	SAME(1, NLINK("source"));
}

CASE(every_type_to_a_new_name)
{
	DIR_("d");
	for (int i = 0; i < TYPES; i++) {
		struct stat was;

		posix_make(i, "a");
		was = STAT("a");
		OK(rename("a", "b"));
		ABSENT("a");
		OK(rename("b", "d/c"));
		ABSENT("b");
		SAME(was.st_ino, STAT("d/c").st_ino);
		SAME(was.st_mode, STAT("d/c").st_mode);
		SAME(was.st_rdev, STAT("d/c").st_rdev);
		OK(posix_remove("d/c"));
	}
	SAME(2, NLINK("d"));
	SAME(3, NLINK("."));
}

CASE(every_type_over_every_type)
{
	for (int i = 0; i < TYPES; i++)
		for (int j = 0; j < TYPES; j++) {
			ino_t a, b;

			posix_make(i, "a");
			posix_make(j, "b");
			a = STAT("a").st_ino;
			b = STAT("b").st_ino;
			if (i == TYPE_DIR && j != TYPE_DIR)
				FAILS(ENOTDIR, rename("a", "b"));
			else if (i != TYPE_DIR && j == TYPE_DIR)
				FAILS(EISDIR, rename("a", "b"));
			else
				OK(rename("a", "b"));
			if ((i == TYPE_DIR) == (j == TYPE_DIR)) {
				ABSENT("a");
				SAME(a, STAT("b").st_ino);
			} else {
				SAME(a, STAT("a").st_ino);
				SAME(b, STAT("b").st_ino);
				OK(posix_remove("a"));
			}
			OK(posix_remove("b"));
		}
	SAME(2, NLINK("."));
}

CASE(over_a_directory_that_is_not_empty)
{
	DIR_("a");
	DIR_("b");
	for (int i = 0; i < TYPES; i++) {
		posix_make(i, "b/x");
		EITHER(ENOTEMPTY, EEXIST, rename("a", "b"));
		OK(posix_remove("b/x"));
	}
	FILE_("a/x");
	OK(rename("a", "b")); /* what moves may be full */
	SAME(0, SIZE("b/x"));
	DIR_("c");
	FILE_("c/x");
	FAILS(EISDIR, rename("b/x", "c"));
}

CASE(into_itself)
{
	DIR_("a");
	DIR_("a/b");
	DIR_("a/b/c");
	FAILS(EINVAL, rename("a", "a/x"));
	FAILS(EINVAL, rename("a", "a/b/x"));
	FAILS(EINVAL, rename("a", "a/b/c/x"));
	FAILS(EINVAL, rename("a", "a/b"));
	EITHER(ENOTEMPTY, EEXIST, rename("a/b/c", "a"));
	EITHER(ENOTEMPTY, EEXIST, rename("a/b/c", "a/b"));
	OK(rename("a", "a"));
	SAME(3, NLINK("a"));
}

CASE(dots)
{
	DIR_("a");
	DIR_("a/b");
	EITHER(EBUSY, EINVAL, rename(".", "x"));
	EITHER(EBUSY, EINVAL, rename("..", "x"));
	EITHER(EBUSY, EINVAL, rename("a/.", "x"));
	EITHER(EBUSY, EINVAL, rename("a/b/..", "x"));
	EITHER(EBUSY, EINVAL, rename("a", "."));
	EITHER(EBUSY, EINVAL, rename("a", "a/b/.."));
	ABSENT("x");
}

CASE(of_a_directory_moves_its_parent_along)
{
	struct stat p, q;

	DIR_("p");
	DIR_("q");
	DIR_("p/a");
	DIR_("p/a/in");
	p = STAT("p");
	q = STAT("q");
	SAME(3, NLINK("p"));
	SAME(2, NLINK("q"));
	SAME(p.st_ino, STAT("p/a/..").st_ino);
	posix_tick();
	OK(rename("p/a", "q/a"));
	SAME(2, NLINK("p"));
	SAME(3, NLINK("q"));
	TIMES("p", &p, MTIME | CTIME);
	TIMES("q", &q, MTIME | CTIME);
	SAME(q.st_ino, STAT("q/a/..").st_ino);
	SAME(q.st_ino, STAT("q/a/in/../..").st_ino);
	OK(chdir("q/a/in"));
	OK(rename("../../../q/a", "../../../p/b"));
	SAME(p.st_ino, STAT("../..").st_ino);
	OK(close(OK(open("new", O_CREAT | O_WRONLY, 0644))));
	SAME(0, SIZE("../../../p/b/in/new"));
}

CASE(dotdot_of_an_open_directory)
{
	int dir;

	DIR_("p");
	DIR_("q");
	DIR_("p/a");
	FILE_("q/f");
	dir = OK(open("p/a", O_RDONLY | O_DIRECTORY));
	OK(rename("p/a", "q/a"));
	OK(close(OK(openat(dir, "../f", O_RDONLY))));
}

CASE(over_an_empty_directory)
{
	struct stat was;
	int dir;

	DIR_("p");
	DIR_("p/a");
	DIR_("p/b");
	FILE_("p/a/f");
	was = STAT("p/a");
	dir = OK(open("p/b", O_RDONLY | O_DIRECTORY));
	OK(rename("p/a", "p/b"));
	SAME(3, NLINK("p"));
	SAME(was.st_ino, STAT("p/b").st_ino);
	SAME(0, SIZE("p/b/f"));
	SAME(0, FSTAT(dir).st_nlink);
	FAILS(ENOENT, openat(dir, "x", O_CREAT | O_WRONLY, 0644));
}

CASE(times_of_a_file)
{
	struct stat was, dir;

	DIR_("d");
	FILE_("a");
	was = STAT("a");
	dir = STAT("d");
	posix_tick();
	OK(rename("a", "b"));
	/* POSIX leaves the ctime of what moves open; local file systems on Linux change it. */
	TIMES("b", &was, CTIME);
	posix_tick();
	OK(rename("b", "d/b"));
	TIMES("d", &dir, MTIME | CTIME);
}

CASE(times_of_what_is_replaced)
{
	struct stat was, gone;
	int fd;

	PUT("a", "new");
	PUT("b", "old");
	OK(link("b", "c"));
	was = STAT("c");
	posix_tick();
	OK(rename("a", "b"));
	TIMES("c", &was, CTIME);
	SAME(1, NLINK("c"));
	HAS("b", "new");
	HAS("c", "old");
	fd = OK(open("c", O_RDONLY));
	gone = FSTAT(fd);
	posix_tick();
	OK(rename("b", "c"));
	SAME(0, FSTAT(fd).st_nlink);
	FTIMES(fd, &gone, CTIME);
}

CASE(failure_changes_nothing)
{
	struct stat a, b, dir;

	FILE_("a");
	DIR_("b");
	a = STAT("a");
	b = STAT("b");
	dir = STAT(".");
	posix_tick();
	FAILS(EISDIR, rename("a", "b"));
	FAILS(ENOTDIR, rename("b", "a"));
	FAILS(ENOENT, rename("missing", "a"));
	FAILS(EINVAL, rename("b", "b/c"));
	AS(USER)
	{
		FAILS(EACCES, rename("a", "c"));
	}
	TIMES("a", &a, 0);
	TIMES("b", &b, 0);
	TIMES(".", &dir, 0);
}

CASE(two_names_of_one_file)
{
	struct stat was, dir;

	PUT("a", "x");
	OK(link("a", "b"));
	was = STAT("a");
	dir = STAT(".");
	posix_tick();
	OK(rename("a", "b")); /* does nothing */
	OK(rename("a", "a"));
	SAME(2, NLINK("a"));
	SAME(2, NLINK("b"));
	TIMES("a", &was, 0);
	TIMES(".", &dir, 0);
}

CASE(who_has_it_open_keeps_it)
{
	char got[8];
	int old, new;

	PUT("a", "new");
	PUT("b", "old");
	old = OK(open("b", O_RDWR));
	new = OK(open("a", O_RDWR));
	OK(rename("a", "b"));
	SAME(3, pread(old, got, sizeof(got), 0));
	SAME(0, memcmp(got, "old", 3));
	SAME(3, pread(new, got, sizeof(got), 0));
	SAME(0, memcmp(got, "new", 3));
	SAME(3, pwrite(old, "xxx", 3, 0));
	SAME(3, pwrite(new, "yyy", 3, 0));
	OK(close(old));
	OK(close(new));
	HAS("b", "yyy");
}

CASE(links_move_and_not_what_they_point_to)
{
	PUT("a", "x");
	DIR_("d");
	OK(symlink("a", "l"));
	OK(symlink("d", "m"));
	OK(rename("l", "n"));
	SAME(S_IFLNK, STAT("n").st_mode & S_IFMT);
	HAS("a", "x");
	FILE_("b");
	OK(rename("b", "m")); /* replaces the link */
	SAME(S_IFREG, STAT("m").st_mode & S_IFMT);
	SAME(2, NLINK("d"));
}

CASE(trailing_slashes)
{
	FILE_("a");
	DIR_("d");
	FAILS(ENOTDIR, rename("a/", "b"));
	FAILS(ENOTDIR, rename("a", "b/"));
	OK(rename("d/", "e/"));
	OK(rename("e", "f/"));
	SAME(2, NLINK("f"));
	OK(symlink("f", "l"));
	FAILS(ENOTDIR, rename("l/", "m"));
}

CASE(another_file_system)
{
	FILE_("a");
	FAILS(EXDEV, rename("a", "/dev/shm/posix-new-name"));
	FAILS(EXDEV, rename("/proc/version", "b"));
	ABSENT("b");
}

CASE(sticky_source)
{
	DIR_("s");
	DIR_("d");
	OK(chmod("s", 01777));
	OK(chmod("d", 0777));
	FILE_("s/roots");
	FILE_("s/users");
	OK(chown("s/users", USER, USER));
	AS(USER)
	{
		FAILS(EPERM, rename("s/roots", "s/other"));
		FAILS(EPERM, rename("s/roots", "d/other"));
		OK(rename("s/users", "s/other"));
		OK(rename("s/other", "d/other"));
	}
	OK(chown("s", USER, USER));
	AS(USER)
	{
		OK(rename("s/roots", "s/other"));
	}
}

CASE(sticky_target)
{
	DIR_("s");
	OK(chmod("s", 01777));
	OK(chmod(".", 0777));
	FILE_("s/roots");
	FILE_("s/users");
	FILE_("a");
	FILE_("b");
	OK(chown("s/users", USER, USER));
	AS(USER)
	{
		FAILS(EPERM, rename("a", "s/roots"));
		OK(rename("a", "s/users"));
		OK(rename("b", "s/new"));
	}
}

CASE(needs_the_right_to_write_both_directories)
{
	DIR_("closed");
	DIR_("open");
	OK(chmod("open", 0777));
	FILE_("closed/a");
	FILE_("open/b");
	AS(USER)
	{
		FAILS(EACCES, rename("closed/a", "open/a"));
		FAILS(EACCES, rename("open/b", "closed/b"));
		OK(rename("open/b", "open/c"));
	}
}

CASE(of_a_directory_needs_the_right_to_change_its_parent)
{
	DIR_("p");
	DIR_("q");
	OK(chmod("p", 0777));
	OK(chmod("q", 0777));
	DIR_("p/a");
	AS(USER)
	{
		FAILS(EACCES, rename("p/a", "q/a")); /* its ".." would change */
		OK(rename("p/a", "p/b"));
	}
}

CASE(a_tree)
{
	char name[32];

	DIR_("t");
	for (int i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof(name), "t/%d", i);
		PUT(name, name);
	}
	DIR_("t/u");
	PUT("t/u/deep", "deep");
	OK(rename("t", "v"));
	OK(rename("v/u", "u"));
	for (int i = 0; i < 20; i++) {
		char content[32];

		(void)snprintf(content, sizeof(content), "t/%d", i);
		(void)snprintf(name, sizeof(name), "v/%d", i);
		HAS(name, content);
	}
	HAS("u/deep", "deep");
	SAME(2, NLINK("v"));
}

CASE(is_atomic)
{
	char got[8];
	pid_t pid;

	PUT("a", "one");
	pid = posix_fork();
	if (!pid) {
		for (int i = 0; i < 100; i++) {
			PUT("b", "two");
			OK(rename("b", "a"));
		}
		posix_leave();
	}
	for (int i = 0; i < 200; i++) {
		int fd = open("a", O_RDONLY);

		OK(fd); /* there is always one */
		SAME(3, read(fd, got, sizeof(got)));
		TRUE(!memcmp(got, "one", 3) || !memcmp(got, "two", 3));
		OK(close(fd));
	}
	JOIN(pid);
}

CASE(into_a_directory_that_is_gone)
{
	int dir;

	FILE_("a");
	DIR_("d");
	dir = OK(open("d", O_RDONLY | O_DIRECTORY));
	OK(rmdir("d"));
	FAILS(ENOENT, renameat(AT_FDCWD, "a", dir, "b"));
	SAME(1, NLINK("a"));
}

CASE(names_are_longest)
{
	char long_name[NAME_MAX + 1];

	(void)snprintf(long_name, sizeof(long_name), "%s", posix_name(NAME_MAX));
	FILE_("a");
	OK(rename("a", long_name));
	OK(rename(long_name, "a"));
	FAILS(ENAMETOOLONG, rename("a", posix_name(NAME_MAX + 1)));
}
