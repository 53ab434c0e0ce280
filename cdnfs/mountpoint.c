#include "cdnfs/mountpoint.h"

#include "common/log.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define READAHEAD_KB "4096"

extern char **environ;

/* As a user, by the helper that may. */
static int unmount_helper(const char *path)
{
	char *const argv[] = { "fusermount3", "-u", "-z", "--", (char *)path, NULL };
	int status = 0;
	pid_t pid;

	if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) != 0)
		return -EPERM;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EPERM;
}

static int clear_dead(const char *path)
{
	int rc = umount2(path, MNT_DETACH) < 0 ? -errno : 0;

	if (rc == -EPERM)
		rc = unmount_helper(path);
	if (!rc)
		log_warn("took away a dead mount: its process had gone", "mountpoint=\"%s\"", path);
	return rc;
}

/* Asks the server of what is mounted there, where attributes alone might still be in the kernel. */
static int probe(const char *path, struct stat *st)
{
	struct statfs sf;

	if (statfs(path, &sf) < 0)
		return -errno;
	return stat(path, st) < 0 ? -errno : 0;
}

int mountpoint_prepare(const char *path, char **absolute, char *error, size_t cap)
{
	struct stat st;
	char *found;
	int rc = probe(path, &st);

	if (rc == -ENOTCONN || rc == -ECONNABORTED) {
		rc = clear_dead(path);
		if (!rc)
			rc = probe(path, &st);
	}
	if (rc < 0) {
		(void)snprintf(error, cap, "mount point %s: %s", path, strerror(-rc));
		return rc;
	}
	if (!S_ISDIR(st.st_mode)) {
		(void)snprintf(error, cap, "mount point %s: is not a directory", path);
		return -ENOTDIR;
	}
	found = realpath(path, NULL);
	if (!found) {
		rc = -errno;
		(void)snprintf(error, cap, "mount point %s: %s", path, strerror(-rc));
		return rc;
	}
	*absolute = found;
	return 0;
}

struct readahead {
	pthread_t thread;
	const char *path;
	sem_t *ready;
};

static void *run(void *arg)
{
	struct readahead *r = arg;
	char path[128];
	struct stat st;
	int fd;

	while (sem_wait(r->ready) < 0 && errno == EINTR)
		;
	/* Answered only after the kernel has taken the start-up answer, which sets its own figure. */
	if (stat(r->path, &st) < 0)
		return NULL; /* unmounted already */
	(void)snprintf(path, sizeof(path), "/sys/class/bdi/%u:%u/read_ahead_kb", major(st.st_dev),
		minor(st.st_dev));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL; /* not permitted: smaller read-ahead */
	if (write(fd, READAHEAD_KB, strlen(READAHEAD_KB)) < 0)
		log_debug("read-ahead stays as it is", "error=\"%s\"", strerror(errno));
	(void)close(fd); /* sysfs has taken it */
	return NULL;
}

int readahead_open(const char *path, sem_t *ready, struct readahead **out)
{
	struct readahead *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return -ENOMEM;
	r->path = path;
	r->ready = ready;
	rc = -pthread_create(&r->thread, NULL, run, r);
	if (rc < 0) {
		free(r);
		return rc;
	}
	*out = r;
	return 0;
}

void readahead_close(struct readahead **r)
{
	if (!*r)
		return;
	(void)sem_post((*r)->ready); /* if nobody did */
	(void)pthread_join((*r)->thread, NULL);
	free(*r);
	*r = NULL;
}
