#include "cdnfs/staging_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

int staging_temp(int dirfd)
{
	char name[64];
	int fd = openat(dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
		return -errno;
	for (unsigned i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name), ".staged-%d-%lx", (int)getpid(), random());
		fd = openat(dirfd, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
		if (fd >= 0) {
			(void)unlinkat(dirfd, name, 0); /* a leftover name does no harm */
			return fd;
		}
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

int staging_dir_open(const char *path, int *fd, char *error, size_t cap)
{
	struct statfs sf;
	int dir, probe, rc;

	if (mkdir(path, 0700) < 0 && errno != EEXIST) {
		rc = -errno;
		(void)snprintf(error, cap, "staging: cannot make %s: %s", path, strerror(-rc));
		return rc;
	}
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = dir < 0 ? -errno : 0;
	if (!rc && fstatfs(dir, &sf) < 0)
		rc = -errno;
	if (!rc && (sf.f_type == TMPFS_MAGIC || sf.f_type == RAMFS_MAGIC)) {
		(void)snprintf(error, cap,
			"staging: %s is in memory; give a folder on a disk (-o staging=DIR)", path);
		rc = -EINVAL;
		goto fail;
	}
	if (!rc) {
		probe = staging_temp(dir);
		rc = probe < 0 ? probe : 0;
		if (probe >= 0)
			(void)close(probe); /* was only tried */
	}
	if (!rc) {
		*fd = dir;
		return 0;
	}
	(void)snprintf(error, cap, "staging: cannot write in %s: %s", path, strerror(-rc));
fail:
	if (dir >= 0)
		(void)close(dir); /* nothing was written to it */
	return rc;
}
