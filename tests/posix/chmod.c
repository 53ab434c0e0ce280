#include "tests/posix/posix.h"

static int change(const char *path)
{
	return chmod(path, 0600);
}

CASE(path_errors)
{
	PATH_ERRORS(change);
}

CASE(every_mode_of_every_type)
{
	static const mode_t modes[] = { 0, 0111, 0644, 0777, 01000, 02000, 04000, 07777, 01755,
		02070, 04700 };

	for (int i = 0; i < TYPES; i++) {
		if (i == TYPE_SYMLINK)
			continue;
		posix_make(i, "x");
		for (size_t k = 0; k < sizeof(modes) / sizeof(*modes); k++) {
			mode_t type = STAT("x").st_mode & S_IFMT;

			OK(chmod("x", modes[k]));
			SAME(type | modes[k], STAT("x").st_mode);
		}
		OK(posix_remove("x"));
	}
}

CASE(follows_links)
{
	FILE_("a");
	OK(symlink("a", "l"));
	OK(chmod("l", 0600));
	SAME(0600, MODE("a"));
	SAME(0777, MODE("l"));
	OK(symlink("missing", "m"));
	FAILS(ENOENT, chmod("m", 0600));
	OK(symlink("loop", "loop"));
	FAILS(ELOOP, chmod("loop", 0600));
}

CASE(of_a_link_itself)
{
	OK(symlink("a", "l"));
	EITHER(EOPNOTSUPP, ENOTSUP, fchmodat(AT_FDCWD, "l", 0600, AT_SYMLINK_NOFOLLOW));
	SAME(0777, MODE("l"));
}

CASE(times)
{
	struct stat was, dir;
	int fd;

	FILE_("a");
	was = STAT("a");
	dir = STAT(".");
	posix_tick();
	OK(chmod("a", 0600));
	TIMES("a", &was, CTIME);
	was = STAT("a");
	posix_tick();
	OK(chmod("a", 0600)); /* the same again */
	TIMES("a", &was, CTIME);
	TIMES(".", &dir, 0);
	fd = OK(open("a", O_RDONLY));
	was = STAT("a");
	posix_tick();
	OK(fchmod(fd, 0640));
	TIMES("a", &was, CTIME);
	SAME(0640, MODE("a"));
}

CASE(failure_changes_nothing)
{
	struct stat was;

	FILE_("a");
	OK(chmod("a", 0666));
	was = STAT("a");
	posix_tick();
	AS(USER)
	{
		int fd = OK(open("a", O_RDWR));

		FAILS(EPERM, chmod("a", 0777));
		FAILS(EPERM, fchmod(fd, 0777));
	}
	TIMES("a", &was, 0);
	SAME(0666, MODE("a"));
}

CASE(is_the_owners)
{
	FILE_("a");
	OK(chown("a", USER, USER));
	OK(chmod("a", 0));
	AS(USER)
	{
		OK(chmod("a", 0640));
	}
	SAME(0640, MODE("a"));
	IN(OTHER, OTHER, USER) /* the group may not */
	{
		FAILS(EPERM, chmod("a", 0600));
	}
}

CASE(set_group_id_needs_membership)
{
	FILE_("a");
	OK(chown("a", USER, OTHER));
	AS(USER)
	{
		OK(chmod("a", 02755)); /* without an error, and without the bit */
	}
	SAME(0755, MODE("a"));
	IN(USER, USER, OTHER)
	{
		OK(chmod("a", 02755));
	}
	SAME(02755, MODE("a"));
	OK(chmod("a", 06755));
	SAME(06755, MODE("a"));
	DIR_("d");
	OK(chown("d", USER, OTHER));
	AS(USER)
	{
		OK(chmod("d", 02755));
	}
	SAME(0755, MODE("d"));
}

CASE(set_user_id_is_the_owners)
{
	FILE_("a");
	OK(chown("a", USER, USER));
	AS(USER)
	{
		OK(chmod("a", 06711));
	}
	SAME(06711, MODE("a"));
}

CASE(sticky_of_a_users_file)
{
	FILE_("a");
	OK(chown("a", USER, USER));
	AS(USER)
	{
		OK(chmod("a", 01644)); /* POSIX would let it be refused; Linux takes it */
	}
	SAME(01644, MODE("a"));
}

CASE(takes_effect_at_once)
{
	PUT("a", "x");
	OK(chmod("a", 0600));
	AS(USER)
	{
		FAILS(EACCES, open("a", O_RDONLY));
	}
	OK(chmod("a", 0644));
	AS(USER)
	{
		HAS("a", "x");
	}
	OK(chmod(".", 0700));
	AS(USER)
	{
		FAILS(EACCES, open("a", O_RDONLY));
	}
}

CASE(does_not_touch_who_has_it_open)
{
	int fd;

	PUT("a", "x");
	fd = OK(open("a", O_RDWR));
	OK(chmod("a", 0));
	SAME(1, pwrite(fd, "y", 1, 0));
	OK(close(fd));
	HAS("a", "y");
}

CASE(a_program_needs_a_bit_to_run)
{
	PUT("s", "#!/bin/sh\nexit 0\n");
	pid_t pid = posix_fork();

	if (!pid) {
		char *const args[] = { "s", NULL };

		FAILS(EACCES, execv("./s", args));
		posix_leave();
	}
	JOIN(pid);
	OK(chmod("s", 0001));
	AS(USER)
	{
		char *const args[] = { "s", NULL };

		(void)chmod("s", 0);
		EITHER(ENOENT, EACCES, execv("./missing", args));
	}
}
