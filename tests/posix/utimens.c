/* utimensat, futimens. */
#include "tests/posix/posix.h"

#include <time.h>

static int touch(const char *path)
{
	return utimensat(AT_FDCWD, path, NULL, 0);
}

static int set(const char *path, long long a, long an, long long m, long mn)
{
	struct timespec t[] = { { a, an }, { m, mn } };

	return utimensat(AT_FDCWD, path, t, AT_SYMLINK_NOFOLLOW);
}

static void same_time(const struct timespec *t, long long s, long n)
{
	SAME(s, t->tv_sec);
	SAME(n, t->tv_nsec);
}

CASE(path_errors)
{
	PATH_ERRORS(touch);
}

CASE(every_type)
{
	for (int i = 0; i < TYPES; i++) {
		struct stat st;

		posix_make(i, "x");
		OK(set("x", 1000000001, 123456789, 1500000002, 987654321));
		st = STAT("x");
		same_time(&st.st_atim, 1000000001, 123456789);
		same_time(&st.st_mtim, 1500000002, 987654321);
		OK(posix_remove("x"));
	}
}

CASE(far_times)
{
	static const long long seconds[] = { 0, 1, -1, -1000000000, 2147483647, 2147483648LL,
		4294967296LL, 9000000000LL };
	struct stat st;

	FILE_("a");
	for (size_t i = 0; i < sizeof(seconds) / sizeof(*seconds); i++) {
		OK(set("a", seconds[i], 1, seconds[i], 999999999));
		st = STAT("a");
		same_time(&st.st_atim, seconds[i], 1);
		same_time(&st.st_mtim, seconds[i], 999999999);
	}
	OK(set("a", 10000000000LL, 0, 10000000000LL, 0));
	st = STAT("a");
	if (st.st_mtim.tv_sec != 10000000000LL)
		MAY(st.st_mtim.tv_sec == 9223372035LL && st.st_atim.tv_sec == 9223372035LL,
			"times end in the year 2262, and later ones become that");
}

CASE(ctime_goes_on)
{
	struct stat was;

	FILE_("a");
	was = STAT("a");
	posix_tick();
	OK(set("a", was.st_atim.tv_sec, was.st_atim.tv_nsec, was.st_mtim.tv_sec,
		was.st_mtim.tv_nsec));
	TIMES("a", &was, CTIME);
}

CASE(now)
{
	struct timespec t[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };
	struct stat was, st;

	FILE_("a");
	OK(set("a", 5, 6, 7, 8));
	was = STAT("a");
	posix_tick();
	OK(utimensat(AT_FDCWD, "a", t, 0));
	TIMES("a", &was, ATIME | MTIME | CTIME);
	OK(set("a", 5, 6, 7, 8));
	OK(utimensat(AT_FDCWD, "a", NULL, 0));
	st = STAT("a");
	TRUE(st.st_mtim.tv_sec > 1000000000);
	SAME(st.st_mtim.tv_sec, st.st_atim.tv_sec);
	SAME(st.st_mtim.tv_nsec, st.st_atim.tv_nsec);
}

CASE(omit)
{
	struct timespec a[2] = { { 11, 12 }, { 0, UTIME_OMIT } },
			m[2] = { { 0, UTIME_OMIT }, { 13, 14 } };
	struct timespec none[2] = { { 0, UTIME_OMIT }, { 0, UTIME_OMIT } };
	struct stat st, was;

	FILE_("a");
	OK(set("a", 5, 6, 7, 8));
	OK(utimensat(AT_FDCWD, "a", a, 0));
	st = STAT("a");
	same_time(&st.st_atim, 11, 12);
	same_time(&st.st_mtim, 7, 8);
	OK(utimensat(AT_FDCWD, "a", m, 0));
	was = STAT("a");
	same_time(&was.st_atim, 11, 12);
	same_time(&was.st_mtim, 13, 14);
	posix_tick();
	OK(utimensat(AT_FDCWD, "a", none, 0));
	TIMES("a", &was, 0);
	AS(USER) /* nothing is asked for */
	{
		OK(utimensat(AT_FDCWD, "a", none, 0));
	}
}

CASE(now_and_omit)
{
	struct timespec t[2] = { { 0, UTIME_NOW }, { 0, UTIME_OMIT } };
	struct stat was;

	FILE_("a");
	OK(set("a", 5, 6, 7, 8));
	was = STAT("a");
	posix_tick();
	OK(utimensat(AT_FDCWD, "a", t, 0));
	TIMES("a", &was, ATIME | CTIME);
	t[0].tv_nsec = UTIME_OMIT;
	t[1].tv_nsec = UTIME_NOW;
	was = STAT("a");
	posix_tick();
	OK(utimensat(AT_FDCWD, "a", t, 0));
	TIMES("a", &was, MTIME | CTIME);
}

CASE(links)
{
	struct stat was;

	FILE_("a");
	OK(symlink("a", "l"));
	was = STAT("a");
	OK(set("l", 5, 6, 7, 8)); /* itself */
	TIMES("a", &was, 0);
	was = STAT("l");
	same_time(&was.st_mtim, 7, 8);
	posix_tick();
	OK(utimensat(AT_FDCWD, "l", (struct timespec[]){ { 9, 0 }, { 10, 0 } }, 0));
	was.st_atim = STAT("l").st_atim; /* was followed */
	TIMES("l", &was, 0);
	was = STAT("a");
	same_time(&was.st_mtim, 10, 0);
}

CASE(who_may)
{
	struct timespec now[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };
	struct timespec half[2] = { { 0, UTIME_NOW }, { 0, UTIME_OMIT } };

	FILE_("a");
	OK(chmod("a", 0644));
	AS(USER) /* neither owner nor writer */
	{
		FAILS(EACCES, utimensat(AT_FDCWD, "a", NULL, 0));
		FAILS(EACCES, utimensat(AT_FDCWD, "a", now, 0));
		FAILS(EPERM, set("a", 1, 2, 3, 4));
		FAILS(EPERM, utimensat(AT_FDCWD, "a", half, 0));
	}
	OK(chmod("a", 0666));
	AS(USER) /* a writer sets them to now, and nothing else */
	{
		OK(utimensat(AT_FDCWD, "a", NULL, 0));
		OK(utimensat(AT_FDCWD, "a", now, 0));
		FAILS(EPERM, set("a", 1, 2, 3, 4));
		FAILS(EPERM, utimensat(AT_FDCWD, "a", half, 0));
	}
	OK(chmod("a", 0444));
	OK(chown("a", USER, USER));
	AS(USER) /* the owner all of it */
	{
		OK(utimensat(AT_FDCWD, "a", NULL, 0));
		OK(set("a", 1, 2, 3, 4));
		OK(utimensat(AT_FDCWD, "a", half, 0));
	}
}

CASE(failure_changes_nothing)
{
	struct stat was;

	FILE_("a");
	was = STAT("a");
	posix_tick();
	AS(USER)
	{
		FAILS(EPERM, set("a", 1, 2, 3, 4));
		FAILS(EACCES, utimensat(AT_FDCWD, "a", NULL, 0));
	}
	FAILS(EINVAL, set("a", 1, 1000000000, 3, 4));
	FAILS(EINVAL, set("a", 1, -1, 3, 4));
	TIMES("a", &was, 0);
}

CASE(of_an_open_file)
{
	struct stat st;
	int fd;

	FILE_("a");
	fd = OK(open("a", O_RDONLY));
	OK(futimens(fd, (struct timespec[]){ { 21, 22 }, { 23, 24 } }));
	st = STAT("a");
	same_time(&st.st_atim, 21, 22);
	same_time(&st.st_mtim, 23, 24);
	FAILS(EBADF, futimens(-1, NULL));
}

CASE(a_time_that_was_set_stays_when_the_file_is_closed)
{
	struct stat st;
	int fd = OK(open("a", O_CREAT | O_WRONLY, 0644));

	SAME(4, write(fd, "text", 4));
	OK(futimens(fd, (struct timespec[]){ { 21, 22 }, { 23, 24 } }));
	OK(close(fd));
	st = STAT("a");
	same_time(&st.st_mtim, 23, 24);
	same_time(&st.st_atim, 21, 22);
	HAS("a", "text");
	fd = OK(open("a", O_WRONLY));
	SAME(4, write(fd, "more", 4));
	OK(close(fd));
	TRUE(STAT("a").st_mtim.tv_sec > 1000000000);
}
