/* stat, lstat, fstat, statx, statfs, statvfs, pathconf. */
#include "tests/posix/posix.h"

#include <sys/statvfs.h>
#include <sys/vfs.h>

static int look(const char *path)
{
	struct stat st;

	return stat(path, &st);
}

static int look_itself(const char *path)
{
	struct stat st;

	return lstat(path, &st);
}

static int look_at_system(const char *path)
{
	struct statfs st;

	return statfs(path, &st);
}

CASE(path_errors)
{
	PATH_ERRORS(look);
}

CASE(path_errors_of_lstat)
{
	PATH_ERRORS(look_itself);
}

CASE(path_errors_of_statfs)
{
	PATH_ERRORS(look_at_system);
}

CASE(follows_and_does_not)
{
	struct stat st;

	PUT("a", "text");
	OK(symlink("a", "l"));
	OK(stat("l", &st));
	SAME(S_IFREG, st.st_mode & S_IFMT);
	SAME(STAT("a").st_ino, st.st_ino);
	TRUE(STAT("l").st_ino != st.st_ino);
	OK(symlink("missing", "m"));
	FAILS(ENOENT, stat("m", &st));
	OK(lstat("m", &st));
	OK(symlink("n", "n"));
	FAILS(ELOOP, stat("n", &st));
	FAILS(ENOTDIR, stat("a/", &st));
	FAILS(ENOTDIR, lstat("a/", &st));
	FAILS(EBADF, fstat(-1, &st));
}

CASE(needs_no_right_to_the_file)
{
	PUT("a", "text");
	OK(chmod("a", 0));
	AS(USER)
	{
		SAME(4, SIZE("a"));
	}
}

CASE(sizes_and_blocks)
{
	static char text[10000];
	struct stat st;
	int fd = OK(open("a", O_WRONLY | O_CREAT, 0644));

	SAME(0, FSTAT(fd).st_blocks);
	SAME(10000, write(fd, text, 10000));
	OK(fsync(fd)); /* before that a local disk may not have allocated any */
	st = FSTAT(fd);
	SAME(10000, st.st_size);
	TRUE(st.st_blocks >= (10000 + 511) / 512 && st.st_blocks <= 64);
	TRUE(st.st_blksize >= 512 && !(st.st_blksize & (st.st_blksize - 1)));
	SAME(st.st_dev, STAT(".").st_dev);
	OK(close(fd));
	SAME(10000, SIZE("a"));
	SAME(st.st_blocks, STAT("a").st_blocks);
}

CASE(inode_numbers_stay)
{
	ino_t a, d;

	FILE_("a");
	DIR_("d");
	a = STAT("a").st_ino;
	d = STAT("d").st_ino;
	TRUE(a != d);
	OK(rename("a", "d/b"));
	OK(rename("d", "e"));
	SAME(a, STAT("e/b").st_ino);
	SAME(d, STAT("e").st_ino);
	PUT("e/b", "text");
	OK(truncate("e/b", 0));
	SAME(a, STAT("e/b").st_ino);
	FILE_("a");
	TRUE(a != STAT("a").st_ino);
}

CASE(statx_tells_the_same)
{
	struct statx x;
	struct stat st;

	PUT("a", "text");
	OK(chown("a", USER, OTHER));
	OK(link("a", "b"));
	st = STAT("a");
	OK(statx(AT_FDCWD, "a", AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &x));
	SAME(STATX_BASIC_STATS, x.stx_mask & STATX_BASIC_STATS);
	SAME(st.st_mode, x.stx_mode);
	SAME(st.st_ino, x.stx_ino);
	SAME(2, x.stx_nlink);
	SAME(USER, x.stx_uid);
	SAME(OTHER, x.stx_gid);
	SAME(4, x.stx_size);
	SAME(st.st_blocks, x.stx_blocks);
	SAME(st.st_mtim.tv_nsec, x.stx_mtime.tv_nsec);
	SAME(st.st_ctim.tv_sec, x.stx_ctime.tv_sec);
	OK(statx(AT_FDCWD, "a", AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &x));
	SAME(4, x.stx_size);
	FAILS(EINVAL,
		statx(AT_FDCWD, "a", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, STATX_SIZE, &x));
}

CASE(of_the_system)
{
	struct statvfs v;
	struct statfs st;
	int fd;

	FILE_("a");
	OK(statvfs(".", &v));
	SAME(NAME_MAX, v.f_namemax);
	TRUE(v.f_blocks > 0 && v.f_bfree <= v.f_blocks && v.f_bavail <= v.f_bfree);
	TRUE(v.f_files > 0 && v.f_ffree <= v.f_files);
	TRUE(v.f_bsize >= 512 && v.f_frsize >= 512);
	SAME(0, v.f_flag & ST_RDONLY);
	fd = OK(open("a", O_RDONLY));
	OK(fstatfs(fd, &st));
	SAME(NAME_MAX, st.f_namelen);
	SAME(v.f_blocks, st.f_blocks);
	FAILS(EBADF, fstatfs(-1, &st));
	OK(unlink("a"));
	OK(fstatfs(fd, &st)); /* without a name too */
	AS(USER)
	{
		OK(statfs(".", &st));
	}
}

CASE(limits)
{
	SAME(NAME_MAX, pathconf(".", _PC_NAME_MAX));
	SAME(PATH_MAX, pathconf(".", _PC_PATH_MAX));
	TRUE(pathconf(".", _PC_LINK_MAX) >= 127); /* glibc's own, by the kind of file system */
	SAME(1, pathconf(".", _PC_NO_TRUNC));
	SAME(1, pathconf(".", _PC_CHOWN_RESTRICTED));
	FAILS(ENOENT, pathconf("missing", _PC_NAME_MAX));
}

CASE(dot_and_dotdot)
{
	DIR_("a");
	DIR_("a/b");
	SAME(STAT("a").st_ino, STAT("a/b/..").st_ino);
	SAME(STAT("a").st_ino, STAT("a/./././b/../.").st_ino);
	SAME(STAT("a/b").st_ino, STAT("a//b///").st_ino);
	OK(chdir("a/b"));
	SAME(STAT("../../a").st_ino, STAT("..").st_ino);
	OK(rename("../../a", "../../c"));
	SAME(STAT("../../c").st_ino, STAT("..").st_ino);
}
