/* What several calls have in common. */
#include "tests/posix/posix.h"

#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#define DEVICE makedev(1, 3)

const char *const posix_types[] = { "file", "dir", "symlink", "fifo", "socket", "chr", "blk" };

void posix_make(int type, const char *path)
{
	switch (type) {
	case TYPE_FILE:
		FILE_(path);
		break;
	case TYPE_DIR:
		DIR_(path);
		break;
	case TYPE_SYMLINK:
		OK(symlink("nowhere", path));
		break;
	case TYPE_FIFO:
		OK(mkfifo(path, 0644));
		break;
	case TYPE_SOCKET:
		OK(mknod(path, S_IFSOCK | 0644, 0));
		break;
	case TYPE_CHR:
		OK(mknod(path, S_IFCHR | 0644, DEVICE));
		break;
	default:
		OK(mknod(path, S_IFBLK | 0644, DEVICE));
		break;
	}
}

int posix_remove(const char *path)
{
	int rc = unlink(path);

	return rc && errno == EISDIR ? rmdir(path) : rc;
}

#define REFUSED(want, path)                                                                        \
	do {                                                                                       \
		errno = 0;                                                                         \
		if (call(path) != -1 || errno != (want))                                           \
			posix_fail(file, line, "of \"%.40s\": expected %s, got %s", path,          \
				strerrorname_np(want), strerrorname_np(errno));                    \
	} while (0)

static void in_locked(int (*call)(const char *path), const char *file, int line)
{
	DIR_("locked");
	FILE_("locked/file");
	OK(chmod("locked", 0600));
	IN(USER, USER, USER)
	{
		REFUSED(EACCES, "locked/new");
		REFUSED(EACCES, "locked/file");
	}
	OK(chown("locked", USER, USER)); /* his own, but not to be searched */
	AS(USER)
	{
		REFUSED(EACCES, "locked/new");
	}
}

void posix_path_errors(int (*call)(const char *path), const char *file, int line)
{
	char long_name[PATH_MAX];

	FILE_("plain");
	DIR_("folder");
	OK(symlink("one", "two"));
	OK(symlink("two", "one"));
	OK(symlink("nowhere", "dangling"));
	OK(symlink("plain", "to_plain"));
	REFUSED(ENOENT, "");
	REFUSED(ENOENT, "missing/new");
	REFUSED(ENOENT, "folder/missing/new");
	REFUSED(ENOENT, "dangling/new");
	REFUSED(ENOTDIR, "plain/new");
	REFUSED(ENOTDIR, "plain/..");
	REFUSED(ENOTDIR, "to_plain/new");
	REFUSED(ELOOP, "one/new");
	REFUSED(ENAMETOOLONG, posix_name(NAME_MAX + 1));
	REFUSED(ENAMETOOLONG, posix_path(PATH_MAX));
	(void)snprintf(long_name, sizeof(long_name), "folder/%s", posix_name(NAME_MAX + 1));
	REFUSED(ENAMETOOLONG, long_name);
	(void)snprintf(long_name, sizeof(long_name), "%s/new", posix_name(NAME_MAX + 1));
	REFUSED(ENAMETOOLONG, long_name);
	in_locked(call, file, line);
}

static void odd_names(
	int (*call)(const char *path), int (*remove)(const char *path), const char *file, int line)
{
	const char *const names[] = { "\xff\xfe", "caf\xc3\xa9", "cafe\xcc\x81", "\x01\x1f\x7f",
		"a\nb", " ", "...", "a\"b\\c", "-rf", "\xc3", "\xed\xa0\x80",
		posix_name(NAME_MAX) };
	const size_t count = sizeof(names) / sizeof(*names);

	for (size_t i = 0; i < count; i++)
		if (call(names[i]) == -1)
			posix_fail(file, line, "of odd name %zu: %s", i, strerrorname_np(errno));
	for (size_t i = 0; i < count; i++)
		if (remove(names[i]) == -1)
			posix_fail(
				file, line, "removing odd name %zu: %s", i, strerrorname_np(errno));
}

void posix_new_name(
	int (*call)(const char *path), int (*remove)(const char *path), const char *file, int line)
{
	static const char *const dots[] = { ".", "..", "dir/." };
	struct stat dir;

	for (int i = 0; i < TYPES; i++) {
		posix_make(i, posix_types[i]);
		REFUSED(EEXIST, posix_types[i]);
	}
	for (int i = 0; i < 3; i++)
		if (call(dots[i]) != -1 ||
			(errno != EEXIST && errno != EISDIR)) /* EISDIR: of open */
			posix_fail(file, line, "of %s: %s", dots[i], strerrorname_np(errno));
	DIR_("closed");
	dir = STAT("closed");
	posix_tick();
	AS(USER)
	{
		REFUSED(EACCES, "closed/new");
	}
	posix_times(&dir, &(struct stat[]){ STAT("closed") }[0], 0, file, line);
	OK(chmod("closed", 0777));
	AS(USER)
	{
		if (call("closed/new") == -1)
			posix_fail(file, line, "in a directory of everybody: %s",
				strerrorname_np(errno));
	}
	SAME(USER, STAT("closed/new").st_uid);
	SAME(USER, STAT("closed/new").st_gid);
	posix_times(&dir, &(struct stat[]){ STAT("closed") }[0], MTIME | CTIME, file, line);
	odd_names(call, remove, file, line);
	if (call(posix_path(PATH_MAX - 1)) == -1)
		posix_fail(file, line, "of a path of %d bytes: %s", PATH_MAX - 1,
			strerrorname_np(errno));
}
