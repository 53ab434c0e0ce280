/* renameat2's flags. */
#include "tests/posix/posix.h"

#ifndef RENAME_WHITEOUT
#define RENAME_WHITEOUT (1 << 2)
#endif

static int exchange(const char *a, const char *b)
{
	return renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
}

static int noreplace(const char *a, const char *b)
{
	return renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_NOREPLACE);
}

CASE(noreplace_over_every_type)
{
	for (int i = 0; i < TYPES; i++) {
		FILE_("a");
		posix_make(i, "b");
		FAILS(EEXIST, noreplace("a", "b"));
		SAME(i == TYPE_FILE ? S_IFREG : STAT("b").st_mode & S_IFMT,
			STAT("b").st_mode & S_IFMT);
		OK(posix_remove("b"));
		OK(noreplace("a", "b"));
		ABSENT("a");
		OK(unlink("b"));
	}
	FILE_("a");
	OK(link("a", "b"));
	FAILS(EEXIST, noreplace("a", "b"));
	FAILS(EEXIST, noreplace("a", "a"));
	FAILS(ENOENT, noreplace("missing", "c"));
}

CASE(exchange_of_every_type_with_every_type)
{
	DIR_("d");
	for (int i = 0; i < TYPES; i++)
		for (int j = 0; j < TYPES; j++) {
			ino_t a, b;

			posix_make(i, "a");
			posix_make(j, "d/b");
			a = STAT("a").st_ino;
			b = STAT("d/b").st_ino;
			OK(exchange("a", "d/b"));
			SAME(a, STAT("d/b").st_ino);
			SAME(b, STAT("a").st_ino);
			SAME(i == TYPE_DIR ? 3 : 2, NLINK("d"));
			OK(posix_remove("a"));
			OK(posix_remove("d/b"));
		}
	SAME(2, NLINK("d"));
}

CASE(exchange_of_full_directories)
{
	DIR_("p");
	DIR_("q");
	DIR_("p/a");
	DIR_("q/b");
	PUT("p/a/f", "one");
	PUT("q/b/f", "two");
	OK(exchange("p/a", "q/b"));
	HAS("p/a/f", "two");
	HAS("q/b/f", "one");
	SAME(STAT("p").st_ino, STAT("p/a/..").st_ino);
	SAME(STAT("q").st_ino, STAT("q/b/..").st_ino);
	SAME(3, NLINK("p"));
}

CASE(exchange_times)
{
	struct stat a, b, p, q;

	DIR_("p");
	DIR_("q");
	FILE_("p/a");
	FILE_("q/b");
	a = STAT("p/a");
	b = STAT("q/b");
	p = STAT("p");
	q = STAT("q");
	posix_tick();
	OK(exchange("p/a", "q/b"));
	TIMES("q/b", &a, CTIME);
	TIMES("p/a", &b, CTIME);
	TIMES("p", &p, MTIME | CTIME);
	TIMES("q", &q, MTIME | CTIME);
}

CASE(exchange_refuses)
{
	FILE_("a");
	DIR_("d");
	DIR_("d/e");
	FILE_("d/e/f");
	FAILS(ENOENT, exchange("a", "missing"));
	FAILS(ENOENT, exchange("missing", "a"));
	FAILS(EINVAL, exchange("d", "d/e"));
	FAILS(EINVAL, exchange("d/e/f", "d"));
	OK(exchange("a", "a"));
	SAME(1, NLINK("a"));
}

CASE(exchange_in_sticky_directories)
{
	DIR_("s");
	OK(chmod("s", 01777));
	FILE_("s/roots");
	FILE_("s/users");
	OK(chown("s/users", USER, USER));
	AS(USER)
	{
		FAILS(EPERM, exchange("s/roots", "s/users"));
		FAILS(EPERM, exchange("s/users", "s/roots"));
	}
}

CASE(flags_that_do_not_go_together)
{
	FILE_("a");
	FAILS(EINVAL, renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE | RENAME_EXCHANGE));
	FAILS(EINVAL, renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_EXCHANGE | RENAME_WHITEOUT));
	FAILS(EINVAL, renameat2(AT_FDCWD, "a", AT_FDCWD, "b", 1 << 10));
	SAME(1, NLINK("a"));
	ABSENT("b");
}

CASE(whiteout)
{
	FILE_("a");
	if (renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_WHITEOUT)) {
		MAY(errno == EINVAL,
			"RENAME_WHITEOUT is for overlayfs's upper directory, and refused");
		SAME(1, NLINK("a"));
		ABSENT("b");
		return;
	}
	SAME(S_IFCHR, STAT("a").st_mode & S_IFMT);
	SAME(0, STAT("a").st_rdev);
	SAME(1, NLINK("b"));
}
