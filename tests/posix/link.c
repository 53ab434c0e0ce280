#include "tests/posix/posix.h"

static int make(const char *path)
{
	return link("source", path);
}

static int from(const char *path)
{
	return link(path, "made");
}

CASE(path_errors_of_the_new_name)
{
	FILE_("source");
	PATH_ERRORS(make);
	SAME(1, NLINK("source"));
}

CASE(path_errors_of_the_old_name)
{
	PATH_ERRORS(from);
	ABSENT("made");
}

CASE(refuses_a_name_that_is_there)
{
	FILE_("source");
	for (int i = 0; i < TYPES; i++) {
		posix_make(i, posix_types[i]);
		FAILS(EEXIST, link("source", posix_types[i]));
	}
	FAILS(EEXIST, link("source", "source"));
	FAILS(EEXIST, link("source", "."));
	SAME(1, NLINK("source"));
}

CASE(every_type)
{
	for (int i = 0; i < TYPES; i++) {
		posix_make(i, "a");
		if (i == TYPE_DIR) {
			FAILS(EPERM, link("a", "b"));
			ABSENT("b");
			OK(rmdir("a"));
			continue;
		}
		OK(link("a", "b"));
		SAME(2, NLINK("a"));
		SAME(STAT("a").st_ino, STAT("b").st_ino);
		SAME(STAT("a").st_mode, STAT("b").st_mode);
		OK(unlink("a"));
		SAME(1, NLINK("b"));
		OK(unlink("b"));
	}
}

CASE(one_file_by_two_names)
{
	DIR_("d");
	PUT("a", "x");
	OK(link("a", "d/b"));
	PUT("d/b", "longer");
	HAS("a", "longer");
	OK(chmod("a", 0600));
	SAME(0600, MODE("d/b"));
	OK(chown("d/b", USER, OTHER));
	SAME(USER, STAT("a").st_uid);
	OK(truncate("a", 2));
	HAS("d/b", "lo");
	OK(unlink("a"));
	HAS("d/b", "lo");
	SAME(1, NLINK("d/b"));
}

CASE(times)
{
	struct stat dir, was;

	DIR_("d");
	FILE_("a");
	dir = STAT("d");
	was = STAT("a");
	posix_tick();
	OK(link("a", "d/b"));
	TIMES("a", &was, CTIME);
	TIMES("d", &dir, MTIME | CTIME);
}

CASE(failure_changes_nothing)
{
	struct stat dir, was;

	FILE_("a");
	FILE_("b");
	dir = STAT(".");
	was = STAT("a");
	posix_tick();
	FAILS(EEXIST, link("a", "b"));
	FAILS(ENOENT, link("a", "missing/b"));
	AS(USER)
	{
		EITHER(EACCES, EPERM, link("a", "c")); /* EPERM: protected_hardlinks */
	}
	TIMES("a", &was, 0);
	TIMES(".", &dir, 0);
	SAME(1, NLINK("a"));
}

CASE(a_symbolic_link_itself)
{
	FILE_("a");
	OK(symlink("a", "l"));
	OK(link("l", "m"));
	SAME(S_IFLNK, STAT("m").st_mode & S_IFMT);
	SAME(2, NLINK("l"));
	SAME(1, NLINK("a"));
	OK(linkat(AT_FDCWD, "l", AT_FDCWD, "n", AT_SYMLINK_FOLLOW));
	SAME(STAT("a").st_ino, STAT("n").st_ino);
	SAME(2, NLINK("a"));
}

CASE(trailing_slashes)
{
	FILE_("a");
	FAILS(ENOTDIR, link("a/", "b"));
	FAILS(ENOENT, link("a", "b/"));
	ABSENT("b");
}

CASE(another_file_system)
{
	FILE_("a");
	FAILS(EXDEV, link("a", "/dev/shm/posix-new-name"));
	FAILS(EXDEV, link("/proc/version", "b"));
}

CASE(needs_the_right_to_write_the_directory)
{
	DIR_("closed");
	DIR_("open");
	OK(chmod("open", 0777));
	FILE_("a");
	OK(chown("a", USER, USER));
	AS(USER)
	{
		FAILS(EACCES, link("a", "closed/b"));
		OK(link("a", "open/b"));
	}
	SAME(2, NLINK("a"));
}

CASE(of_an_open_file_by_descriptor)
{
	int fd;

	PUT("a", "x");
	fd = OK(open("a", O_RDWR));
	OK(linkat(fd, "", AT_FDCWD, "b", AT_EMPTY_PATH));
	SAME(2, FSTAT(fd).st_nlink);
	HAS("b", "x");
	FAILS(EINVAL, linkat(fd, "", AT_FDCWD, "c", 0x40000000));
}

CASE(of_an_open_file_without_a_name_is_refused)
{
	int fd = OK(open("a", O_RDWR | O_CREAT, 0644));

	OK(unlink("a"));
	FAILS(ENOENT, linkat(fd, "", AT_FDCWD, "b", AT_EMPTY_PATH));
	ABSENT("b");
	SAME(0, FSTAT(fd).st_nlink);
}

CASE(into_a_directory_that_is_gone)
{
	int dir;

	FILE_("a");
	DIR_("d");
	dir = OK(open("d", O_RDONLY | O_DIRECTORY));
	OK(rmdir("d"));
	FAILS(ENOENT, linkat(AT_FDCWD, "a", dir, "b", 0));
	SAME(1, NLINK("a"));
}

CASE(many)
{
	char name[16];

	FILE_("a");
	for (int i = 0; i < 200; i++) {
		(void)snprintf(name, sizeof(name), "l%d", i);
		OK(link("a", name));
	}
	SAME(201, NLINK("a"));
	for (int i = 0; i < 200; i++) {
		(void)snprintf(name, sizeof(name), "l%d", i);
		OK(unlink(name));
	}
	SAME(1, NLINK("a"));
}
