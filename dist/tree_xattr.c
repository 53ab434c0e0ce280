#include "dist/tree_xattr.h"

#include "common/acl.h"
#include "common/xattr.h"
#include "dist/tree.h"
#include "dist/tree_acl.h"
#include <errno.h>
#include <sys/stat.h>

/* Locks the inode, then reads it. */
static int lock_attr(struct meta_tx *tx, uint64_t id, struct attr *a)
{
	struct meta_value arg = V_INT(id);
	int rc = meta_post(tx, SQL_INODE_LOCK, &arg, 1, NULL, NULL);

	return rc < 0 ? rc : tree_getattr(tx, id, a);
}

/* All attributes but one. */
struct others {
	int64_t count, names, values;
};

static int others_row(void *arg, const struct meta_value *col, size_t ncol)
{
	struct others *o = arg;

	(void)ncol;
	o->count = col[0].number;
	o->names = col[1].number + o->count;
	o->values = col[2].number;
	return 0;
}

static int exists_row(void *arg, const struct meta_value *col, size_t ncol)
{
	(void)col;
	(void)ncol;
	*(bool *)arg = true;
	return 0;
}

static int look(struct meta_tx *tx, const struct attr *a, const char *name, size_t len,
	struct others *o, bool *exists)
{
	struct meta_value args[] = { V_INT(a->id), V_BYTES(name, len) };
	int rc;

	*exists = false;
	*o = (struct others){ 0 };
	if (!a->xattrs)
		return 0;
	rc = meta_post(tx, SQL_XATTR_GET, args, 2, exists_row, exists);
	if (rc == 0)
		rc = meta_exec(tx, SQL_XATTR_OTHERS, args, 2, others_row, o);
	return rc < 0 ? rc : 0;
}

static int check_room(const struct tree_xattr *x, const struct others *o)
{
	int64_t names = o->names + (int64_t)x->len + 1;

	if (names > LIMIT_XATTR_LIST ||
		names + o->values + (int64_t)x->value_len > LIMIT_XATTR_TOTAL)
		return -ENOSPC;
	return 0;
}

static int check_flags(const struct tree_xattr *x, bool exists)
{
	if (x->flags & XATTR_SET_CREATE && exists)
		return -EEXIST;
	return x->flags & XATTR_SET_REPLACE && !exists ? -ENODATA : 0;
}

/* What an access ACL makes of the mode; *keep: the mode does not say all of it. */
static int apply_acl(const struct tree_xattr *x, uint32_t bit, uint32_t *mode, bool *keep)
{
	struct acl acl;
	int rc;

	if (!(bit & (XATTR_ACL_ACCESS | XATTR_ACL_DEFAULT)))
		return 0;
	rc = acl_parse(x->value, x->value_len, &acl);
	if (rc < 0 || bit == XATTR_ACL_DEFAULT)
		return rc;
	*keep = !acl_mode(&acl, mode);
	if (x->drop_setgid)
		*mode &= ~(uint32_t)S_ISGID;
	return 0;
}

static int write_inode(struct meta_tx *tx, const struct attr *a)
{
	struct meta_value args[] = { V_INT(a->id), V_INT(a->xattrs), V_INT(a->mode),
		V_INT(a->ctime) };

	return meta_post(tx, SQL_INODE_XATTRS, args, 4, NULL, NULL);
}

static int remove_row(struct meta_tx *tx, uint64_t id, const char *name, size_t len)
{
	struct meta_value args[] = { V_INT(id), V_BYTES(name, len) };

	return meta_post(tx, SQL_XATTR_REMOVE, args, 2, NULL, NULL);
}

int tree_setxattr(struct meta_tx *tx, uint64_t id, const struct tree_xattr *x, struct attr *out)
{
	uint32_t bit = xattr_bit(x->name, x->len);
	struct others others;
	bool exists, keep = true;
	struct attr a;
	int rc = lock_attr(tx, id, &a);

	if (rc == 0)
		rc = xattr_check(x->name, x->len, a.mode);
	if (rc == 0 && x->value_len > LIMIT_XATTR_VALUE)
		rc = -E2BIG;
	if (rc == 0)
		rc = apply_acl(x, bit, &a.mode, &keep);
	if (rc == 0)
		rc = look(tx, &a, x->name, x->len, &others, &exists);
	if (rc == 0)
		rc = check_flags(x, exists);
	if (rc == 0 && keep)
		rc = check_room(x, &others);
	if (rc < 0)
		return rc;
	a.xattrs = keep ? a.xattrs | bit : a.xattrs & ~bit;
	a.ctime = x->now;
	rc = keep ? tree_xattr_put(tx, id, x->name, x->len, x->value, x->value_len)
		  : remove_row(tx, id, x->name, x->len);
	if (rc == 0)
		rc = write_inode(tx, &a);
	if (rc < 0)
		return rc;
	*out = a;
	return 0;
}

static int64_t bits_in(uint32_t v)
{
	int64_t n = 0;

	for (; v; v &= v - 1)
		n++;
	return n;
}

int tree_removexattr(struct meta_tx *tx, uint64_t id, const char *name, size_t len, int64_t now,
	struct attr *out)
{
	uint32_t bit = xattr_bit(name, len);
	struct others others;
	bool exists;
	struct attr a;
	int rc = lock_attr(tx, id, &a);

	if (rc == 0)
		rc = xattr_check(name, len, a.mode);
	if (rc == 0)
		rc = look(tx, &a, name, len, &others, &exists);
	if (rc == 0 && !exists)
		rc = -ENODATA;
	if (rc == 0)
		rc = remove_row(tx, id, name, len);
	if (rc < 0)
		return rc;
	if (bit != XATTR_SOME || others.count == bits_in(a.xattrs & ~(uint32_t)XATTR_SOME))
		a.xattrs &= ~bit;
	a.ctime = now;
	rc = write_inode(tx, &a);
	if (rc < 0)
		return rc;
	*out = a;
	return 0;
}

int tree_getxattr(struct meta_tx *tx, uint64_t id, const char *name, size_t len, struct buf *value)
{
	struct meta_value arg = V_INT(id);
	struct tree_node n = { 0 };
	int rc = meta_post(tx, SQL_INODE_NODE, &arg, 1, tree_node_row, &n);

	if (rc == 0)
		rc = tree_xattr_value(tx, id, name, len, value);
	if (rc < 0 && rc != -ENODATA)
		return rc;
	if (!n.found)
		return -ENOENT;
	if (rc == -ENODATA) {
		int why = xattr_check(name, len, n.mode);

		/* one that there cannot be is not there */
		return why == -EPERM || why == -EACCES || why == 0 ? -ENODATA : why;
	}
	return 0;
}

struct listing {
	tree_xattr_fn fn;
	void *arg;
};

static int list_row(void *arg, const struct meta_value *col, size_t ncol)
{
	const struct listing *l = arg;

	(void)ncol;
	return l->fn(l->arg, col[0].data, col[0].len, col[1].data, col[1].len);
}

int tree_listxattr(struct meta_tx *tx, uint64_t id, tree_xattr_fn fn, void *arg, struct attr *out)
{
	struct meta_value value = V_INT(id);
	struct listing l = { fn, arg };
	struct attr a;
	int rc = tree_getattr(tx, id, &a);

	if (rc == 0 && a.xattrs)
		rc = meta_exec(tx, SQL_XATTR_LIST, &value, 1, list_row, &l);
	if (rc < 0)
		return rc;
	*out = a;
	return 0;
}
