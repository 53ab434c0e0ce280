#include "dist/tree.h"

#include "common/name.h"
#include "dist/reg_row.h"
#include "dist/row.h"
#include "dist/tree_acl.h"
#include "dist/tree_row.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

bool tree_reserved(const struct tree_name *at)
{
	return row_reserved(at->dir, at->name, at->len);
}

int tree_getattr(struct meta_tx *tx, uint64_t id, struct attr *out)
{
	struct meta_value arg = V_INT(id);
	int rc = meta_exec(tx, SQL_INODE_ATTR, &arg, 1, tree_attr_row, out);

	if (rc < 0)
		return rc;
	return rc ? 0 : -ENOENT;
}

/* The entry of a directory that is looked up: what the two together tell. */
struct found {
	struct attr *out;
	bool entry;
	uint32_t dir_mode;
};

static int entry_row(void *arg, const struct meta_value *col, size_t ncol)
{
	struct found *f = arg;

	(void)ncol;
	f->dir_mode = (uint32_t)col[ATTR_COLUMNS].number;
	f->entry = col[0].type == META_INT;
	if (f->entry)
		attr_from_row(f->out, col);
	return 0;
}

static int lookup_dot(struct meta_tx *tx, uint64_t dir, bool up, struct attr *out)
{
	struct meta_value arg = V_INT(dir);
	uint64_t parent = dir; /* the root is its own */
	struct tree_node n = { 0 };
	int rc = meta_post(tx, SQL_INODE_NODE, &arg, 1, tree_node_row, &n);

	if (rc == 0)
		rc = meta_exec(tx, SQL_ENTRY_OF, &arg, 1, tree_id_row, &parent);
	if (rc >= 0)
		rc = tree_node_dir(&n);
	return rc < 0 ? rc : tree_getattr(tx, up ? parent : dir, out);
}

int tree_lookup(struct meta_tx *tx, const struct tree_name *at, struct attr *out)
{
	struct meta_value args[] = { V_INT(at->dir), V_BYTES(at->name, at->len) };
	struct found f = { .out = out };
	int rc;

	if (at->len && at->len <= 2 && memcmp(at->name, "..", at->len) == 0)
		return lookup_dot(tx, at->dir, at->len == 2, out);
	rc = name_check(at->name, at->len);
	if (rc < 0)
		return rc;
	rc = meta_exec(tx, SQL_ENTRY_ATTR, args, 2, entry_row, &f);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return -ENOENT;
	if (!S_ISDIR(f.dir_mode))
		return -ENOTDIR;
	return f.entry ? 0 : -ENOENT;
}

static int change_check(const struct attr_change *c, const struct attr *a)
{
	if (!(c->set & SET_SIZE))
		return 0;
	if (S_ISDIR(a->mode))
		return -EISDIR;
	return S_ISREG(a->mode) && c->size == 0 ? 0 : -EINVAL;
}

static void change_apply(const struct attr_change *c, struct attr *a)
{
	if (c->set & SET_MODE)
		a->mode = (a->mode & S_IFMT) | (c->mode & 07777);
	if (c->set & SET_UID)
		a->uid = c->uid;
	if (c->set & SET_GID)
		a->gid = c->gid;
	if (c->set & SET_SIZE) {
		a->size = a->allocated = a->stamp = 0;
		a->etag[0] = a->node[0] = a->uri[0] = '\0';
		a->mtime = c->now;
	}
	if (c->set & SET_ATIME)
		a->atime = c->atime;
	if (c->set & SET_MTIME)
		a->mtime = c->mtime;
	a->ctime = c->set & SET_CTIME ? c->ctime : c->now;
}

/* The register's half of a change. */
static int change_content(struct meta_tx *tx, const struct attr_change *c, const struct attr *a)
{
	struct meta_value args[] = { V_INT(a->id), V_INT(a->mtime) };
	int rc = 0;

	if (c->set & SET_SIZE) {
		rc = reg_drop_bytes(tx, a->id);
		if (rc == 0)
			rc = meta_post(tx, SQL_CONTENT_CLEAR, args, 1, NULL, NULL);
	}
	if (rc == 0 && S_ISREG(a->mode) && (c->set & (SET_SIZE | SET_MTIME)))
		rc = meta_post(tx, SQL_CONTENT_MTIME, args, 2, NULL, NULL);
	return rc;
}

int tree_setattr(struct meta_tx *tx, uint64_t id, const struct attr_change *c, struct attr *out)
{
	struct meta_value arg = V_INT(id);
	struct attr a;
	/* The lock first: what is read after it cannot change any more. */
	int rc = meta_post(tx, SQL_INODE_LOCK, &arg, 1, NULL, NULL);

	if (rc == 0)
		rc = tree_getattr(tx, id, &a);
	if (rc == 0)
		rc = change_check(c, &a);
	if (rc < 0)
		return rc;
	change_apply(c, &a);
	rc = change_content(tx, c, &a);
	if (rc == 0 && c->set & SET_MODE)
		rc = tree_acl_chmod(tx, &a);
	if (rc == 0) {
		struct meta_value args[] = { V_INT(id), V_INT(a.mode), V_INT(a.uid), V_INT(a.gid),
			V_INT(a.size), V_INT(a.atime), V_INT(a.mtime), V_INT(a.ctime) };

		rc = meta_post(tx, SQL_INODE_SET, args, 8, NULL, NULL);
	}
	if (rc < 0)
		return rc;
	*out = a;
	return 0;
}

static int new_check(const struct tree_new *n)
{
	switch (n->mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
	case S_IFIFO:
	case S_IFSOCK:
	case S_IFCHR:
	case S_IFBLK:
		return 0;
	case S_IFLNK:
		if (!n->target || n->target_len == 0)
			return -ENOENT;
		if (n->target_len > LIMIT_TARGET)
			return -ENAMETOOLONG;
		return memchr(n->target, '\0', n->target_len) ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

static void new_attr(const struct tree_new *n, struct attr *a)
{
	*a = (struct attr){ .mode = n->mode,
		.uid = n->uid,
		.gid = n->gid,
		.nlink = 1,
		.atime = n->now,
		.mtime = n->now,
		.ctime = n->now };
	if (S_ISDIR(a->mode))
		a->nlink = 2;
	if (S_ISCHR(a->mode) || S_ISBLK(a->mode))
		a->rdev = n->rdev;
	if (S_ISLNK(a->mode)) {
		memcpy(a->target, n->target, n->target_len);
		a->target[n->target_len] = '\0';
		a->size = n->target_len;
	}
}

static int create_existing(
	struct meta_tx *tx, const struct tree_new *n, const struct tree_node *child, struct attr *a)
{
	int rc;

	if (n->exclusive || !S_ISREG(n->mode))
		return -EEXIST;
	if (S_ISDIR(child->mode))
		return -EISDIR;
	if (!S_ISREG(child->mode))
		return -EEXIST;
	rc = tree_getattr(tx, child->id, a);
	return rc == -ENOENT ? meta_again(tx) : rc;
}

int tree_create(struct meta_tx *tx, const struct tree_new *n, struct attr *out, bool *existed)
{
	struct tree_node dir, child;
	int rc = tree_reserved(&n->at) ? -EPERM : new_check(n);

	if (rc == 0)
		rc = tree_lock_entry(tx, &n->at, false, &dir, &child);
	if (rc < 0)
		return rc;
	if (child.found) {
		rc = create_existing(tx, n, &child, out);
		if (rc == 0 && existed)
			*existed = true;
		return rc;
	}
	struct tree_heritage heritage;
	struct attr a;

	new_attr(n, &a);
	rc = tree_inherit(tx, &dir, n->umask, &a, &heritage);
	if (rc == 0)
		rc = tree_inode_add(tx, &a, &a.id);
	if (rc == 0)
		rc = tree_inherit_put(tx, a.id, &heritage);
	if (rc == 0)
		rc = tree_entry_add(tx, &n->at, a.id);
	if (rc == 0 && S_ISREG(a.mode))
		rc = reg_add_empty(tx, a.id, n->at.name, n->at.len, n->now);
	if (rc == 0)
		rc = tree_touch(tx, n->at.dir, S_ISDIR(a.mode) ? 1 : 0, n->now);
	if (rc < 0)
		return rc;
	*out = a;
	if (existed)
		*existed = false;
	return 0;
}

int tree_link(
	struct meta_tx *tx, uint64_t id, const struct tree_name *at, int64_t now, struct attr *out)
{
	struct meta_value more[] = { V_INT(id), V_INT(1), V_NULL, V_INT(now) };
	struct tree_node dir, child;
	struct attr a;
	int rc = tree_reserved(at) ? -EPERM : tree_lock_entry(tx, at, false, &dir, &child);

	if (rc < 0)
		return rc;
	rc = meta_post(tx, SQL_INODE_LOCK, more, 1, NULL, NULL);
	if (rc == 0)
		rc = tree_getattr(tx, id, &a);
	if (rc < 0)
		return rc;
	if (S_ISDIR(a.mode))
		return -EPERM;
	if (child.found)
		return -EEXIST;
	rc = tree_entry_add(tx, at, id);
	if (rc == 0)
		rc = meta_post(tx, SQL_INODE_LINKS, more, 4, NULL, NULL);
	if (rc == 0)
		rc = tree_touch(tx, at->dir, 0, now);
	if (rc < 0)
		return rc;
	a.nlink++;
	a.ctime = now;
	*out = a;
	return 0;
}

static int may_go(struct meta_tx *tx, const struct tree_node *child, bool dir)
{
	if (!child->found)
		return -ENOENT;
	if (S_ISDIR(child->mode) != dir)
		return dir ? -ENOTDIR : -EISDIR;
	return dir ? tree_empty(tx, child->id) : 0;
}

/* Takes away the name of a directory, or of anything else. */
static int remove_name(struct meta_tx *tx, const struct tree_name *at, bool dir, int64_t now,
	struct tree_gone *gone)
{
	struct meta_value args[] = { V_INT(at->dir), V_BYTES(at->name, at->len) };
	struct tree_node above, child;
	int rc = tree_lock_entry(tx, at, true, &above, &child);

	if (rc == 0)
		rc = may_go(tx, &child, dir);
	if (rc == 0)
		rc = meta_post(tx, SQL_ENTRY_DELETE, args, 2, NULL, NULL);
	if (rc == 0)
		rc = tree_drop(tx, &child, now);
	if (rc == 0)
		rc = tree_touch(tx, at->dir, dir ? -1 : 0, now);
	if (rc < 0)
		return rc;
	if (gone)
		*gone = (struct tree_gone){ .id = child.id, .nlink = dir ? 0 : child.nlink - 1 };
	return 0;
}

int tree_unlink(struct meta_tx *tx, const struct tree_name *at, int64_t now, struct tree_gone *gone)
{
	return remove_name(tx, at, false, now, gone);
}

int tree_rmdir(struct meta_tx *tx, const struct tree_name *at, int64_t now, struct tree_gone *gone)
{
	return remove_name(tx, at, true, now, gone);
}

int tree_count(struct meta_tx *tx, uint64_t *inodes)
{
	int rc = meta_exec(tx, SQL_INODE_COUNT, NULL, 0, tree_id_row, inodes);

	return rc < 0 ? rc : 0;
}
