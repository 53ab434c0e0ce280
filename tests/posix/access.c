/* access and faccessat. */
#include "tests/posix/posix.h"

static int there(const char *path)
{
	return access(path, F_OK);
}

CASE(path_errors)
{
	PATH_ERRORS(there);
}

CASE(every_type_is_there)
{
	for (int i = 0; i < TYPES; i++) {
		posix_make(i, posix_types[i]);
		if (i == TYPE_SYMLINK)
			FAILS(ENOENT, access("symlink", F_OK));
		else
			OK(access(posix_types[i], F_OK));
	}
	FAILS(ENOENT, access("missing", F_OK));
	FAILS(EINVAL, access("file", 8));
}

static void asked(const char *path, int bits)
{
	for (int want = 1; want < 8; want++) {
		if ((bits & want) == want)
			OK(access(path, want));
		else
			FAILS(EACCES, access(path, want));
	}
}

CASE(by_mode)
{
	FILE_("f");
	DIR_("d");
	for (const char *const *path = (const char *const[]){ "f", "d", NULL }; *path; path++)
		for (unsigned bits = 0; bits < 8; bits++) {
			OK(chown(*path, USER, OTHER));
			OK(chmod(*path, bits << 6));
			AS(USER)
			{
				asked(*path, (int)bits);
			}
			OK(chown(*path, 0, USER));
			OK(chmod(*path, bits << 3));
			AS(USER)
			{
				asked(*path, (int)bits);
			}
			OK(chown(*path, 0, 0));
			OK(chmod(*path, bits));
			AS(USER)
			{
				asked(*path, (int)bits);
			}
		}
}

CASE(root_runs_only_what_somebody_may)
{
	FILE_("a");
	OK(chmod("a", 0));
	OK(access("a", R_OK | W_OK));
	FAILS(EACCES, access("a", X_OK));
	OK(chmod("a", 0001));
	OK(access("a", X_OK));
	DIR_("d");
	OK(chmod("d", 0));
	OK(access("d", R_OK | W_OK | X_OK));
}

CASE(real_and_effective)
{
	FILE_("a");
	OK(chmod("a", 0600));
	OK(setresuid(USER, 0, 0));
	FAILS(EACCES, access("a", R_OK));
	OK(faccessat(AT_FDCWD, "a", R_OK, AT_EACCESS));
}

CASE(follows_links)
{
	OK(symlink("a", "l"));
	FAILS(ENOENT, access("l", F_OK));
	OK(faccessat(AT_FDCWD, "l", F_OK, AT_SYMLINK_NOFOLLOW));
	FILE_("a");
	OK(access("l", F_OK));
}

CASE(directories_on_the_way)
{
	DIR_("d");
	DIR_("d/e");
	PUT("d/e/f", "x");
	OK(chmod("d", 0711)); /* through, but not to be listed */
	AS(USER)
	{
		OK(access("d/e/f", R_OK));
		FAILS(EACCES, open("d", O_RDONLY | O_DIRECTORY));
	}
	OK(chmod("d", 0744)); /* to be listed, but not through */
	AS(USER)
	{
		OK(close(OK(open("d", O_RDONLY | O_DIRECTORY))));
		FAILS(EACCES, access("d/e/f", F_OK));
		FAILS(EACCES, access("d/e", F_OK));
	}
}
