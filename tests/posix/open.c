/* open: creation, flags, types, permissions. */
#include "tests/posix/posix.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

static int plain(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -1 : close(fd);
}

static int creat_new(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	return fd < 0 ? -1 : close(fd);
}

CASE(path_errors)
{
	PATH_ERRORS(plain);
}

CASE(path_errors_of_creation)
{
	PATH_ERRORS(creat_new);
}

CASE(a_new_name)
{
	NEW_NAME(creat_new, unlink);
}

CASE(missing_without_creat)
{
	FAILS(ENOENT, open("missing", O_RDWR));
	ABSENT("missing");
}

CASE(created_with_mode_and_owner)
{
	OK(close(OK(open("a", O_CREAT | O_WRONLY, 0666))));
	SAME(0644, MODE("a"));
	SAME(S_IFREG, STAT("a").st_mode & S_IFMT);
	SAME(1, NLINK("a"));
	SAME(0, SIZE("a"));
	(void)umask(0);
	OK(close(OK(open("b", O_CREAT | O_WRONLY, 0777))));
	SAME(0777, MODE("b"));
	(void)umask(0777);
	OK(close(OK(open("c", O_CREAT | O_WRONLY, 0777))));
	SAME(0, MODE("c"));
	(void)umask(022);
	OK(close(OK(open("d", O_CREAT | O_WRONLY, 07777))));
	SAME(07755, MODE("d"));
	OK(chmod(".", 0777));
	AS(USER)
	{
		OK(close(OK(open("e", O_CREAT | O_WRONLY, 0600))));
	}
	SAME(USER, STAT("e").st_uid);
	SAME(USER, STAT("e").st_gid);
}

CASE(created_in_a_set_group_id_directory)
{
	DIR_("d");
	OK(chown("d", 0, OTHER));
	OK(chmod("d", 02777));
	AS(USER)
	{
		OK(close(OK(open("d/f", O_CREAT | O_WRONLY, 0644))));
	}
	SAME(USER, STAT("d/f").st_uid);
	SAME(OTHER, STAT("d/f").st_gid);
	SAME(0644, MODE("d/f"));
}

CASE(set_group_id_is_not_had_in_anothers_group)
{
	DIR_("d");
	OK(chown("d", 0, OTHER));
	OK(chmod("d", 02777));
	AS(USER)
	{
		OK(close(OK(open("d/f", O_CREAT | O_WRONLY, 02755))));
	}
	SAME(0755, MODE("d/f"));
	IN(USER, USER, OTHER)
	{
		OK(close(OK(open("d/g", O_CREAT | O_WRONLY, 02755))));
	}
	SAME(02755, MODE("d/g"));
}

CASE(times_of_creation)
{
	struct stat dir = STAT("."), is;

	posix_tick();
	FILE_("a");
	TIMES(".", &dir, MTIME | CTIME);
	is = STAT("a");
	TRUE(is.st_mtim.tv_sec >= dir.st_mtim.tv_sec);
	SAME(is.st_mtim.tv_nsec, is.st_ctim.tv_nsec);
	SAME(is.st_mtim.tv_nsec, is.st_atim.tv_nsec);
}

CASE(opening_what_is_there_changes_nothing)
{
	struct stat dir, was;

	PUT("a", "x");
	dir = STAT(".");
	was = STAT("a");
	posix_tick();
	OK(close(OK(open("a", O_CREAT | O_RDWR, 0777))));
	TIMES("a", &was, 0);
	TIMES(".", &dir, 0);
	SAME(0644, MODE("a"));
	HAS("a", "x");
}

CASE(failure_changes_nothing)
{
	struct stat dir, was;

	PUT("a", "x");
	dir = STAT(".");
	was = STAT("a");
	posix_tick();
	FAILS(EEXIST, open("a", O_CREAT | O_EXCL | O_TRUNC | O_RDWR, 0777));
	AS(USER)
	{
		FAILS(EACCES, open("a", O_WRONLY | O_TRUNC));
		FAILS(EACCES, open("b", O_WRONLY | O_CREAT, 0644));
	}
	TIMES("a", &was, 0);
	TIMES(".", &dir, 0);
	HAS("a", "x");
}

CASE(excl_refuses_links)
{
	FILE_("a");
	OK(symlink("a", "l"));
	OK(symlink("missing", "m"));
	FAILS(EEXIST, open("l", O_CREAT | O_EXCL | O_RDWR, 0644));
	FAILS(EEXIST, open("m", O_CREAT | O_EXCL | O_RDWR, 0644));
	ABSENT("missing");
}

CASE(creat_follows_a_dangling_link)
{
	OK(symlink("made", "l"));
	OK(close(OK(open("l", O_CREAT | O_WRONLY, 0644))));
	SAME(S_IFREG, STAT("made").st_mode & S_IFMT);
	SAME(S_IFLNK, STAT("l").st_mode & S_IFMT);
}

CASE(trunc)
{
	struct stat was;

	PUT("a", "some text");
	was = STAT("a");
	posix_tick();
	OK(close(OK(open("a", O_WRONLY | O_TRUNC))));
	SAME(0, SIZE("a"));
	SAME(0, STAT("a").st_blocks);
	TIMES("a", &was, MTIME | CTIME);
	was = STAT("a");
	posix_tick();
	OK(close(OK(open("a", O_WRONLY | O_TRUNC)))); /* empty already */
	TIMES("a", &was, MTIME | CTIME);
}

CASE(trunc_with_creat)
{
	PUT("a", "some text");
	OK(close(OK(open("a", O_WRONLY | O_CREAT | O_TRUNC, 0600))));
	SAME(0, SIZE("a"));
	SAME(0644, MODE("a"));
}

CASE(trunc_for_reading)
{
	PUT("a", "some text");
	OK(close(OK(open("a", O_RDONLY | O_TRUNC)))); /* not said by POSIX; Linux truncates */
	SAME(0, SIZE("a"));
	PUT("b", "some text");
	OK(chmod("b", 0444));
	AS(USER)
	{
		FAILS(EACCES, open("b", O_RDONLY | O_TRUNC));
	}
	HAS("b", "some text");
}

CASE(trunc_is_seen_by_who_has_it_open)
{
	int fd;

	PUT("a", "some text");
	fd = OK(open("a", O_RDWR));
	OK(close(OK(open("a", O_WRONLY | O_TRUNC))));
	SAME(0, FSTAT(fd).st_size);
	SAME(4, pwrite(fd, "more", 4, 2));
	OK(close(fd));
	SAME(6, SIZE("a"));
}

CASE(trunc_clears_set_id_for_a_user)
{
	PUT("a", "x");
	OK(chown("a", USER, USER));
	OK(chmod("a", 06777));
	AS(USER)
	{
		OK(close(OK(open("a", O_WRONLY | O_TRUNC))));
	}
	SAME(0777, MODE("a"));
}

CASE(a_directory_is_not_written_to)
{
	DIR_("d");
	FAILS(EISDIR, open("d", O_WRONLY));
	FAILS(EISDIR, open("d", O_RDWR));
	FAILS(EISDIR, open("d", O_RDONLY | O_CREAT, 0644));
	FAILS(EISDIR, open("d", O_RDONLY | O_TRUNC));
	FAILS(EISDIR, open("d/", O_RDONLY | O_CREAT, 0644));
	FAILS(EISDIR, open("new/", O_WRONLY | O_CREAT, 0644));
	ABSENT("new");
}

CASE(directory_flag)
{
	FILE_("a");
	DIR_("d");
	OK(symlink("d", "l"));
	FAILS(ENOTDIR, open("a", O_RDONLY | O_DIRECTORY));
	FAILS(ENOTDIR, open("a/", O_RDONLY));
	OK(close(OK(open("d", O_RDONLY | O_DIRECTORY))));
	OK(close(OK(open("l", O_RDONLY | O_DIRECTORY))));
	FAILS(ENOTDIR, open("l", O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
}

CASE(nofollow)
{
	FILE_("a");
	OK(symlink("a", "l"));
	FAILS(ELOOP, open("l", O_RDONLY | O_NOFOLLOW));
	OK(close(OK(open("l", O_PATH | O_NOFOLLOW))));
	OK(close(OK(open("l", O_RDONLY))));
}

CASE(loops)
{
	OK(symlink("b", "a"));
	OK(symlink("a", "b"));
	OK(symlink("self", "self"));
	FAILS(ELOOP, open("a", O_RDONLY));
	FAILS(ELOOP, open("self", O_RDONLY));
	FAILS(ELOOP, open("a", O_RDWR | O_CREAT, 0644));
}

CASE(forty_links_are_followed_and_no_more)
{
	char from[16], to[16];

	FILE_("l0");
	for (int i = 1; i <= 41; i++) {
		(void)snprintf(to, sizeof(to), "l%d", i - 1);
		(void)snprintf(from, sizeof(from), "l%d", i);
		OK(symlink(to, from));
	}
	OK(close(OK(open("l40", O_RDONLY))));
	FAILS(ELOOP, open("l41", O_RDONLY));
}

CASE(a_fifo_without_a_reader)
{
	int fd;

	OK(mkfifo("p", 0644));
	FAILS(ENXIO, open("p", O_WRONLY | O_NONBLOCK));
	fd = OK(open("p", O_RDONLY | O_NONBLOCK));
	OK(close(OK(open("p", O_WRONLY | O_NONBLOCK))));
	OK(close(fd));
}

CASE(a_fifo_carries_bytes)
{
	char got[8];
	int fd;
	pid_t pid;

	OK(mkfifo("p", 0644));
	pid = posix_fork();
	if (!pid) {
		fd = OK(open("p", O_WRONLY));
		SAME(3, write(fd, "abc", 3));
		posix_leave();
	}
	fd = OK(open("p", O_RDONLY));
	SAME(3, read(fd, got, sizeof(got)));
	SAME(0, memcmp(got, "abc", 3));
	JOIN(pid);
	SAME(0, read(fd, got, sizeof(got)));
	SAME(0, SIZE("p"));
}

CASE(a_socket_is_not_opened)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "s" };
	int fd = OK(socket(AF_UNIX, SOCK_STREAM, 0)), to = OK(socket(AF_UNIX, SOCK_STREAM, 0));

	OK(bind(fd, (struct sockaddr *)&at, sizeof(at)));
	SAME(S_IFSOCK, STAT("s").st_mode & S_IFMT);
	FAILS(ENXIO, open("s", O_RDWR));
	FAILS(EADDRINUSE, bind(to, (struct sockaddr *)&at, sizeof(at)));
	OK(listen(fd, 1));
	OK(connect(to, (struct sockaddr *)&at, sizeof(at)));
	OK(unlink("s"));
}

CASE(a_device_without_driver)
{
	int fd;

	OK(mknod("null", S_IFCHR | 0666, 0x103)); /* 1, 3 */
	fd = open("null", O_RDWR);
	if (fd < 0) {
		MAY(errno == EACCES, "devices are not opened on a file system mounted nodev");
		return;
	}
	SAME(1, write(fd, "x", 1));
	OK(close(fd));
	OK(mknod("none", S_IFCHR | 0666, 0xffff)); /* 255, 255 */
	FAILS(ENXIO, open("none", O_RDWR));
}

static void run_program(void)
{
	pid_t pid = posix_fork();

	if (!pid) {
		char *const args[] = { "sleeper", "30", NULL };

		(void)execv("./sleeper", args);
		posix_fail(__FILE__, __LINE__, "execv: %s", strerrorname_np(errno));
	}
	for (;;) { /* until it runs that program */
		char link[64], exe[PATH_MAX];
		ssize_t n;

		(void)snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
		n = readlink(link, exe, sizeof(exe) - 1);
		exe[n < 0 ? 0 : n] = 0;
		if (strstr(exe, "/sleeper"))
			break;
		SAME(0, waitpid(pid, NULL, WNOHANG));
		posix_tick();
	}
}

static void copy_program(const char *from, const char *to)
{
	char buf[65536];
	int in = OK(open(from, O_RDONLY)), out = OK(open(to, O_WRONLY | O_CREAT, 0755));
	ssize_t n;

	while ((n = OK(read(in, buf, sizeof(buf)))) > 0)
		SAME(n, write(out, buf, (size_t)n));
	OK(close(in));
	OK(close(out));
}

CASE(a_running_program_is_not_written_to)
{
	copy_program("/bin/sleep", "sleeper");
	run_program();
	FAILS(ETXTBSY, open("sleeper", O_WRONLY));
	FAILS(ETXTBSY, open("sleeper", O_RDWR | O_TRUNC));
	FAILS(ETXTBSY, truncate("sleeper", 0));
	OK(close(OK(open("sleeper", O_RDONLY))));
	OK(rename("sleeper", "other"));
	OK(unlink("other"));
}

CASE(a_program_that_is_written_to_does_not_run)
{
	pid_t pid;

	copy_program("/bin/true", "true");
	OK(open("true", O_WRONLY)); /* until the end of the case */
	pid = posix_fork();
	if (!pid) {
		char *const args[] = { "true", NULL };

		FAILS(ETXTBSY, execv("./true", args));
		posix_leave();
	}
	JOIN(pid);
}

static void may_open(const char *path, int bits)
{
	static const int flags[] = { O_RDONLY, O_WRONLY, O_RDWR };
	static const int needs[] = { 4, 2, 6 };

	for (int i = 0; i < 3; i++) {
		if ((bits & needs[i]) == needs[i])
			OK(close(OK(open(path, flags[i]))));
		else
			FAILS(EACCES, open(path, flags[i]));
	}
}

CASE(permissions_by_mode)
{
	FILE_("a");
	for (unsigned bits = 0; bits < 8; bits++) {
		OK(chown("a", USER, 0));
		OK(chmod("a", bits << 6 | (~bits & 7) << 3 | (~bits & 7)));
		AS(USER)
		{
			may_open("a", (int)bits);
		}
		OK(chown("a", 0, USER));
		OK(chmod("a", bits << 3 | (~bits & 7)));
		AS(USER)
		{
			may_open("a", (int)bits);
		}
		IN(OTHER, OTHER, USER) /* a member */
		{
			may_open("a", (int)bits);
		}
		OK(chmod("a", bits | (~bits & 7) << 3));
		AS(OTHER)
		{
			may_open("a", (int)bits);
		}
	}
}

CASE(creation_gives_access_whatever_the_mode)
{
	OK(chmod(".", 0777));
	AS(USER)
	{
		int fd = OK(open("a", O_RDWR | O_CREAT | O_EXCL, 0));

		SAME(1, write(fd, "x", 1));
		FAILS(EACCES, open("a", O_RDONLY));
	}
	SAME(1, SIZE("a"));
}

CASE(creat_of_what_is_there_needs_no_right_to_the_directory)
{
	FILE_("a");
	OK(chmod("a", 0666));
	AS(USER)
	{
		OK(close(OK(open("a", O_CREAT | O_WRONLY, 0600))));
	}
}

CASE(noatime_is_the_owners)
{
	FILE_("a");
	AS(USER)
	{
		FAILS(EPERM, open("a", O_RDONLY | O_NOATIME));
	}
	OK(chown("a", USER, USER));
	AS(USER)
	{
		OK(close(OK(open("a", O_RDONLY | O_NOATIME))));
	}
}

CASE(directions)
{
	char c = 'x';
	int r, w, p;

	PUT("a", "abc");
	r = OK(open("a", O_RDONLY));
	w = OK(open("a", O_WRONLY));
	p = OK(open("a", O_PATH));
	FAILS(EBADF, write(r, &c, 1));
	FAILS(EBADF, read(w, &c, 1));
	FAILS(EBADF, read(p, &c, 1));
	FAILS(EBADF, fchmod(p, 0600));
	EITHER(EINVAL, EBADF, ftruncate(r, 0));
	DIR_("d");
	FAILS(EISDIR, read(OK(open("d", O_RDONLY)), &c, 1));
	HAS("a", "abc");
}

CASE(odd_flags)
{
	EITHER(EINVAL, ENOTDIR, open("new", O_CREAT | O_DIRECTORY | O_RDWR, 0644));
	ABSENT("new");
}

CASE(fcntl_tells_the_flags)
{
	int fd = OK(open("a", O_CREAT | O_RDWR | O_APPEND | O_NONBLOCK, 0644));

	SAME(O_RDWR | O_APPEND | O_NONBLOCK,
		OK(fcntl(fd, F_GETFL)) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
}

CASE(openat)
{
	int dir, file;

	DIR_("d");
	PUT("d/a", "x");
	dir = OK(open("d", O_RDONLY | O_DIRECTORY));
	file = OK(openat(dir, "a", O_RDONLY));
	FAILS(ENOTDIR, openat(file, "a", O_RDONLY));
	FAILS(EBADF, openat(-1, "a", O_RDONLY));
	OK(rename("d", "e")); /* the directory is held, not its name */
	OK(close(OK(openat(dir, "a", O_RDONLY))));
	OK(close(OK(openat(dir, "b", O_RDWR | O_CREAT, 0644))));
	SAME(0, SIZE("e/b"));
	OK(unlink("e/a"));
	OK(unlink("e/b"));
	OK(rmdir("e"));
	FAILS(ENOENT, openat(dir, "c", O_RDWR | O_CREAT, 0644));
}

CASE(one_of_many_creates)
{
	pid_t pids[4];

	for (int i = 0; i < 4; i++) {
		pids[i] = posix_fork();
		if (!pids[i]) {
			int fd = open("once", O_CREAT | O_EXCL | O_WRONLY, 0644);

			TRUE(fd >= 0 || errno == EEXIST);
			if (fd >= 0)
				OK(close(OK(open("wins", O_CREAT | O_EXCL | O_WRONLY, 0644))));
			posix_leave();
		}
	}
	for (int i = 0; i < 4; i++)
		JOIN(pids[i]);
	SAME(1, NLINK("once"));
	SAME(1, NLINK("wins"));
}
