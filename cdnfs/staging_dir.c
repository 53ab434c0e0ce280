#include "cdnfs/staging_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

struct staging_dir {
	int fd;
	pthread_mutex_t lock;
	int idle[STAGING_IDLE]; /* lock */
	size_t n;		/* lock: of them */
};

static int take_idle(struct staging_dir *d)
{
	int fd = -1;

	pthread_mutex_lock(&d->lock);
	if (d->n)
		fd = d->idle[--d->n];
	pthread_mutex_unlock(&d->lock);
	return fd;
}

void staging_give_back(struct staging_dir *d, int fd)
{
	bool kept = false;

	if (ftruncate(fd, 0) == 0) { /* else its bytes go with it */
		pthread_mutex_lock(&d->lock);
		kept = d->n < STAGING_IDLE;
		if (kept)
			d->idle[d->n++] = fd;
		pthread_mutex_unlock(&d->lock);
	}
	if (!kept)
		(void)close(fd); /* unlinked: its bytes go */
}

static int temp_new(int dirfd)
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

int staging_temp(struct staging_dir *d)
{
	int fd = take_idle(d);

	return fd < 0 ? temp_new(d->fd) : fd;
}

void staging_dir_close(struct staging_dir **d)
{
	if (!*d)
		return;
	for (size_t i = 0; i < (*d)->n; i++)
		(void)close((*d)->idle[i]); /* they are empty */
	(void)close((*d)->fd);		    /* a folder */
	pthread_mutex_destroy(&(*d)->lock);
	free(*d);
	*d = NULL;
}

int staging_dir_open(const char *path, struct staging_dir **out, char *error, size_t cap)
{
	struct staging_dir *d = NULL;
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
		probe = temp_new(dir);
		rc = probe < 0 ? probe : 0;
		if (probe >= 0)
			(void)close(probe); /* was only tried */
	}
	if (!rc && !(d = calloc(1, sizeof(*d))))
		rc = -ENOMEM;
	if (!rc) {
		d->fd = dir;
		pthread_mutex_init(&d->lock, NULL);
		*out = d;
		return 0;
	}
	(void)snprintf(error, cap, "staging: cannot write in %s: %s", path, strerror(-rc));
fail:
	if (dir >= 0)
		(void)close(dir); /* nothing was written to it */
	return rc;
}
