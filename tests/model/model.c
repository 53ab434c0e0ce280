#include "tests/model/model.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool model_is_dir(const struct model *m, int i)
{
	return i >= 0 && S_ISDIR(m->inode[i].mode);
}

bool model_is_file(const struct model *m, int i)
{
	return i >= 0 && S_ISREG(m->inode[i].mode);
}

static void clear(struct inode *n, mode_t mode)
{
	*n = (struct inode){ .used = true, .mode = mode, .nlink = 1, .mtime_ns = -1, .parent = -1 };
	for (int k = 0; k < NAMES; k++)
		n->child[k] = -1;
}

void model_init(struct model *m, mode_t root_mode)
{
	memset(m, 0, sizeof(*m));
	clear(&m->inode[0], S_IFDIR | (root_mode & 07777));
	m->inode[0].nlink = 2;
	m->inode[0].parent = 0;
}

void model_release(struct model *m)
{
	for (int i = 0; i < INODES; i++)
		free(m->inode[i].data);
}

int model_at(const struct model *m, struct place p)
{
	return m->inode[p.dir].child[p.name];
}

int model_depth(const struct model *m, int dir)
{
	int depth = 1;

	for (; dir != 0; dir = m->inode[dir].parent)
		depth++;
	return depth;
}

static int take(struct model *m, mode_t mode)
{
	for (int i = 1; i < INODES; i++) {
		struct inode *n = &m->inode[i];

		if (n->used)
			continue;
		clear(n, mode);
		if (S_ISREG(mode))
			n->data = calloc(1, DATA_MAX);
		if (S_ISREG(mode) && !n->data)
			abort();
		return i;
	}
	return -1;
}

static void drop(struct model *m, int i)
{
	struct inode *n = &m->inode[i];

	if (n->nlink || n->opened)
		return;
	free(n->data);
	memset(n, 0, sizeof(*n));
}

/* Entry changes are changes of the directory. */
static void point(struct model *m, struct place p, int inode)
{
	m->inode[p.dir].child[p.name] = inode;
	m->inode[p.dir].mtime_ns = -1;
}

int model_create(struct model *m, struct place p, mode_t mode, const char *target)
{
	int i;

	if (model_at(m, p) >= 0)
		return -EEXIST;
	i = take(m, mode);
	if (i < 0)
		return -ENOSPC;
	if (S_ISDIR(mode)) {
		m->inode[i].nlink = 2;
		m->inode[i].parent = p.dir;
		m->inode[p.dir].nlink++;
	}
	if (target) {
		(void)snprintf(m->inode[i].target, TARGET_MAX, "%s", target);
		m->inode[i].size = strlen(target);
	}
	point(m, p, i);
	return 0;
}

static bool is_empty(const struct model *m, int dir)
{
	for (int k = 0; k < NAMES; k++)
		if (m->inode[dir].child[k] >= 0)
			return false;
	return true;
}

/* The inode at p has one name less. */
static void remove_name(struct model *m, struct place p)
{
	int i = model_at(m, p);

	point(m, p, -1);
	if (model_is_dir(m, i)) {
		m->inode[i].nlink = 0;
		m->inode[p.dir].nlink--;
	} else {
		m->inode[i].nlink--;
	}
	drop(m, i);
}

int model_unlink(struct model *m, struct place p)
{
	int i = model_at(m, p);

	if (i < 0)
		return -ENOENT;
	if (model_is_dir(m, i))
		return -EISDIR;
	remove_name(m, p);
	return 0;
}

int model_rmdir(struct model *m, struct place p)
{
	int i = model_at(m, p);

	if (i < 0)
		return -ENOENT;
	if (!model_is_dir(m, i))
		return -ENOTDIR;
	if (!is_empty(m, i))
		return -ENOTEMPTY;
	remove_name(m, p);
	return 0;
}

int model_link(struct model *m, int inode, struct place p)
{
	if (model_at(m, p) >= 0)
		return -EEXIST;
	if (model_is_dir(m, inode))
		return -EPERM;
	m->inode[inode].nlink++;
	point(m, p, inode);
	return 0;
}

static bool is_below(const struct model *m, int dir, int above)
{
	for (;; dir = m->inode[dir].parent) {
		if (dir == above)
			return true;
		if (dir == 0)
			return false;
	}
}

/* A directory went from one parent to the other. */
static void moved(struct model *m, int i, int from, int to)
{
	if (!model_is_dir(m, i))
		return;
	m->inode[i].parent = to;
	m->inode[from].nlink--;
	m->inode[to].nlink++;
}

/* In the order in which the kernel looks. */
static int rename_check(
	const struct model *m, int src, int dst, struct place from, struct place to, unsigned flags)
{
	if (src < 0)
		return -ENOENT;
	if ((flags & RENAME_NOREPLACE) && dst >= 0)
		return -EEXIST;
	if ((flags & RENAME_EXCHANGE) && dst < 0)
		return -ENOENT;
	if (model_is_dir(m, src) && is_below(m, to.dir, src))
		return -EINVAL;
	if (model_is_dir(m, dst) && is_below(m, from.dir, dst))
		return flags & RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
	if (dst < 0 || (flags & RENAME_EXCHANGE))
		return 0;
	if (src == dst)
		return 0;
	if (model_is_dir(m, src) && !model_is_dir(m, dst))
		return -ENOTDIR;
	if (!model_is_dir(m, src) && model_is_dir(m, dst))
		return -EISDIR;
	return model_is_dir(m, dst) && !is_empty(m, dst) ? -ENOTEMPTY : 0;
}

int model_rename(struct model *m, struct place from, struct place to, unsigned flags)
{
	int src = model_at(m, from), dst = model_at(m, to);
	int rc = rename_check(m, src, dst, from, to, flags);

	if (rc < 0 || src == dst)
		return rc;
	if (flags & RENAME_EXCHANGE) {
		point(m, from, dst);
		point(m, to, src);
		moved(m, src, from.dir, to.dir);
		moved(m, dst, to.dir, from.dir);
		return 0;
	}
	if (dst >= 0)
		remove_name(m, to);
	point(m, from, -1);
	point(m, to, src);
	moved(m, src, from.dir, to.dir);
	return 0;
}

void model_truncate(struct model *m, int inode, size_t size)
{
	struct inode *n = &m->inode[inode];

	if (size < n->size)
		memset(n->data + size, 0, n->size - size);
	n->size = size;
	n->mtime_ns = -1;
}

void model_write(struct model *m, int inode, size_t off, const unsigned char *bytes, size_t len)
{
	struct inode *n = &m->inode[inode];

	memcpy(n->data + off, bytes, len);
	if (off + len > n->size)
		n->size = off + len;
	n->mtime_ns = -1;
}

void model_hold(struct model *m, int inode)
{
	m->inode[inode].opened++;
}

void model_unhold(struct model *m, int inode)
{
	m->inode[inode].opened--;
	drop(m, inode);
}
