#include "cdnfs/mountpoint.h"

#include "cdnfs/mounted.h"
#include "common/log.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
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

static int clear_dead(const char *path, const struct mounted *dead, char *error, size_t cap)
{
	int rc = umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 ? -errno : 0;

	if (rc == -EPERM)
		rc = unmount_helper(path);
	if (!rc)
		log_warn("took away a dead mount: its process had gone", "mountpoint=\"%s\" url=%s",
			path, dead->source);
	else
		(void)snprintf(error, cap,
			"mount point %s: the mount of %s there is dead, and is user %u's. As root: "
			"umount -l %s",
			path, dead->source, (unsigned)dead->uid, path);
	return rc;
}

/* Mounts of ours at this very place: the dead go, a living one stays. */
static int make_way(const char *path, char *error, size_t cap)
{
	struct mounted there;
	int rc;

	for (;;) {
		rc = mounted_find(path, &there);
		if (rc == -ENOENT)
			return 0;
		if (rc < 0)
			break;
		if (!mounted_dead(path, &there)) {
			(void)snprintf(error, cap,
				"mount point %s: %s is mounted there already. To mount again: "
				"umount %s first",
				path, there.source, path);
			return -EBUSY;
		}
		rc = clear_dead(path, &there, error, cap);
		if (rc < 0)
			return rc;
	}
	(void)snprintf(error, cap, "/proc/self/mountinfo: %s", strerror(-rc));
	return rc;
}

/* Follows links; what is mounted at the end of the path is not asked. Heap, NULL with errno. */
static char *resolve(const char *path)
{
	char *copy, *dir = NULL, *out = realpath(path, NULL), *slash;
	size_t len = strlen(path);

	if (out || errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
		return out;
	while (len > 1 && path[len - 1] == '/')
		len--;
	copy = strndup(path, len);
	slash = copy ? strrchr(copy, '/') : NULL;
	if (slash && slash > copy)
		*slash = 0;
	if (copy)
		dir = realpath(!slash ? "." : slash == copy ? "/" : copy, NULL);
	if (dir &&
		asprintf(&out, "%s/%s", strcmp(dir, "/") ? dir : "", slash ? slash + 1 : copy) < 0)
		out = NULL;
	free(dir);
	free(copy);
	return out;
}

static void warn_not_empty(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *e;
	bool empty = true;

	if (!d)
		return; /* may not be read: may be mounted on all the same */
	while (empty && (e = readdir(d)))
		empty = !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..");
	(void)closedir(d); /* was only read */
	if (!empty)
		log_warn("the mount point is not empty: what it holds is hidden until the umount",
			"mountpoint=\"%s\"", path);
}

static int refuse(const char *path, int rc, char *error, size_t cap)
{
	(void)snprintf(error, cap, "mount point %s: %s", path, strerror(-rc));
	return rc;
}

int mountpoint_prepare(const char *path, char **absolute, char *error, size_t cap)
{
	char *found = resolve(path);
	struct stat st;
	int rc;

	if (!found)
		return refuse(path, -errno, error, cap);
	rc = make_way(found, error, cap);
	if (!rc && stat(found, &st) < 0)
		rc = refuse(path, -errno, error, cap);
	if (!rc && !S_ISDIR(st.st_mode)) {
		(void)snprintf(error, cap, "mount point %s: is not a directory", path);
		rc = -ENOTDIR;
	}
	if (rc < 0) {
		free(found);
		return rc;
	}
	warn_not_empty(found);
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
