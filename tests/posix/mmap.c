#include "tests/posix/posix.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define PAGE 4096

static char *map(int fd, size_t len, int prot, int flags)
{
	void *at = mmap(NULL, len, prot, flags, fd, 0);

	if (at == MAP_FAILED)
		posix_fail(__FILE__, __LINE__, "mmap: %s", strerrorname_np(errno));
	return at;
}

static void refused(int want, int fd, int prot, int flags)
{
	TRUE(mmap(NULL, PAGE, prot, flags, fd, 0) == MAP_FAILED);
	SAME(want, errno);
}

CASE(reads)
{
	const char *at;
	int fd;

	PUT("a", "text");
	fd = OK(open("a", O_RDONLY));
	at = map(fd, PAGE, PROT_READ, MAP_SHARED);
	OK(close(fd)); /* the mapping stays */
	SAME(0, memcmp(at, "text\0\0", 6));
	OK(unlink("a"));
	SAME(0, memcmp(at, "text", 4));
}

CASE(shared_writes_reach_the_file)
{
	char got[8], *at;
	int fd;

	PUT("a", "0123456789");
	fd = OK(open("a", O_RDWR));
	at = map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	memcpy(at + 2, "xx", 2);
	SAME(8, pread(fd, got, 8, 0));
	SAME(0, memcmp(got, "01xx4567", 8));
	at[20] = 'z'; /* past the end: not the file's */
	OK(msync(at, PAGE, MS_SYNC));
	SAME(10, FSTAT(fd).st_size);
	OK(munmap(at, PAGE));
	OK(close(fd));
	HAS("a", "01xx456789");
}

CASE(written_after_close)
{
	char *at;
	int fd;

	PUT("a", "0123456789");
	fd = OK(open("a", O_RDWR));
	at = map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	OK(close(fd));
	memcpy(at, "abc", 3);
	OK(munmap(at, PAGE));
	HAS("a", "abc3456789");
}

CASE(private_writes_do_not)
{
	char *at;
	int fd;

	PUT("a", "0123456789");
	fd = OK(open("a", O_RDONLY));
	at = map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	memcpy(at, "xxx", 3);
	SAME(0, memcmp(at, "xxx3", 4));
	HAS("a", "0123456789");
}

CASE(writes_by_descriptor_are_seen)
{
	const char *at;
	int fd;

	PUT("a", "0123456789");
	fd = OK(open("a", O_RDWR));
	at = map(fd, PAGE, PROT_READ, MAP_SHARED);
	SAME('0', at[0]);
	SAME(3, pwrite(fd, "abc", 3, 0));
	SAME(0, memcmp(at, "abc3", 4));
	OK(ftruncate(fd, 2));
	SAME(0, memcmp(at, "ab\0\0", 4));
	OK(ftruncate(fd, 8));
	SAME(0, memcmp(at, "ab\0\0\0\0\0\0", 8));
}

CASE(two_processes_share)
{
	volatile char *at;
	pid_t pid;
	int fd;

	PUT("a", "0123456789");
	fd = OK(open("a", O_RDWR));
	at = map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	pid = posix_fork();
	if (!pid) {
		char *own = map(OK(open("a", O_RDWR)), PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);

		own[0] = 'x';
		posix_leave();
	}
	JOIN(pid);
	SAME('x', at[0]);
}

CASE(mode_of_the_descriptor)
{
	int r, w, d;

	PUT("a", "x");
	r = OK(open("a", O_RDONLY));
	w = OK(open("a", O_WRONLY));
	d = OK(open(".", O_RDONLY | O_DIRECTORY));
	refused(EACCES, w, PROT_READ, MAP_SHARED);
	refused(EACCES, r, PROT_READ | PROT_WRITE, MAP_SHARED);
	refused(ENODEV, d, PROT_READ, MAP_SHARED);
	refused(EBADF, -1, PROT_READ, MAP_SHARED);
	OK(munmap(map(r, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE), PAGE));
}

CASE(beyond_the_end_is_a_signal)
{
	const volatile char *at;
	int fd, status;
	pid_t pid;

	PUT("a", "x");
	fd = OK(open("a", O_RDONLY));
	at = map(fd, (size_t)4 * PAGE, PROT_READ, MAP_SHARED);
	SAME('x', at[0]);
	SAME(0, at[1]);
	pid = posix_fork();
	if (!pid) {
		(void)signal(SIGBUS, SIG_DFL);
		_exit(at[PAGE * 2]);
	}
	SAME(pid, waitpid(pid, &status, 0));
	TRUE(WIFSIGNALED(status));
	SAME(SIGBUS, WTERMSIG(status));
}

CASE(times)
{
	struct stat was;
	char *at;
	int fd;

	PUT("a", "0123456789");
	fd = OK(open("a", O_RDWR));
	at = map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	was = STAT("a");
	posix_tick();
	at[0] = 'x';
	OK(msync(at, PAGE, MS_SYNC));
	OK(munmap(at, PAGE));
	OK(close(fd));
	TIMES("a", &was, MTIME | CTIME);
}

CASE(large)
{
	const size_t len = 5 << 20;
	char *at, got;
	int fd = OK(open("a", O_RDWR | O_CREAT, 0644));

	OK(ftruncate(fd, (off_t)len));
	at = map(fd, len, PROT_READ | PROT_WRITE, MAP_SHARED);
	for (size_t i = 0; i < len; i += PAGE)
		at[i] = (char)(i / PAGE);
	OK(munmap(at, len));
	OK(close(fd));
	fd = OK(open("a", O_RDONLY));
	for (size_t i = 0; i < len; i += 37 * (size_t)PAGE) {
		SAME(1, pread(fd, &got, 1, (off_t)i));
		SAME((char)(i / PAGE), got);
	}
}

CASE(a_program_is_run_by_it)
{
	static const char script[] = "#!/bin/sh\nexit 7\n";
	int status;
	pid_t pid;

	PUT("s", script);
	OK(chmod("s", 0755));
	pid = posix_fork();
	if (!pid) {
		char *const args[] = { "s", NULL };

		OK(execv("./s", args));
	}
	SAME(pid, waitpid(pid, &status, 0));
	SAME(7, WEXITSTATUS(status));
}
