#include "tests/model/run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int64_t ns_of(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

bool compare_skips(const struct run *r, int side, int inode)
{
	return !r->local && hold_is_written(r, side, inode);
}

static void compare_bytes(const struct run *r, const char *path, const struct inode *n)
{
	static unsigned char got[DATA_MAX + 1];
	size_t len = 0;
	ssize_t part;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		run_fail(r, "%s: open: %s", path, strerror(errno));
	while (len < sizeof(got) && (part = read(fd, got + len, sizeof(got) - len)) != 0) {
		if (part < 0)
			run_fail(r, "%s: read: %s", path, strerror(errno));
		len += (size_t)part;
	}
	if (close(fd) < 0)
		run_fail(r, "%s: close of a reader: %s", path, strerror(errno));
	if (len != n->size)
		run_fail(r, "%s: has %zu bytes, not %zu", path, len, n->size);
	for (size_t i = 0; i < len; i++)
		if (got[i] != n->data[i])
			run_fail(r, "%s: byte %zu is %d, not %d", path, i, got[i], n->data[i]);
}

static void compare_target(const struct run *r, const char *path, const struct inode *n)
{
	char got[TARGET_MAX + 1];
	ssize_t len = readlink(path, got, sizeof(got) - 1);

	if (len < 0)
		run_fail(r, "%s: readlink: %s", path, strerror(errno));
	got[len] = '\0';
	if (strcmp(got, n->target) != 0)
		run_fail(r, "%s: leads to %s, not %s", path, got, n->target);
}

#define WANT(what, is, must, fmt)                                                                  \
	do {                                                                                       \
		if ((is) != (must))                                                                \
			run_fail(r, "%s: " what " is " fmt ", not " fmt, path, is, must);          \
	} while (0)

static void compare_attr(
	const struct run *r, const char *path, const struct inode *n, const struct stat *st)
{
	WANT("mode", (unsigned)st->st_mode, (unsigned)n->mode, "%o");
	WANT("nlink", (unsigned)st->st_nlink, n->nlink, "%u");
	WANT("uid", st->st_uid, n->uid, "%u");
	WANT("gid", st->st_gid, n->gid, "%u");
	if (!S_ISDIR(n->mode))
		WANT("size", (size_t)st->st_size, n->size, "%zu");
	if (n->mtime_ns >= 0)
		WANT("mtime", (long long)ns_of(st->st_mtim), (long long)n->mtime_ns, "%lld");
}

/* What both sides say of one file is the same, also where the model does not know it. */
static void compare_sides(
	const struct run *r, const char *path, const struct stat *a, const struct stat *b)
{
	WANT("ino", (unsigned long)b->st_ino, (unsigned long)a->st_ino, "%lu");
	WANT("mtime beside the other side's", (long long)ns_of(b->st_mtim),
		(long long)ns_of(a->st_mtim), "%lld");
	WANT("ctime beside the other side's", (long long)ns_of(b->st_ctim),
		(long long)ns_of(a->st_ctim), "%lld");
}

void compare_name(const struct run *r, struct place p)
{
	int i = model_at(&r->model, p);
	struct stat st[2];
	char path[PATH_MAX];
	/* what is written and not yet stored gets its times when it is */
	bool skipped = i >= 0 && (hold_is_written(r, 0, i) || hold_is_written(r, 1, i));

	for (int side = 0; side < 2; side++) {
		const struct inode *n = i < 0 ? NULL : &r->model.inode[i];
		int rc;

		run_path(r, side, p, path);
		if (i >= 0 && compare_skips(r, side, i))
			continue;
		rc = lstat(path, &st[side]);
		if (i < 0 && rc == 0)
			run_fail(r, "%s: is there", path);
		if (i < 0 && errno != ENOENT)
			run_fail(r, "%s: %s, not ENOENT", path, strerror(errno));
		if (i < 0)
			continue;
		if (rc < 0)
			run_fail(r, "%s: %s", path, strerror(errno));
		compare_attr(r, path, n, &st[side]);
		if (S_ISREG(n->mode))
			compare_bytes(r, path, n);
		else if (S_ISLNK(n->mode))
			compare_target(r, path, n);
	}
	if (i >= 0 && !skipped)
		compare_sides(r, path, &st[0], &st[1]);
}

static void compare_listing(const struct run *r, const char *path, const struct inode *n)
{
	bool seen[NAMES] = { false };
	struct dirent *e;
	DIR *d = opendir(path);

	if (!d)
		run_fail(r, "%s: opendir: %s", path, strerror(errno));
	for (errno = 0; (e = readdir(d)); errno = 0) {
		int name = e->d_name[0] - 'a';

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
			strcmp(e->d_name, ".cdnfs") == 0)
			continue;
		if (e->d_name[1] || name < 0 || name >= NAMES || n->child[name] < 0)
			run_fail(r, "%s: lists %s", path, e->d_name);
		if (seen[name])
			run_fail(r, "%s: lists %s twice", path, e->d_name);
		seen[name] = true;
	}
	if (errno)
		run_fail(r, "%s: readdir: %s", path, strerror(errno));
	(void)closedir(d); /* was read only */
	for (int k = 0; k < NAMES; k++)
		if (n->child[k] >= 0 && !seen[k])
			run_fail(r, "%s: does not list %c", path, 'a' + k);
}

void compare_dir(const struct run *r, int dir)
{
	const struct inode *n = &r->model.inode[dir];
	char path[PATH_MAX];
	struct stat st[2];

	for (int side = 0; side < 2; side++) {
		run_path(r, side, (struct place){ dir, -1 }, path);
		if (lstat(path, &st[side]) < 0)
			run_fail(r, "%s: %s", path, strerror(errno));
		compare_attr(r, path, n, &st[side]);
		compare_listing(r, path, n);
	}
	compare_sides(r, path, &st[0], &st[1]);
}

void compare_all(const struct run *r)
{
	for (int i = 0; i < INODES; i++) {
		const struct inode *n = &r->model.inode[i];

		if (!n->used || !S_ISDIR(n->mode) || !n->nlink)
			continue;
		compare_dir(r, i);
		for (int k = 0; k < NAMES; k++)
			if (n->child[k] >= 0)
				compare_name(r, (struct place){ i, k });
	}
}
