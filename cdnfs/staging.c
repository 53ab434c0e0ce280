#include "cdnfs/staging.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum state { NEW, FILLING, CLEAN, DIRTY, SENDING };

struct staged {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int fd;
	enum state state;  /* lock */
	enum state before; /* lock: what SENDING came from */
	unsigned busy;	   /* lock: reads and writes under way */
	uint64_t size;	   /* lock */
	uint64_t base;	   /* lock: version that it grew from, 0 none */
	int64_t mtime;	   /* lock */
};

static int temp_file(int dirfd)
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
		probe = temp_file(dir);
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

int staged_open(int dirfd, struct staged **out)
{
	struct staged *s = calloc(1, sizeof(*s));
	int rc = -ENOMEM;

	if (!s)
		return rc;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	s->fd = temp_file(dirfd);
	if (s->fd < 0) {
		rc = s->fd;
		staged_close(&s);
		return rc;
	}
	*out = s;
	return 0;
}

void staged_close(struct staged **s)
{
	if (!*s)
		return;
	if ((*s)->fd >= 0)
		(void)close((*s)->fd); /* unlinked: its bytes go */
	pthread_cond_destroy(&(*s)->changed);
	pthread_mutex_destroy(&(*s)->lock);
	free(*s);
	*s = NULL;
}

static void enter_locked(struct staged *s, enum state to)
{
	static const unsigned from[] = {
		[NEW] = 1 << FILLING | 1 << CLEAN,
		[FILLING] = 1 << NEW,
		[CLEAN] = 1 << FILLING | 1 << SENDING | 1 << CLEAN,
		[DIRTY] = 1 << CLEAN | 1 << DIRTY | 1 << SENDING,
		[SENDING] = 1 << CLEAN | 1 << DIRTY | 1 << NEW,
	};

	assert(from[to] & 1U << s->state || (to == NEW && s->before == NEW));
	s->state = to;
	pthread_cond_broadcast(&s->changed);
}

/* Until nobody fills or sends; with `alone`, until nobody reads or writes either. */
static void settle_locked(struct staged *s, bool alone)
{
	while (s->state == FILLING || s->state == SENDING || (alone && s->busy))
		pthread_cond_wait(&s->changed, &s->lock);
}

static void idle_locked(struct staged *s)
{
	if (!--s->busy)
		pthread_cond_broadcast(&s->changed);
}

int staged_fill_begin(struct staged *s)
{
	int must;

	pthread_mutex_lock(&s->lock);
	settle_locked(s, false);
	must = s->state == NEW;
	if (must)
		enter_locked(s, FILLING);
	pthread_mutex_unlock(&s->lock);
	return must;
}

static int write_all(int fd, const void *data, size_t len, uint64_t off)
{
	while (len) {
		ssize_t n = pwrite(fd, data, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data = (const char *)data + n;
		len -= (size_t)n;
		off += (uint64_t)n;
	}
	return 0;
}

int staged_fill(struct staged *s, const void *data, size_t len, uint64_t off)
{
	return write_all(s->fd, data, len, off);
}

void staged_fill_end(struct staged *s, uint64_t size, uint64_t stamp, int rc)
{
	pthread_mutex_lock(&s->lock);
	if (!rc) {
		s->size = size;
		s->base = stamp;
	}
	enter_locked(s, rc ? NEW : CLEAN);
	pthread_mutex_unlock(&s->lock);
}

int staged_write(
	struct staged *s, const void *data, size_t len, uint64_t off, bool append, int64_t now)
{
	int rc;

	pthread_mutex_lock(&s->lock);
	settle_locked(s, append);
	if (s->state == NEW) {
		pthread_mutex_unlock(&s->lock);
		return -EAGAIN;
	}
	if (append)
		off = s->size;
	enter_locked(s, DIRTY);
	s->busy++;
	if (append)
		s->size += len;
	pthread_mutex_unlock(&s->lock);
	rc = write_all(s->fd, data, len, off);
	pthread_mutex_lock(&s->lock);
	if (!rc && off + len > s->size)
		s->size = off + len;
	s->mtime = now;
	idle_locked(s);
	pthread_mutex_unlock(&s->lock);
	return rc;
}

ssize_t staged_read(struct staged *s, void *data, size_t len, uint64_t off)
{
	size_t done = 0;
	ssize_t n = 0;
	uint64_t size;

	pthread_mutex_lock(&s->lock);
	if (s->state == NEW || s->state == FILLING || (s->state == SENDING && s->before == NEW)) {
		pthread_mutex_unlock(&s->lock);
		return -EAGAIN;
	}
	size = s->size;
	s->busy++;
	pthread_mutex_unlock(&s->lock);
	if (off >= size)
		len = 0;
	else if (len > size - off)
		len = (size_t)(size - off);
	while (done < len) {
		n = pread(s->fd, (char *)data + done, len - done, (off_t)(off + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (n < 0)
		n = -errno;
	else /* beyond the file's end, within its size: a hole at the end */
		memset((char *)data + done, 0, len - done);
	pthread_mutex_lock(&s->lock);
	idle_locked(s);
	pthread_mutex_unlock(&s->lock);
	return n < 0 ? n : (ssize_t)len;
}

int staged_truncate(struct staged *s, uint64_t size, int64_t now)
{
	int rc;

	pthread_mutex_lock(&s->lock);
	settle_locked(s, true);
	if (s->state == NEW) {
		pthread_mutex_unlock(&s->lock);
		return -EAGAIN;
	}
	enter_locked(s, DIRTY);
	s->busy++;
	pthread_mutex_unlock(&s->lock);
	rc = ftruncate(s->fd, (off_t)size) < 0 ? -errno : 0;
	pthread_mutex_lock(&s->lock);
	if (!rc)
		s->size = size;
	s->mtime = now;
	idle_locked(s);
	pthread_mutex_unlock(&s->lock);
	return rc;
}

void staged_set_mtime(struct staged *s, int64_t mtime)
{
	pthread_mutex_lock(&s->lock);
	settle_locked(s, true);
	s->mtime = mtime;
	pthread_mutex_unlock(&s->lock);
}

int staged_send_begin(struct staged *s, struct staged_job *job)
{
	int todo;

	pthread_mutex_lock(&s->lock);
	settle_locked(s, true);
	todo = s->state == DIRTY;
	if (todo) {
		*job = (struct staged_job){ s->fd, s->size, s->base, s->mtime };
		s->before = s->state;
		enter_locked(s, SENDING);
	}
	pthread_mutex_unlock(&s->lock);
	return todo;
}

void staged_send_end(struct staged *s, uint64_t stamp, int rc)
{
	pthread_mutex_lock(&s->lock);
	if (!rc)
		s->base = stamp;
	enter_locked(s, rc ? DIRTY : CLEAN);
	s->before = CLEAN;
	pthread_mutex_unlock(&s->lock);
}

void staged_hold(struct staged *s)
{
	pthread_mutex_lock(&s->lock);
	settle_locked(s, true);
	s->before = s->state;
	enter_locked(s, SENDING);
	pthread_mutex_unlock(&s->lock);
}

void staged_hold_end(struct staged *s, int rc)
{
	/* Alone while SENDING but for readers, who find zeros or an end: both are what truncation gives. */
	if (!rc && ftruncate(s->fd, 0) < 0)
		rc = -errno;
	pthread_mutex_lock(&s->lock);
	if (!rc) {
		s->size = 0;
		s->base = 0;
	}
	enter_locked(s, rc ? s->before : CLEAN);
	s->before = CLEAN;
	pthread_mutex_unlock(&s->lock);
}

void staged_retire(struct staged *s, uint64_t stamp)
{
	pthread_mutex_lock(&s->lock);
	settle_locked(s, true);
	if (s->state == CLEAN && s->base != stamp) {
		/* memory-speed: an unlinked file's pages. Old bytes past a short refill must not show. */
		if (ftruncate(s->fd, 0) == 0) {
			s->size = 0;
			enter_locked(s, NEW);
		}
	}
	pthread_mutex_unlock(&s->lock);
}

bool staged_dirty(struct staged *s, uint64_t *size, int64_t *mtime)
{
	bool dirty;

	pthread_mutex_lock(&s->lock);
	dirty = s->state == DIRTY || (s->state == SENDING && s->before == DIRTY);
	if (dirty) {
		*size = s->size;
		*mtime = s->mtime;
	}
	pthread_mutex_unlock(&s->lock);
	return dirty;
}
