/* symlink and readlink. */
#include "tests/posix/posix.h"

static int make(const char *path)
{
	return symlink("target", path);
}

static int read_link(const char *path)
{
	char text[PATH_MAX];

	return readlink(path, text, sizeof(text)) < 0 ? -1 : 0;
}

CASE(path_errors)
{
	PATH_ERRORS(make);
}

CASE(path_errors_of_readlink)
{
	PATH_ERRORS(read_link);
}

CASE(a_new_name)
{
	NEW_NAME(make, unlink);
}

CASE(keeps_its_target)
{
	static const char *const targets[] = { "a", "/", "..", "missing/../x//", "\xff\xc3", "a\nb",
		" " };
	char text[PATH_MAX];

	for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		ssize_t len = (ssize_t)strlen(targets[i]);

		OK(symlink(targets[i], "l"));
		SAME(len, readlink("l", text, sizeof(text)));
		SAME(0, memcmp(text, targets[i], (size_t)len));
		SAME(len, SIZE("l"));
		SAME(S_IFLNK | 0777, STAT("l").st_mode);
		SAME(1, NLINK("l"));
		OK(unlink("l"));
	}
}

CASE(targets_of_every_length)
{
	char text[PATH_MAX + 1];

	SAME(0, symlink(posix_path(PATH_MAX - 1), "l"));
	SAME(PATH_MAX - 1, readlink("l", text, sizeof(text)));
	SAME(0, memcmp(text, posix_path(PATH_MAX - 1), PATH_MAX - 1));
	SAME(PATH_MAX - 1, SIZE("l"));
	FAILS(ENAMETOOLONG, symlink(posix_path(PATH_MAX), "m"));
	FAILS(ENOENT, symlink("", "m"));
	ABSENT("m");
}

CASE(readlink_cuts)
{
	char text[8] = "zzzzzzz";

	OK(symlink("abcdef", "l"));
	SAME(3, readlink("l", text, 3));
	SAME(0, memcmp(text, "abcz", 4));
	FAILS(EINVAL, readlink("l", text, 0));
}

CASE(readlink_of_another_type)
{
	char text[8];

	for (int i = 0; i < TYPES; i++) {
		posix_make(i, posix_types[i]);
		if (i != TYPE_SYMLINK)
			FAILS(EINVAL, readlink(posix_types[i], text, sizeof(text)));
	}
	FAILS(ENOENT, readlink("missing", text, sizeof(text)));
}

CASE(times)
{
	struct stat dir = STAT("."), was;
	char text[8];

	posix_tick();
	OK(symlink("a", "l"));
	TIMES(".", &dir, MTIME | CTIME);
	was = STAT("l");
	posix_tick();
	SAME(1, readlink("l", text, sizeof(text)));
	was.st_atim = STAT("l").st_atim; /* may be marked */
	TIMES("l", &was, 0);
}

CASE(owner)
{
	OK(chmod(".", 0777));
	AS(USER)
	{
		OK(symlink("a", "l"));
	}
	SAME(USER, STAT("l").st_uid);
	SAME(USER, STAT("l").st_gid);
	OK(lchown("l", OTHER, USER));
	SAME(OTHER, STAT("l").st_uid);
	OK(chmod(".", 02777));
	OK(chown(".", 0, OTHER));
	OK(chmod(".", 02777));
	AS(USER)
	{
		OK(symlink("a", "m"));
	}
	SAME(OTHER, STAT("m").st_gid);
}

CASE(leads_there)
{
	DIR_("d");
	PUT("d/a", "x");
	OK(symlink("d", "l"));
	OK(symlink("../d/a", "d/up"));
	OK(symlink("l/up", "m"));
	HAS("l/a", "x");
	HAS("d/up", "x");
	HAS("m", "x");
	OK(rename("d", "e"));
	FAILS(ENOENT, open("l/a", O_RDONLY));
	OK(unlink("l"));
	OK(symlink("e", "l"));
	HAS("l/a", "x");
}

CASE(symlinkat)
{
	char text[8];
	int dir, link;

	DIR_("d");
	dir = OK(open("d", O_RDONLY | O_DIRECTORY));
	OK(symlinkat("abc", dir, "l"));
	SAME(3, readlinkat(dir, "l", text, sizeof(text)));
	FAILS(EBADF, symlinkat("abc", -1, "m"));
	link = OK(openat(dir, "l", O_PATH | O_NOFOLLOW));
	SAME(3, readlinkat(link, "", text, sizeof(text)));
}
