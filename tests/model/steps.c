#include "tests/model/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static struct place any_place(struct run *r)
{
	int dir;

	do
		dir = (int)run_random(r, INODES);
	while (!r->model.inode[dir].nlink || !model_is_dir(&r->model, dir));
	return (struct place){ dir, (int)run_random(r, NAMES) };
}

/* One that exists, mostly. */
static struct place some_place(struct run *r)
{
	struct place p = any_place(r);

	for (int i = 0; i < 20 && model_at(&r->model, p) < 0; i++)
		p = any_place(r);
	return p;
}

/* What the call said is what the model says; rc: its return value, want: 0 or -errno. */
static void agree(const struct run *r, int rc, int want)
{
	int got = rc < 0 ? -errno : 0;

	if (got != want)
		run_fail(r, "got %s, not %s", got ? strerrorname_np(-got) : "success",
			want ? strerrorname_np(-want) : "success");
}

static void after(struct run *r, struct place p)
{
	compare_name(r, p);
	compare_dir(r, p.dir);
}

static void fill(struct run *r, unsigned char *bytes, size_t len)
{
	unsigned seed = run_random(r, 256);

	for (size_t i = 0; i < len; i++)
		bytes[i] = (unsigned char)(seed + i * 7 + (i >> 8));
}

static bool too_deep(const struct run *r, struct place p)
{
	return model_depth(&r->model, p.dir) >= DEPTH;
}

static void do_node(struct run *r, int side, struct place p)
{
	static const mode_t types[] = { S_IFREG, S_IFREG, S_IFDIR, S_IFDIR, S_IFLNK, S_IFIFO };
	mode_t type = types[run_random(r, ARRAY_LEN(types))], mode = run_random(r, 01000);
	char path[PATH_MAX], target[TARGET_MAX];
	int rc, want;

	if (type == S_IFDIR && too_deep(r, p))
		type = S_IFREG;
	mode |= type == S_IFDIR ? 0700 : 0600;
	run_path(r, side, p, path);
	(void)snprintf(target, sizeof(target), "to/%u", run_random(r, 1000000)); /* fits */
	run_note(r, "make %s, mode %o", path, type | mode);
	want = model_create(&r->model, p, type | (type == S_IFLNK ? 0777 : mode),
		type == S_IFLNK ? target : NULL);
	if (want == -ENOSPC)
		return;
	if (type == S_IFDIR)
		rc = mkdir(path, mode);
	else if (type == S_IFLNK)
		rc = symlink(target, path);
	else
		rc = mknod(path, type | mode, 0);
	agree(r, rc, want);
	after(r, p);
}

static void put(struct run *r, int fd, size_t off, size_t len, bool append, int inode)
{
	static unsigned char bytes[WRITE_MAX];
	ssize_t n;

	fill(r, bytes, len);
	n = append ? write(fd, bytes, len) : pwrite(fd, bytes, len, (off_t)off);
	if (n != (ssize_t)len)
		run_fail(r, "write: %zd of %zu, %s", n, len, strerror(errno));
	model_write(&r->model, inode, append ? r->model.inode[inode].size : off, bytes, len);
}

/* A new file, or one that is there, written in one to three pieces. */
static void do_write(struct run *r, int side, struct place p)
{
	int i = model_at(&r->model, p), fd, flags = O_WRONLY | O_CREAT | O_CLOEXEC;
	bool append = run_random(r, 4) == 0, anew = run_random(r, 4) == 0;
	char path[PATH_MAX];

	if (i >= 0 && (!model_is_file(&r->model, i) || hold_is_written(r, side, i)))
		return;
	flags |= append ? O_APPEND : anew ? O_TRUNC : 0;
	run_path(r, side, p, path);
	run_note(r, "%s %s", append ? "append to" : anew ? "write anew" : "write", path);
	if (i < 0 && model_create(&r->model, p, S_IFREG | 0644, NULL) < 0)
		return;
	i = model_at(&r->model, p);
	hold_forget_readers(r, side, i);
	fd = open(path, flags, 0644);
	if (fd < 0)
		run_fail(r, "open: %s", strerror(errno));
	if (flags & O_TRUNC) {
		model_truncate(&r->model, i, 0);
		hold_shrunk(r, i, 0);
	}
	for (unsigned pieces = run_random(r, 4); pieces; pieces--) {
		size_t len = 1 + run_random(r, append ? 1000 : WRITE_MAX);
		size_t size = r->model.inode[i].size, off = run_random(r, (unsigned)size + 3000);

		if (off + len > DATA_MAX - 20000 || size + len > DATA_MAX - 20000)
			continue;
		run_note(r, " %zu at %zu,", len, append ? size : off);
		put(r, fd, off, len, append, i);
	}
	if (close(fd) < 0)
		run_fail(r, "close: %s", strerror(errno));
	after(r, p);
}

static void do_truncate(struct run *r, int side, struct place p)
{
	int i = model_at(&r->model, p);
	size_t size = run_random(r, DATA_MAX - 20000);
	char path[PATH_MAX];

	if (!model_is_file(&r->model, i) || hold_is_written(r, side, i))
		return;
	if (run_random(r, 2))
		size = run_random(r, (unsigned)r->model.inode[i].size + 100);
	run_path(r, side, p, path);
	run_note(r, "truncate %s to %zu", path, size);
	hold_forget_readers(r, side, i);
	agree(r, truncate(path, (off_t)size), 0);
	model_truncate(&r->model, i, size);
	hold_shrunk(r, i, size);
	after(r, p);
}

static void do_remove(struct run *r, int side, struct place p)
{
	bool folder = run_random(r, 2);
	char path[PATH_MAX];

	run_path(r, side, p, path);
	run_note(r, "%s %s", folder ? "rmdir" : "unlink", path);
	agree(r, folder ? rmdir(path) : unlink(path),
		folder ? model_rmdir(&r->model, p) : model_unlink(&r->model, p));
	after(r, p);
}

static void do_rename(struct run *r, int side, struct place p)
{
	static const unsigned kinds[] = { 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE };
	struct place to = run_random(r, 2) ? any_place(r) : some_place(r);
	unsigned flags = kinds[run_random(r, ARRAY_LEN(kinds))];
	char from[PATH_MAX], path[PATH_MAX];

	if (model_is_dir(&r->model, model_at(&r->model, p)) && too_deep(r, to))
		return;
	if (flags & RENAME_EXCHANGE && too_deep(r, p))
		return;
	run_path(r, side, p, from);
	run_path(r, side, to, path);
	run_note(r, "rename %s to %s, flags %u", from, path, flags);
	agree(r, renameat2(AT_FDCWD, from, AT_FDCWD, path, flags),
		model_rename(&r->model, p, to, flags));
	after(r, p);
	after(r, to);
}

static void do_link(struct run *r, int side, struct place p)
{
	struct place to = any_place(r);
	int i = model_at(&r->model, p);
	char from[PATH_MAX], path[PATH_MAX];

	if (i < 0)
		return;
	run_path(r, side, p, from);
	run_path(r, side, to, path);
	run_note(r, "link %s as %s", from, path);
	agree(r, linkat(AT_FDCWD, from, AT_FDCWD, path, 0), model_link(&r->model, i, to));
	after(r, p);
	after(r, to);
}

/* Mode, owner or time of what is there. */
static void do_attr(struct run *r, int side, struct place p)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { 0 } };
	int i = model_at(&r->model, p);
	struct inode *n = &r->model.inode[i < 0 ? 0 : i];
	mode_t mode = run_random(r, 01000);
	char path[PATH_MAX];

	if (i < 0)
		return;
	run_path(r, side, p, path);
	switch (run_random(r, 3)) {
	case 0:
		if (S_ISLNK(n->mode))
			return;
		mode |= S_ISDIR(n->mode) ? 0700 : 0600;
		run_note(r, "chmod %s to %o", path, mode);
		agree(r, chmod(path, mode), 0);
		n->mode = (n->mode & S_IFMT) | mode;
		break;
	case 1:
		n->uid = run_random(r, 3);
		n->gid = run_random(r, 3);
		run_note(r, "chown %s to %u:%u", path, n->uid, n->gid);
		agree(r, lchown(path, n->uid, n->gid), 0);
		break;
	default:
		times[1].tv_sec = 1000000000 + run_random(r, 1000000);
		times[1].tv_nsec = run_random(r, 1000000000);
		if (hold_is_written(r, side, i))
			return;
		run_note(r, "utimens %s to %lld.%09ld", path, (long long)times[1].tv_sec,
			times[1].tv_nsec);
		agree(r, utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
		n->mtime_ns = (int64_t)times[1].tv_sec * 1000000000 + times[1].tv_nsec;
	}
	after(r, p);
}

void step(struct run *r)
{
	static void (*const kinds[])(struct run *, int, struct place) = { do_node, do_node,
		do_write, do_write, do_write, do_truncate, do_remove, do_remove, do_rename,
		do_rename, do_link, do_attr, do_attr };
	unsigned kind = run_random(r, ARRAY_LEN(kinds) + 4);
	int side = (int)run_random(r, 2);

	r->op++;
	if (kind >= ARRAY_LEN(kinds))
		hold_step(r);
	else
		kinds[kind](r, side, run_random(r, 4) ? some_place(r) : any_place(r));
	if (r->op % 100 == 0)
		compare_all(r);
}
