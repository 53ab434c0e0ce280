/* readdir, seekdir, telldir, rewinddir. */
#include "tests/posix/posix.h"

#include <dirent.h>
#include <stdlib.h>

#define MANY 300

static void fill(int from, int to)
{
	char name[32];

	for (int i = from; i < to; i++) {
		(void)snprintf(name, sizeof(name), "f%d", i);
		FILE_(name);
	}
}

static DIR *open_dir(const char *path)
{
	DIR *d = opendir(path);

	if (!d)
		posix_fail(__FILE__, __LINE__, "opendir(%s): %s", path, strerrorname_np(errno));
	return d;
}

/* Counts f0 … in seen[]; all names, with the dots. */
static int count(DIR *d, unsigned char *seen)
{
	const struct dirent *e;
	int n = 0;

	errno = 0;
	while ((e = readdir(d))) {
		n++;
		if (e->d_name[0] == 'f')
			seen[strtol(e->d_name + 1, NULL, 10)]++;
	}
	SAME(0, errno);
	return n;
}

CASE(errors)
{
	FILE_("f");
	TRUE(!opendir("f"));
	SAME(ENOTDIR, errno);
	TRUE(!opendir("missing"));
	SAME(ENOENT, errno);
	DIR_("d");
	OK(chmod("d", 0711));
	AS(USER)
	{
		TRUE(!opendir("d"));
		SAME(EACCES, errno);
	}
}

CASE(an_empty_directory)
{
	unsigned char seen[1] = { 0 };
	bool dot = false, dots = false;
	const struct dirent *e;
	DIR *d = open_dir(".");

	while ((e = readdir(d))) {
		if (!strcmp(e->d_name, ".")) {
			dot = true;
			SAME(STAT(".").st_ino, e->d_ino);
			SAME(DT_DIR, e->d_type);
		} else {
			SAME(0, strcmp(e->d_name, ".."));
			SAME(STAT("..").st_ino, e->d_ino);
			dots = true;
		}
	}
	TRUE(dot && dots);
	rewinddir(d);
	SAME(2, count(d, seen));
	OK(closedir(d));
}

CASE(types_and_numbers)
{
	static const unsigned char types[] = { DT_REG, DT_DIR, DT_LNK, DT_FIFO, DT_SOCK, DT_CHR,
		DT_BLK };
	const struct dirent *e;
	int found = 0;
	DIR *d;

	for (int i = 0; i < TYPES; i++)
		posix_make(i, posix_types[i]);
	d = open_dir(".");
	while ((e = readdir(d)))
		for (int i = 0; i < TYPES; i++)
			if (!strcmp(e->d_name, posix_types[i])) {
				SAME(types[i], e->d_type);
				SAME(STAT(e->d_name).st_ino, e->d_ino);
				found++;
			}
	SAME(TYPES, found);
	OK(closedir(d));
}

CASE(every_name_once)
{
	unsigned char seen[MANY] = { 0 };
	DIR *d;

	fill(0, MANY);
	d = open_dir(".");
	SAME(MANY + 2, count(d, seen));
	for (int i = 0; i < MANY; i++)
		SAME(1, seen[i]);
	OK(closedir(d));
}

CASE(telldir_and_seekdir)
{
	long at[MANY + 2];
	static char names[MANY + 2][NAME_MAX + 1];
	const struct dirent *e;
	int n = 0;
	DIR *d;

	fill(0, MANY);
	d = open_dir(".");
	for (at[0] = telldir(d); (e = readdir(d)); at[n] = telldir(d)) {
		(void)snprintf(names[n++], sizeof(names[0]), "%s", e->d_name);
		if (n == MANY + 2)
			break;
	}
	SAME(MANY + 2, n);
	for (int i = n - 1; i >= 0; i -= 7) {
		seekdir(d, at[i]);
		SAME(at[i], telldir(d));
		e = readdir(d);
		TRUE(e);
		SAME(0, strcmp(names[i], e->d_name));
	}
	OK(closedir(d));
}

CASE(a_place_stays_while_names_come_and_go)
{
	unsigned char seen[2 * MANY] = { 0 };
	char name[32], next[NAME_MAX + 1];
	const struct dirent *e;
	long at;
	DIR *d;

	fill(0, MANY);
	d = open_dir(".");
	for (int i = 0; i < 50; i++) {
		e = readdir(d);
		TRUE(e);
		if (e->d_name[0] == 'f')
			seen[strtol(e->d_name + 1, NULL, 10)]++;
	}
	at = telldir(d);
	e = readdir(d);
	TRUE(e);
	(void)snprintf(next, sizeof(next), "%s", e->d_name);
	fill(MANY, 2 * MANY);
	for (int i = 0; i < MANY; i++) /* those that were read already go */
		if (seen[i]) {
			(void)snprintf(name, sizeof(name), "f%d", i);
			OK(unlink(name));
		}
	seekdir(d, at);
	e = readdir(d);
	TRUE(e);
	SAME(0, strcmp(next, e->d_name));
	seekdir(d, at);
	(void)count(d, seen);
	for (int i = 0; i < MANY;
		i++) /* each that was there all the time, or until it was read, once */
		SAME(1, seen[i]);
	for (int i = MANY; i < 2 * MANY; i++)
		TRUE(seen[i] <= 1);
	OK(closedir(d));
}

CASE(removed_while_it_is_read)
{
	unsigned char seen[MANY] = { 0 };
	const struct dirent *e;
	DIR *d;

	fill(0, MANY);
	d = open_dir(".");
	while ((e = readdir(d)))
		if (e->d_name[0] == 'f') {
			seen[strtol(e->d_name + 1, NULL, 10)]++;
			OK(unlink(e->d_name));
		}
	for (int i = 0; i < MANY; i++)
		SAME(1, seen[i]);
	rewinddir(d);
	SAME(2, count(d, seen));
	OK(closedir(d));
}

CASE(rewinddir_sees_what_is_new)
{
	unsigned char seen[MANY] = { 0 };
	DIR *d;

	fill(0, 10);
	d = open_dir(".");
	SAME(12, count(d, seen));
	fill(10, 20);
	OK(unlink("f3"));
	rewinddir(d);
	SAME(21, count(d, seen));
	SAME(1, seen[15]);
	SAME(1, seen[3]);
	OK(closedir(d));
}

CASE(of_a_directory_that_is_gone)
{
	unsigned char seen[1] = { 0 };
	DIR *d;

	DIR_("d");
	d = open_dir("d");
	OK(rmdir("d"));
	TRUE(count(d, seen) <= 2);
	OK(closedir(d));
}

CASE(after_a_rename)
{
	unsigned char seen[10] = { 0 };
	DIR *d;

	DIR_("a");
	OK(chdir("a"));
	fill(0, 5);
	OK(chdir(".."));
	d = open_dir("a");
	OK(rename("a", "b"));
	SAME(7, count(d, seen));
	OK(closedir(d));
}

CASE(two_at_once)
{
	unsigned char seen[MANY] = { 0 };
	const struct dirent *e;
	DIR *a, *b;

	fill(0, MANY);
	a = open_dir(".");
	b = open_dir(".");
	while ((e = readdir(a))) {
		const struct dirent *f = readdir(b);

		TRUE(f);
		SAME(0, strcmp(e->d_name, f->d_name));
	}
	TRUE(!readdir(b));
	rewinddir(a);
	SAME(MANY + 2, count(a, seen));
	SAME(MANY + 2, (rewinddir(b), count(b, seen)));
	OK(closedir(a));
	OK(closedir(b));
}

CASE(reading_marks_only_the_atime)
{
	unsigned char seen[1] = { 0 };
	struct stat was;
	DIR *d;

	DIR_("d");
	was = STAT("d");
	posix_tick();
	d = open_dir("d");
	SAME(2, count(d, seen));
	OK(closedir(d));
	was.st_atim = STAT("d").st_atim;
	TIMES("d", &was, 0);
}

CASE(read_of_a_directory)
{
	char c;

	FAILS(EISDIR, read(OK(open(".", O_RDONLY | O_DIRECTORY)), &c, 1));
	FAILS(EBADF, write(OK(open(".", O_RDONLY | O_DIRECTORY)), "x", 1));
}

CASE(names_of_any_bytes)
{
	unsigned char bytes[256] = { 0 };
	const struct dirent *e;
	DIR *d;

	for (int i = 1; i < 256; i++) {
		char name[3] = { 'n', (char)i, 0 };

		if (i != '/')
			FILE_(name);
	}
	d = open_dir(".");
	while ((e = readdir(d)))
		if (e->d_name[0] == 'n' && e->d_name[1])
			bytes[(unsigned char)e->d_name[1]]++;
	for (int i = 1; i < 256; i++)
		SAME(i == '/' ? 0 : 1, bytes[i]);
	OK(closedir(d));
}
