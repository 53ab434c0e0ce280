/* write, pwrite, read, pread and their vectors. */
#include "tests/posix/posix.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/uio.h>

CASE(what_was_written_is_read)
{
	char got[16];
	int fd = OK(open("a", O_RDWR | O_CREAT, 0644));

	SAME(5, write(fd, "hello", 5));
	SAME(5, lseek(fd, 0, SEEK_CUR));
	SAME(3, pwrite(fd, "JJJ", 3, 1));
	SAME(5, lseek(fd, 0, SEEK_CUR));
	SAME(0, read(fd, got, 4));
	SAME(0, lseek(fd, 0, SEEK_SET));
	SAME(4, read(fd, got, 4));
	SAME(0, memcmp(got, "hJJJ", 4));
	SAME(1, read(fd, got, 4));
	SAME('o', got[0]);
	SAME(0, read(fd, got, 4));
	SAME(0, pread(fd, got, 4, 1000000));
	SAME(0, read(fd, got, 0));
}

CASE(vectors)
{
	char a[3], b[5];
	struct iovec out[] = { { "ab", 2 }, { "", 0 }, { "cdef", 4 } },
		     in[] = { { a, 3 }, { b, 5 } };
	int fd = OK(open("a", O_RDWR | O_CREAT, 0644));

	SAME(6, writev(fd, out, 3));
	SAME(6, pwritev(fd, out, 3, 6));
	SAME(8, preadv(fd, in, 2, 4));
	SAME(0, memcmp(a, "efa", 3));
	SAME(0, memcmp(b, "bcdef", 5));
}

CASE(large_ones)
{
	static char text[3 << 20], got[sizeof(text)];
	int fd = OK(open("a", O_RDWR | O_CREAT, 0644));

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * 7 + i / 251);
	SAME((ssize_t)sizeof(text), pwrite(fd, text, sizeof(text), 77));
	SAME((ssize_t)sizeof(text), pread(fd, got, sizeof(got), 77));
	SAME(0, memcmp(text, got, sizeof(text)));
	OK(close(fd));
	fd = OK(open("a", O_RDONLY));
	SAME((ssize_t)sizeof(text), pread(fd, got, sizeof(got), 77));
	SAME(0, memcmp(text, got, sizeof(text)));
	SAME((ssize_t)sizeof(text) + 77, SIZE("a"));
}

CASE(a_gap_is_zeros)
{
	char got[10];
	int fd = OK(open("a", O_RDWR | O_CREAT, 0644));

	SAME(1, pwrite(fd, "x", 1, 100000));
	SAME(100001, FSTAT(fd).st_size);
	SAME(10, pread(fd, got, 10, 99991));
	SAME(0, memcmp(got, "\0\0\0\0\0\0\0\0\0x", 10));
	OK(close(fd));
	fd = OK(open("a", O_RDONLY));
	SAME(10, pread(fd, got, 10, 0));
	SAME(0, memcmp(got, "\0\0\0\0\0\0\0\0\0\0", 10));
}

CASE(times)
{
	struct stat was;
	char got[4];
	int fd = OK(open("a", O_RDWR | O_CREAT, 0644));

	was = FSTAT(fd);
	posix_tick();
	SAME(1, write(fd, "x", 1));
	FTIMES(fd, &was, MTIME | CTIME);
	was = FSTAT(fd);
	posix_tick();
	SAME(1, pwrite(fd, "y", 1, 0)); /* the size stays */
	FTIMES(fd, &was, MTIME | CTIME);
	was = FSTAT(fd);
	posix_tick();
	SAME(0, write(fd, "", 0));
	FTIMES(fd, &was, 0);
	SAME(1, pread(fd, got, 4, 0));
	was.st_atim = FSTAT(fd).st_atim;
	FTIMES(fd, &was, 0);
	OK(close(fd));
	TIMES("a", &was, 0); /* the change was the write, not the close */
}

CASE(reading_marks_the_atime)
{
	struct stat was, is;
	char got[4];
	int fd;

	PUT("a", "x");
	OK(utimensat(AT_FDCWD, "a", (struct timespec[]){ { 1000, 0 }, { 2000, 0 } }, 0));
	was = STAT("a");
	posix_tick();
	fd = OK(open("a", O_RDONLY));
	SAME(1, read(fd, got, 4));
	OK(close(fd));
	is = STAT("a");
	if (is.st_atim.tv_sec == was.st_atim.tv_sec)
		MAY(is.st_atim.tv_nsec == was.st_atim.tv_nsec,
			"reading does not mark the atime, as with noatime");
	was.st_atim = is.st_atim;
	TIMES("a", &was, 0);
}

CASE(append)
{
	int fd, other;

	PUT("a", "one");
	fd = OK(open("a", O_WRONLY | O_APPEND));
	SAME(3, write(fd, "two", 3));
	SAME(6, lseek(fd, 0, SEEK_CUR));
	SAME(0, lseek(fd, 0, SEEK_SET));
	SAME(5, write(fd, "three", 5));
	HAS("a", "onetwothree");
	other = OK(open("a", O_WRONLY | O_APPEND));
	SAME(1, write(other, "x", 1));
	SAME(1, write(fd, "y", 1));
	HAS("a", "onetwothreexy");
	OK(ftruncate(fd, 1));
	SAME(1, write(other, "z", 1));
	HAS("a", "oz");
	SAME(2, pwrite(fd, "PP", 2, 0)); /* Linux: at the end all the same */
	HAS("a", "ozPP");
}

CASE(append_by_fcntl)
{
	int fd;

	PUT("a", "one");
	fd = OK(open("a", O_WRONLY));
	OK(fcntl(fd, F_SETFL, O_APPEND));
	SAME(1, write(fd, "x", 1));
	OK(fcntl(fd, F_SETFL, 0));
	SAME(1, pwrite(fd, "y", 1, 0));
	HAS("a", "ynex");
}

CASE(appends_of_many_survive)
{
	pid_t pids[4];
	char got[4096];
	int fd, count[4] = { 0 };

	FILE_("a");
	for (int i = 0; i < 4; i++) {
		pids[i] = posix_fork();
		if (!pids[i]) {
			char line[8];

			fd = OK(open("a", O_WRONLY | O_APPEND));
			(void)snprintf(line, sizeof(line), "line %d\n", i);
			for (int k = 0; k < 50; k++)
				SAME(7, write(fd, line, 7));
			OK(close(fd));
			posix_leave();
		}
	}
	for (int i = 0; i < 4; i++)
		JOIN(pids[i]);
	SAME(4 * 50 * 7, SIZE("a"));
	fd = OK(open("a", O_RDONLY));
	SAME(4 * 50 * 7, read(fd, got, sizeof(got)));
	for (int i = 0; i < 200; i++) {
		SAME(0, memcmp(got + 7 * i, "line ", 5));
		count[got[7 * i + 5] - '0']++;
	}
	for (int i = 0; i < 4; i++)
		SAME(50, count[i]);
}

CASE(descriptors)
{
	char c = 0;
	int p[2];

	FAILS(EBADF, write(-1, &c, 1));
	FAILS(EBADF, read(-1, &c, 1));
	OK(pipe(p));
	FAILS(ESPIPE, pread(p[0], &c, 1, 0));
	FAILS(ESPIPE, pwrite(p[1], &c, 1, 0));
	FAILS(ESPIPE, lseek(p[0], 0, SEEK_SET));
	FAILS(EINVAL, pread(OK(open("a", O_RDWR | O_CREAT, 0644)), &c, 1, -1));
	FAILS(EINVAL, pwrite(OK(open("a", O_RDWR)), &c, 1, -1));
}

CASE(a_fifo_is_a_pipe)
{
	char c = 0;
	int r, w;

	OK(mkfifo("p", 0644));
	r = OK(open("p", O_RDONLY | O_NONBLOCK));
	w = OK(open("p", O_WRONLY));
	FAILS(EAGAIN, read(r, &c, 1));
	FAILS(ESPIPE, lseek(r, 0, SEEK_SET));
	OK(unlink("p")); /* it lives on */
	SAME(1, write(w, "x", 1));
	SAME(1, read(r, &c, 1));
	(void)signal(SIGPIPE, SIG_IGN);
	OK(close(r));
	FAILS(EPIPE, write(w, "x", 1));
}

CASE(clears_set_id_for_a_user)
{
	static const int flags[] = { O_WRONLY, O_WRONLY | O_APPEND, O_RDWR | O_SYNC };

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		PUT("a", "x");
		OK(chmod("a", 06777));
		AS(USER)
		{
			int fd = OK(open("a", flags[i]));

			SAME(1, write(fd, "y", 1));
			SAME(0777, FSTAT(fd).st_mode & 07777);
		}
		SAME(0777, MODE("a"));
		OK(chmod("a", 02666));
		AS(USER)
		{
			SAME(1, write(OK(open("a", flags[i])), "y", 1));
		}
		if (MODE("a") != 0666) /* of a group that he is not in */
			MAY(MODE("a") == 02666,
				"set-group-id of what is no program stays when a user writes");
		OK(chmod("a", 06777));
		SAME(1, write(OK(open("a", flags[i])), "y", 1)); /* root's keeps them */
		SAME(06777, MODE("a"));
		OK(unlink("a"));
	}
}

CASE(beyond_the_limit_of_the_process)
{
	static char text[2000];
	struct rlimit limit = { 1000, 1000 };
	int fd = OK(open("a", O_RDWR | O_CREAT, 0644));

	(void)signal(SIGXFSZ, SIG_IGN);
	OK(setrlimit(RLIMIT_FSIZE, &limit));
	SAME(1000, write(fd, text, sizeof(text))); /* as much as goes */
	FAILS(EFBIG, write(fd, text, 1));
	FAILS(EFBIG, pwrite(fd, text, 1, 1000));
	SAME(1000, FSTAT(fd).st_size);
}

CASE(too_far)
{
	int fd = OK(open("a", O_RDWR | O_CREAT, 0644));

	EITHER(EFBIG, EINVAL, pwrite(fd, "xy", 2, INT64_MAX - 1));
	FAILS(EFBIG, pwrite(fd, "x", 1, INT64_MAX - 4096));
	SAME(0, FSTAT(fd).st_size);
}

CASE(two_descriptors_see_the_same)
{
	char got[8];
	int a, b;

	PUT("a", "12345");
	a = OK(open("a", O_RDWR));
	b = OK(open("a", O_RDWR));
	SAME(1, pwrite(a, "x", 1, 0));
	SAME(5, pread(b, got, 8, 0));
	SAME(0, memcmp(got, "x2345", 5));
	SAME(1, pwrite(b, "y", 1, 4));
	SAME(5, pread(a, got, 8, 0));
	SAME(0, memcmp(got, "x234y", 5));
	OK(ftruncate(a, 2));
	SAME(2, pread(b, got, 8, 0));
	SAME(2, FSTAT(b).st_size);
	SAME(5, write(OK(dup(b)), "dup!!", 5));
	SAME(5, lseek(b, 0, SEEK_CUR)); /* one offset */
}

CASE(synchronous)
{
	int fd = OK(open("a", O_RDWR | O_CREAT | O_SYNC, 0644));

	SAME(4, write(fd, "text", 4));
	HAS("a", "text");
	fd = OK(open("b", O_RDWR | O_CREAT | O_DSYNC, 0644));
	SAME(4, write(fd, "text", 4));
	HAS("b", "text");
}

CASE(fsync_of_every_kind_of_descriptor)
{
	int fd;

	PUT("a", "x");
	OK(fsync(OK(open("a", O_RDONLY))));
	fd = OK(open("a", O_RDWR));
	SAME(1, write(fd, "y", 1));
	OK(fdatasync(fd));
	OK(fsync(fd));
	OK(syncfs(fd));
	OK(fsync(OK(open(".", O_RDONLY | O_DIRECTORY))));
	FAILS(EBADF, fsync(-1));
	FAILS(EBADF, fsync(OK(open("a", O_PATH))));
	OK(mkfifo("p", 0644));
	FAILS(EINVAL, fsync(OK(open("p", O_RDWR))));
}

CASE(direct)
{
	_Alignas(4096) static char block[8192], got[8192];
	int fd = open("a", O_RDWR | O_CREAT | O_DIRECT, 0644);

	if (fd < 0) {
		MAY(errno == EINVAL, "O_DIRECT is refused");
		return;
	}
	memset(block, 'd', sizeof(block));
	SAME(8192, pwrite(fd, block, 8192, 4096));
	SAME(4096, pread(fd, got, 4096, 8192));
	SAME(0, memcmp(got, block, 4096));
	SAME(4096, pread(fd, got, 4096, 0));
	SAME(0, got[0]);
	SAME(12288, FSTAT(fd).st_size);
	OK(close(fd));
	fd = OK(open("a", O_RDWR)); /* and by the page cache */
	SAME(4096, pread(fd, got, 4096, 4096));
	SAME(0, memcmp(got, block, 4096));
	OK(fcntl(fd, F_SETFL, O_DIRECT));
	SAME(4096, pread(fd, got, 4096, 8192));
	SAME(0, memcmp(got, block, 4096));
}
