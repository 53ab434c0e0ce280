/* O_TMPFILE: a file without a name, or a clean refusal. */
#include "tests/posix/posix.h"

static int unnamed(int flags)
{
	return open(".", O_TMPFILE | flags, 0600);
}

CASE(a_file_without_a_name)
{
	char got[8];
	int fd = unnamed(O_RDWR);

	if (fd < 0) {
		MAY(errno == EOPNOTSUPP, "O_TMPFILE is refused");
		return;
	}
	SAME(0, FSTAT(fd).st_nlink);
	SAME(0600, FSTAT(fd).st_mode & 07777);
	SAME(3, write(fd, "abc", 3));
	SAME(3, pread(fd, got, 8, 0));
	SAME(3, FSTAT(fd).st_size);
}

CASE(gets_a_name)
{
	char path[64];
	int fd = unnamed(O_RDWR);

	if (fd < 0) {
		MAY(errno == EOPNOTSUPP, "O_TMPFILE is refused");
		return;
	}
	SAME(3, write(fd, "abc", 3));
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	OK(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
	SAME(1, FSTAT(fd).st_nlink);
	HAS("named", "abc");
	fd = OK(unnamed(O_RDWR | O_EXCL));
	FAILS(ENOENT, linkat(fd, "", AT_FDCWD, "other", AT_EMPTY_PATH));
}

CASE(needs_writing)
{
	FAILS(EINVAL, unnamed(O_RDONLY));
	FILE_("f");
	FAILS(ENOTDIR, open("f", O_TMPFILE | O_RDWR, 0600));
	FAILS(ENOENT, open("missing", O_TMPFILE | O_RDWR, 0600));
	AS(USER)
	{
		FAILS(EACCES, unnamed(O_RDWR));
	}
}
