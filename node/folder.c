#include "node/folder.h"
#include "common/limits.h"
#include "common/stamp.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/xattr.h>
#include <unistd.h>

void blob_name_format(const struct blob_name *n, char text[BLOB_NAME])
{
	char stamp[STAMP_TEXT];

	stamp_format(n->stamp, stamp);
	snprintf(text, BLOB_NAME, "%" PRIu64 ".%" PRIu32 ".%s", n->id, n->part, stamp);
}

/* A plain decimal without sign or leading zero, ended by `end`. Returns what follows, or NULL. */
static const char *number(const char *text, uint64_t max, char end, uint64_t *out)
{
	uint64_t n = 0;
	const char *p = text;

	if (*p == '0' && p[1] != end)
		return NULL;
	for (; *p >= '0' && *p <= '9'; p++) {
		n = n * 10 + (uint64_t)(*p - '0');
		if (n > max)
			return NULL;
	}
	if (p == text || *p != end)
		return NULL;
	*out = n;
	return p + 1;
}

int blob_name_parse(const char *text, struct blob_name *out)
{
	struct blob_name n;
	uint64_t part;
	const char *p = number(text, LIMIT_ID, '.', &n.id);

	if (!p || n.id == 0)
		return -EINVAL;
	p = number(p, UINT32_MAX, '.', &part);
	if (!p || stamp_parse(p, &n.stamp) < 0)
		return -EINVAL;
	n.part = (uint32_t)part;
	*out = n;
	return 0;
}

void pending_name_format(uint64_t stamp, uint64_t id, char text[BLOB_NAME])
{
	char hex[STAMP_TEXT];

	stamp_format(stamp, hex);
	snprintf(text, BLOB_NAME, "pending.%s.%" PRIu64, hex, id);
}

int pending_name_parse(const char *text, uint64_t *stamp, uint64_t *id)
{
	const size_t prefix = strlen("pending.");
	char hex[STAMP_TEXT];
	uint64_t s, n;

	if (strncmp(text, "pending.", prefix) != 0 || strlen(text) < prefix + STAMP_TEXT + 1)
		return -EINVAL;
	memcpy(hex, text + prefix, STAMP_TEXT - 1);
	hex[STAMP_TEXT - 1] = 0;
	if (text[prefix + STAMP_TEXT - 1] != '.' || stamp_parse(hex, &s) < 0 ||
		!number(text + prefix + STAMP_TEXT, LIMIT_ID, 0, &n))
		return -EINVAL;
	*stamp = s;
	*id = n;
	return 0;
}

static int open_dir(int at, const char *name, int *out)
{
	int fd;

	if (mkdirat(at, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*out = fd;
	return 0;
}

static int open_dirs(struct folder *f)
{
	char name[4];
	int rc = open_dir(f->root, "tmp", &f->tmp);

	if (rc == 0)
		rc = open_dir(f->root, "trash", &f->trash);
	for (unsigned i = 0; rc == 0 && i < FOLDER_FANOUT; i++) {
		snprintf(name, sizeof(name), "%02x", i);
		rc = open_dir(f->root, name, &f->dir[i]);
	}
	if (rc == 0 && fsync(f->root) < 0)
		rc = -errno;
	return rc;
}

static int take_lock(struct folder *f)
{
	f->lock = openat(f->root, ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (f->lock < 0)
		return -errno;
	if (flock(f->lock, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	return 0;
}

int folder_open(struct folder *f, const char *path, char *error, size_t cap)
{
	int rc;

	*f = (struct folder){ .root = -1, .tmp = -1, .trash = -1, .lock = -1 };
	for (size_t i = 0; i < FOLDER_FANOUT; i++)
		f->dir[i] = -1;
	if (mkdir(path, 0700) < 0 && errno != EEXIST) {
		rc = -errno;
		snprintf(error, cap, "%s: cannot make the storage folder: %s", path, strerror(-rc));
		return rc;
	}
	f->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->root < 0) {
		rc = -errno;
		snprintf(error, cap, "%s: cannot open the storage folder: %s", path, strerror(-rc));
		return rc;
	}
	rc = take_lock(f);
	if (rc < 0) {
		snprintf(error, cap, "%s/.lock: %s", path,
			rc == -EWOULDBLOCK ? "another node is running on this storage folder"
					   : strerror(-rc));
		goto fail;
	}
	if (fsetxattr(f->lock, "user.cdn", "1", 1, 0) < 0) {
		rc = -errno;
		snprintf(error, cap,
			"%s: the file system keeps no user extended attributes (%s), which the "
			"store needs",
			path, strerror(-rc));
		goto fail;
	}
	rc = open_dirs(f);
	if (rc < 0) {
		snprintf(error, cap, "%s: cannot make or open a directory in it: %s", path,
			strerror(-rc));
		goto fail;
	}
	return 0;
fail:
	folder_close(f);
	return rc;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void folder_close(struct folder *f)
{
	for (size_t i = 0; i < FOLDER_FANOUT; i++)
		close_fd(&f->dir[i]);
	close_fd(&f->tmp);
	close_fd(&f->trash);
	close_fd(&f->lock);
	close_fd(&f->root);
}

int folder_of(const struct folder *f, uint64_t id)
{
	return f->dir[id % FOLDER_FANOUT];
}

int folder_each(int dir, int (*fn)(void *ctx, const char *name, const struct stat *st), void *ctx)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	const struct dirent *e;
	struct stat st;
	DIR *d;

	if (copy < 0)
		return -errno;
	d = fdopendir(copy);
	if (!d) {
		rc = -errno;
		close(copy);
		return rc;
	}
	while (rc >= 0 && (e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			rc = errno == ENOENT ? 0 : -errno;
		else
			rc = fn(ctx, e->d_name, &st);
	}
	closedir(d);
	return rc;
}
