#include "cdnfs/staging_dir.h"

#include "common/log.h"
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
	char *path; /* absolute */
	int fd;
	pthread_mutex_t lock;
	int idle[STAGING_IDLE]; /* lock */
	size_t n;		/* lock: of them */
	bool told;		/* lock: that the folder cannot be made anew */
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

/* Opens the folder at path, which is made when it is missing. Descriptor, or -errno with a sentence in error. */
static int open_folder(const char *path, char *error, size_t cap)
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
		probe = temp_new(dir);
		rc = probe < 0 ? probe : 0;
		if (probe >= 0)
			(void)close(probe); /* was only tried */
	}
	if (!rc)
		return dir;
	(void)snprintf(error, cap, "staging: cannot write in %s: %s", path, strerror(-rc));
fail:
	if (dir >= 0)
		(void)close(dir); /* nothing was written to it */
	return rc;
}

static bool removed(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_nlink == 0;
}

/* Under the same descriptor, so that no thread uses one that was closed. */
static int make_anew_locked(struct staging_dir *d)
{
	char error[512] = "";
	int fd = open_folder(d->path, error, sizeof(error));

	if (fd >= 0 && dup3(fd, d->fd, O_CLOEXEC) < 0)
		(void)snprintf(error, sizeof(error), "staging: %s: %s", d->path, strerror(errno));
	if (fd >= 0)
		(void)close(fd); /* a folder */
	if (error[0]) {
		if (!d->told) /* one line, not one for each write */
			log_error("the folder for staging was removed and cannot be made anew: "
				  "writes fail until it can",
				"error=\"%s\"", error);
		d->told = true;
		return -EIO;
	}
	d->told = false;
	log_warn("the folder for staging was removed: it is made anew", "staging=\"%s\"", d->path);
	return 0;
}

int staging_temp(struct staging_dir *d)
{
	int fd = take_idle(d), rc;

	if (fd < 0)
		fd = temp_new(d->fd);
	if (fd >= 0)
		return fd;
	pthread_mutex_lock(&d->lock);
	fd = temp_new(d->fd); /* another thread may have made it anew */
	if (fd < 0 && removed(d->fd)) {
		rc = make_anew_locked(d);
		fd = rc < 0 ? rc : temp_new(d->fd);
	}
	pthread_mutex_unlock(&d->lock);
	return fd;
}

void staging_dir_close(struct staging_dir **d)
{
	if (!*d)
		return;
	for (size_t i = 0; i < (*d)->n; i++)
		(void)close((*d)->idle[i]); /* they are empty */
	if ((*d)->fd >= 0)
		(void)close((*d)->fd); /* a folder */
	pthread_mutex_destroy(&(*d)->lock);
	free((*d)->path);
	free(*d);
	*d = NULL;
}

int staging_dir_open(const char *path, struct staging_dir **out, char *error, size_t cap)
{
	struct staging_dir *d = calloc(1, sizeof(*d));
	int rc;

	if (!d) {
		(void)snprintf(error, cap, "staging: no memory");
		return -ENOMEM;
	}
	pthread_mutex_init(&d->lock, NULL);
	d->fd = rc = open_folder(path, error, cap);
	if (rc >= 0) {
		d->path = realpath(path, NULL);
		rc = d->path ? 0 : -errno;
		if (rc < 0)
			(void)snprintf(error, cap, "staging: %s: %s", path, strerror(-rc));
	}
	if (rc < 0)
		staging_dir_close(&d);
	else
		*out = d;
	return rc;
}
