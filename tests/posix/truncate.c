/* truncate and ftruncate. */
#include "tests/posix/posix.h"

#include <signal.h>
#include <sys/resource.h>

static int cut(const char *path)
{
	return truncate(path, 0);
}

CASE(path_errors)
{
	PATH_ERRORS(cut);
}

CASE(down_and_up)
{
	char got[16];
	int fd;

	PUT("a", "0123456789");
	OK(truncate("a", 4));
	HAS("a", "0123");
	OK(truncate("a", 8)); /* zeros, and not what was there */
	fd = OK(open("a", O_RDONLY));
	SAME(8, read(fd, got, sizeof(got)));
	SAME(0, memcmp(got, "0123\0\0\0\0", 8));
	OK(truncate("a", 0));
	SAME(0, SIZE("a"));
	OK(truncate("a", 3));
	SAME(3, pread(fd, got, sizeof(got), 0));
	SAME(0, memcmp(got, "\0\0\0", 3));
}

CASE(of_an_open_file)
{
	char got[16];
	int fd = OK(open("a", O_RDWR | O_CREAT, 0644));

	SAME(10, write(fd, "0123456789", 10));
	OK(ftruncate(fd, 4));
	SAME(4, FSTAT(fd).st_size);
	SAME(4, SIZE("a"));
	SAME(10, lseek(fd, 0, SEEK_CUR)); /* the offset stays */
	SAME(2, write(fd, "xy", 2));
	SAME(12, pread(fd, got, sizeof(got), 0));
	SAME(0, memcmp(got, "0123\0\0\0\0\0\0xy", 12));
	OK(ftruncate(fd, 5000000));
	SAME(5000000, FSTAT(fd).st_size);
	SAME(1, pread(fd, got, 1, 4999999));
	SAME(0, got[0]);
	SAME(0, pread(fd, got, 1, 5000000));
	OK(close(fd));
	SAME(5000000, SIZE("a"));
}

CASE(over_page_borders)
{
	static char text[20000];
	static const off_t sizes[] = { 0, 1, 511, 512, 4095, 4096, 4097, 8192, 12345, 19999 };
	char got;
	int fd;

	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		fd = OK(open("a", O_RDWR | O_CREAT | O_TRUNC, 0644));
		SAME((ssize_t)sizeof(text), write(fd, text, sizeof(text)));
		OK(ftruncate(fd, sizes[i]));
		OK(ftruncate(fd, 20000));
		if (sizes[i]) {
			SAME(1, pread(fd, &got, 1, sizes[i] - 1));
			SAME('x', got);
		}
		SAME(1, pread(fd, &got, 1, sizes[i]));
		SAME(0, got);
		SAME(1, pread(fd, &got, 1, 19999));
		SAME(0, got);
		OK(close(fd));
	}
}

CASE(times)
{
	struct stat was;
	int fd;

	PUT("a", "text");
	was = STAT("a");
	posix_tick();
	OK(truncate("a", 2));
	TIMES("a", &was, MTIME | CTIME);
	was = STAT("a");
	posix_tick();
	OK(truncate("a", 100));
	TIMES("a", &was, MTIME | CTIME);
	was = STAT("a");
	posix_tick();
	OK(truncate("a", 100)); /* the same size */
	TIMES("a", &was, MTIME | CTIME);
	fd = OK(open("a", O_WRONLY));
	was = STAT("a");
	posix_tick();
	OK(ftruncate(fd, 3));
	FTIMES(fd, &was, MTIME | CTIME);
	was = STAT("a");
	posix_tick();
	OK(ftruncate(fd, 3));
	FTIMES(fd, &was, MTIME | CTIME);
	was = STAT("a");
	OK(close(fd));
	TIMES("a", &was, 0); /* that was the change, not the close */
	was = STAT("a");
	posix_tick();
	OK(truncate("a", 0));
	TIMES("a", &was, MTIME | CTIME);
	was = STAT("a");
	posix_tick();
	OK(truncate("a", 0));
	TIMES("a", &was, MTIME | CTIME);
}

CASE(failure_changes_nothing)
{
	struct stat was;

	PUT("a", "text");
	was = STAT("a");
	posix_tick();
	FAILS(EINVAL, truncate("a", -1));
	AS(USER)
	{
		FAILS(EACCES, truncate("a", 0));
	}
	TIMES("a", &was, 0);
	HAS("a", "text");
}

CASE(other_types)
{
	DIR_("d");
	OK(mkfifo("p", 0644));
	OK(symlink("missing", "l"));
	FAILS(EISDIR, truncate("d", 0));
	FAILS(EINVAL, truncate("p", 0));
	FAILS(ENOENT, truncate("l", 0));
	FAILS(ENOENT, truncate("missing", 0));
	PUT("a", "text");
	OK(symlink("a", "m"));
	OK(truncate("m", 1));
	HAS("a", "t");
}

CASE(descriptors)
{
	int fd;

	PUT("a", "text");
	fd = OK(open("a", O_RDONLY));
	EITHER(EINVAL, EBADF, ftruncate(fd, 0));
	FAILS(EBADF, ftruncate(-1, 0));
	fd = OK(open("a", O_RDWR));
	FAILS(EINVAL, ftruncate(fd, -1));
	HAS("a", "text");
}

CASE(the_right_is_asked_for_at_open)
{
	PUT("a", "text");
	OK(chmod("a", 0666));
	AS(USER)
	{
		int fd = OK(open("a", O_RDWR));

		OK(truncate("a", 3));
		FAILS(EPERM, chmod("a", 0));
		OK(ftruncate(fd, 2));
	}
	HAS("a", "te");
	OK(chmod("a", 0444));
	OK(chown("a", USER, USER));
	AS(USER)
	{
		FAILS(EACCES, truncate("a", 1));
	}
}

CASE(clears_set_id_for_a_user)
{
	PUT("a", "text");
	OK(chmod("a", 06777));
	AS(USER)
	{
		OK(truncate("a", 2));
	}
	SAME(0777, MODE("a"));
	OK(chmod("a", 06777));
	AS(USER)
	{
		OK(ftruncate(OK(open("a", O_RDWR)), 1));
	}
	SAME(0777, MODE("a"));
	OK(chmod("a", 06777));
	AS(USER)
	{
		OK(truncate("a", 0));
	}
	SAME(0777, MODE("a"));
}

CASE(beyond_the_limit_of_the_process)
{
	struct rlimit limit = { 1000, 1000 };

	PUT("a", "text");
	(void)signal(SIGXFSZ, SIG_IGN);
	OK(setrlimit(RLIMIT_FSIZE, &limit));
	FAILS(EFBIG, truncate("a", 1001));
	HAS("a", "text");
	OK(truncate("a", 1000));
	SAME(1000, SIZE("a"));
}

/* As long as ext4 has them (2^32 - 1 blocks of 4 KiB), of which next to nothing takes room. */
CASE(terabytes)
{
	const off_t far = 1LL << 40, longest = (1LL << 44) - 4096;
	char got[4];
	int fd;

	PUT("a", "text");
	OK(truncate("a", far));
	SAME(far, SIZE("a"));
	fd = OK(open("a", O_RDWR));
	SAME(4, pread(fd, got, 4, far - 4));
	SAME(0, memcmp(got, "\0\0\0\0", 4));
	SAME(3, pwrite(fd, "end", 3, far - 3));
	OK(ftruncate(fd, 2 * far));
	SAME(4, pread(fd, got, 4, far - 4));
	SAME(0, memcmp(got, "\0end", 4));
	OK(ftruncate(fd, longest));
	SAME(longest, FSTAT(fd).st_size);
	SAME(0, pread(fd, got, 4, longest));
	SAME(1, pread(fd, got, 4, longest - 1));
	OK(ftruncate(fd, 4));
	OK(close(fd));
	HAS("a", "text");
}

CASE(longer_than_files_are)
{
	const off_t longest = (1LL << 44) - 4096;
	int fd = OK(open("a", O_RDWR | O_CREAT, 0644));

	FAILS(EFBIG, ftruncate(fd, longest + 1));
	FAILS(EFBIG, pwrite(fd, "x", 1, longest));
	SAME(0, FSTAT(fd).st_size);
	SAME(1, pwrite(fd, "xyz", 3, longest - 1)); /* as much as goes */
	SAME(longest, FSTAT(fd).st_size);
}

CASE(too_large)
{
	PUT("a", "text");
	FAILS(EFBIG, truncate("a", INT64_MAX));
	HAS("a", "text");
}
