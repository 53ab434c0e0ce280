/* fcntl and flock locks, leases; on one machine. */
#include "tests/posix/posix.h"

#include <sys/file.h>

#define GOES_SOON "the lock of an open file goes a moment after its last close"

static struct flock range(short type, off_t start, off_t len)
{
	return (struct flock){
		.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len
	};
}

static int lock(int fd, short type, off_t start, off_t len)
{
	struct flock l = range(type, start, len);

	return fcntl(fd, F_SETLK, &l);
}

CASE(fcntl_ranges)
{
	pid_t pid;
	int fd = OK(open("a", O_RDWR | O_CREAT, 0644));

	OK(lock(fd, F_WRLCK, 10, 10));
	OK(lock(fd, F_RDLCK, 100, 10));
	OK(lock(fd, F_WRLCK, 15, 10)); /* its own may overlap */
	pid = posix_fork();
	if (!pid) {
		struct flock l = range(F_WRLCK, 12, 1);
		int own = OK(open("a", O_RDWR));

		EITHER(EAGAIN, EACCES, lock(own, F_RDLCK, 10, 1));
		EITHER(EAGAIN, EACCES, lock(own, F_RDLCK, 24, 1));
		EITHER(EAGAIN, EACCES, lock(own, F_WRLCK, 0, 0));
		EITHER(EAGAIN, EACCES, lock(own, F_WRLCK, 105, 1));
		OK(lock(own, F_RDLCK, 105, 1));
		OK(lock(own, F_WRLCK, 0, 10));
		OK(lock(own, F_WRLCK, 25, 10));
		OK(fcntl(own, F_GETLK, &l));
		SAME(F_WRLCK, l.l_type);
		SAME(getppid(), l.l_pid);
		SAME(10, l.l_start);
		SAME(15, l.l_len);
		l = range(F_WRLCK, 200, 1);
		OK(fcntl(own, F_GETLK, &l));
		SAME(F_UNLCK, l.l_type);
		posix_leave();
	}
	JOIN(pid);
	OK(lock(fd, F_WRLCK, 0, 0)); /* the child's went with it */
}

CASE(fcntl_to_the_end)
{
	pid_t pid;
	int fd = OK(open("a", O_RDWR | O_CREAT, 0644));

	OK(lock(fd, F_WRLCK, 5, 0));
	pid = posix_fork();
	if (!pid) {
		struct flock l = range(F_WRLCK, 0, 0);

		OK(fcntl(fd, F_GETLK, &l));
		SAME(F_WRLCK, l.l_type);
		SAME(5, l.l_start);
		SAME(0, l.l_len);
		posix_leave();
	}
	JOIN(pid);
}

CASE(fcntl_locks_go_with_any_close)
{
	pid_t pid;
	int fd = OK(open("a", O_RDWR | O_CREAT, 0644));

	OK(lock(fd, F_WRLCK, 0, 0));
	OK(close(OK(open("a", O_RDONLY))));
	pid = posix_fork();
	if (!pid) {
		OK(lock(OK(open("a", O_RDWR)), F_WRLCK, 0, 0));
		posix_leave();
	}
	JOIN(pid);
}

CASE(fcntl_errors)
{
	struct flock l = range(F_WRLCK, -1, 1);
	int r, w;

	FILE_("a");
	r = OK(open("a", O_RDONLY));
	w = OK(open("a", O_WRONLY));
	FAILS(EBADF, lock(r, F_WRLCK, 0, 0));
	FAILS(EBADF, lock(w, F_RDLCK, 0, 0));
	FAILS(EINVAL, fcntl(r, F_SETLK, &l));
	FAILS(EINVAL, lock(r, 99, 0, 0));
	FAILS(EBADF, lock(-1, F_RDLCK, 0, 0));
}

CASE(fcntl_waits)
{
	pid_t pid;
	struct flock l = range(F_WRLCK, 0, 0);
	int p[2], fd = OK(open("a", O_RDWR | O_CREAT, 0644));
	char c;

	OK(pipe(p));
	OK(lock(fd, F_WRLCK, 0, 0));
	pid = posix_fork();
	if (!pid) {
		int own = OK(open("a", O_RDWR));

		EITHER(EAGAIN, EACCES, lock(own, F_WRLCK, 0, 0));
		SAME(1, write(p[1], "x", 1));
		OK(fcntl(own, F_SETLKW, &l));
		posix_leave();
	}
	SAME(1, read(p[0], &c, 1));
	posix_tick();
	OK(lock(fd, F_UNLCK, 0, 0));
	JOIN(pid);
}

CASE(fcntl_deadlock)
{
	pid_t pid;
	struct flock l = range(F_WRLCK, 0, 1);
	int p[2], fd = OK(open("a", O_RDWR | O_CREAT, 0644)), rc, why;
	char c;

	OK(pipe(p));
	OK(lock(fd, F_WRLCK, 0, 1));
	pid = posix_fork();
	if (!pid) {
		int own = OK(open("a", O_RDWR));

		OK(lock(own, F_WRLCK, 1, 1));
		SAME(1, write(p[1], "x", 1));
		rc = fcntl(own, F_SETLKW, &l); /* one of the two is refused */
		why = errno;
		TRUE(!rc || why == EDEADLK);
		posix_leave();
	}
	SAME(1, read(p[0], &c, 1));
	l = range(F_WRLCK, 1, 1);
	rc = fcntl(fd, F_SETLKW, &l);
	why = errno;
	TRUE(!rc || why == EDEADLK);
	OK(lock(fd, F_UNLCK, 0, 0));
	JOIN(pid);
}

CASE(open_file_description_locks)
{
	struct flock l = range(F_WRLCK, 0, 0);
	int a = OK(open("a", O_RDWR | O_CREAT, 0644)), b = OK(open("a", O_RDWR));

	OK(fcntl(a, F_OFD_SETLK, &l));
	EITHER(EAGAIN, EACCES, fcntl(b, F_OFD_SETLK, &l));
	OK(close(OK(open("a", O_RDWR)))); /* another's close does not matter */
	EITHER(EAGAIN, EACCES, fcntl(b, F_OFD_SETLK, &l));
	OK(close(a));
	if (fcntl(b, F_OFD_SETLK, &l))
		MAY((errno == EAGAIN || errno == EACCES) && !fcntl(b, F_OFD_SETLKW, &l), GOES_SOON);
}

CASE(flock_of_two)
{
	int a = OK(open("a", O_RDWR | O_CREAT, 0644)), b = OK(open("a", O_RDONLY)), c;

	OK(flock(a, LOCK_EX));
	FAILS(EWOULDBLOCK, flock(b, LOCK_EX | LOCK_NB));
	FAILS(EWOULDBLOCK, flock(b, LOCK_SH | LOCK_NB));
	OK(flock(a, LOCK_SH)); /* it becomes a shared one */
	OK(flock(b, LOCK_SH | LOCK_NB));
	FAILS(EWOULDBLOCK, flock(a, LOCK_EX | LOCK_NB));
	OK(flock(b, LOCK_UN));
	OK(flock(b, LOCK_UN));
	OK(flock(a, LOCK_EX | LOCK_NB));
	c = OK(dup(a)); /* the same lock */
	OK(close(a));
	FAILS(EWOULDBLOCK, flock(b, LOCK_SH | LOCK_NB));
	OK(close(c));
	if (flock(b, LOCK_EX | LOCK_NB))
		MAY(errno == EWOULDBLOCK && !flock(b, LOCK_EX), GOES_SOON);
	FAILS(EINVAL, flock(b, 16));
	FAILS(EBADF, flock(-1, LOCK_SH));
	OK(flock(
		OK(open(".", O_RDONLY | O_DIRECTORY)), LOCK_EX | LOCK_NB)); /* of a directory too */
}

CASE(flock_and_fcntl_do_not_meet)
{
	int a = OK(open("a", O_RDWR | O_CREAT, 0644)), b = OK(open("a", O_RDWR));
	pid_t pid;

	OK(flock(a, LOCK_EX));
	pid = posix_fork();
	if (!pid) {
		OK(lock(b, F_WRLCK, 0, 0));
		posix_leave();
	}
	JOIN(pid);
}

CASE(flock_waits)
{
	int p[2], fd = OK(open("a", O_RDWR | O_CREAT, 0644));
	pid_t pid;
	char c;

	OK(pipe(p));
	OK(flock(fd, LOCK_EX));
	pid = posix_fork();
	if (!pid) {
		int own = OK(open("a", O_RDWR));

		OK(close(fd)); /* the parent's, which it holds too */
		FAILS(EWOULDBLOCK, flock(own, LOCK_EX | LOCK_NB));
		SAME(1, write(p[1], "x", 1));
		OK(flock(own, LOCK_EX));
		posix_leave();
	}
	SAME(1, read(p[0], &c, 1));
	posix_tick();
	OK(flock(fd, LOCK_UN));
	JOIN(pid);
}

CASE(leases)
{
	int fd = OK(open("a", O_RDWR | O_CREAT, 0644));

	if (fcntl(fd, F_SETLEASE, F_WRLCK)) {
		MAY(errno == EINVAL || errno == EAGAIN, "leases are refused");
		SAME(F_UNLCK, OK(fcntl(fd, F_GETLEASE)));
		return;
	}
	SAME(F_WRLCK, OK(fcntl(fd, F_GETLEASE)));
	OK(fcntl(fd, F_SETLEASE, F_UNLCK));
	SAME(F_UNLCK, OK(fcntl(fd, F_GETLEASE)));
}
