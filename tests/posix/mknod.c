/* mknod and mkfifo. */
#include "tests/posix/posix.h"

#include <sys/sysmacros.h>

static int make(const char *path)
{
	return mknod(path, S_IFREG | 0644, 0);
}

static int fifo(const char *path)
{
	return mkfifo(path, 0644);
}

CASE(path_errors)
{
	PATH_ERRORS(make);
}

CASE(path_errors_of_mkfifo)
{
	PATH_ERRORS(fifo);
}

CASE(a_new_name)
{
	NEW_NAME(make, unlink);
}

CASE(a_new_name_of_mkfifo)
{
	NEW_NAME(fifo, unlink);
}

CASE(types_and_modes)
{
	static const mode_t types[] = { S_IFREG, S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK };

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		OK(mknod("x", types[i] | 0666, 0));
		SAME(types[i] | 0644, STAT("x").st_mode);
		SAME(1, NLINK("x"));
		SAME(0, SIZE("x"));
		OK(unlink("x"));
		OK(mknod("x", types[i] | 07151, 0));
		SAME(types[i] | 07151, STAT("x").st_mode);
		OK(unlink("x"));
	}
	OK(mknod("x", 0644, 0)); /* no type: a file */
	SAME(S_IFREG | 0644, STAT("x").st_mode);
	FAILS(EPERM, mknod("y", S_IFDIR | 0755, 0));
	FAILS(EINVAL, mknod("y", S_IFLNK | 0777, 0));
	ABSENT("y");
}

CASE(device_numbers)
{
	static const unsigned numbers[][2] = { { 0, 0 }, { 1, 3 }, { 8, 17 }, { 255, 255 },
		{ 4095, 1048575 }, { 259, 65536 } };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		dev_t want = makedev(numbers[i][0], numbers[i][1]);

		OK(mknod("c", S_IFCHR | 0600, want));
		OK(mknod("b", S_IFBLK | 0600, want));
		SAME(want, STAT("c").st_rdev);
		SAME(want, STAT("b").st_rdev);
		OK(rename("c", "d"));
		OK(link("b", "e"));
		SAME(want, STAT("d").st_rdev);
		SAME(want, STAT("e").st_rdev);
		OK(unlink("d"));
		OK(unlink("b"));
		OK(unlink("e"));
	}
}

CASE(devices_are_roots)
{
	OK(chmod(".", 0777));
	AS(USER)
	{
		FAILS(EPERM, mknod("c", S_IFCHR | 0600, makedev(1, 3)));
		FAILS(EPERM, mknod("b", S_IFBLK | 0600, makedev(1, 3)));
		OK(mkfifo("p", 0600));
		OK(mknod("s", S_IFSOCK | 0600, 0));
		OK(mknod("f", S_IFREG | 0600, 0));
	}
	SAME(USER, STAT("p").st_uid);
}

CASE(times)
{
	struct stat dir = STAT("."), is;

	posix_tick();
	OK(mkfifo("p", 0600));
	TIMES(".", &dir, MTIME | CTIME);
	is = STAT("p");
	SAME(is.st_mtim.tv_nsec, is.st_ctim.tv_nsec);
	SAME(is.st_mtim.tv_nsec, is.st_atim.tv_nsec);
}

CASE(group_of_a_set_group_id_directory)
{
	DIR_("d");
	OK(chown("d", 0, OTHER));
	OK(chmod("d", 02777));
	AS(USER)
	{
		OK(mkfifo("d/p", 0644));
		OK(mknod("d/f", S_IFREG | 0644, 0));
	}
	SAME(OTHER, STAT("d/p").st_gid);
	SAME(OTHER, STAT("d/f").st_gid);
	SAME(0644, MODE("d/p"));
}

CASE(a_file_is_written_to)
{
	OK(mknod("f", S_IFREG | 0644, 0));
	PUT("f", "text");
	HAS("f", "text");
}
