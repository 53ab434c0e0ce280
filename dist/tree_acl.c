#include "dist/tree_acl.h"

#include "common/xattr.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static int value_row(void *arg, const struct meta_value *col, size_t ncol)
{
	(void)ncol;
	if (col[0].len)
		buf_add(arg, col[0].data, col[0].len);
	return buf_error(arg);
}

int tree_xattr_value(struct meta_tx *tx, uint64_t id, const char *name, size_t len, struct buf *out)
{
	struct meta_value args[] = { V_INT(id), V_BYTES(name, len) };
	int rc = meta_exec(tx, SQL_XATTR_GET, args, 2, value_row, out);

	return rc > 0 ? 0 : rc == 0 ? -ENODATA : rc;
}

int tree_xattr_put(struct meta_tx *tx, uint64_t id, const char *name, size_t len, const void *value,
	size_t value_len)
{
	struct meta_value args[] = { V_INT(id), V_BYTES(name, len), V_BYTES(value, value_len) };

	return meta_post(tx, SQL_XATTR_PUT, args, 3, NULL, NULL);
}

/* An ACL that the inode's row tells of. */
static int load(struct meta_tx *tx, uint64_t id, const char *name, struct acl *out)
{
	struct buf value = BUF_INIT;
	int rc = tree_xattr_value(tx, id, name, strlen(name), &value);

	if (rc == 0)
		rc = acl_parse(buf_str(&value), value.len, out);
	buf_release(&value);
	/* whoever stored it checked it: anything else is a database that was tampered with */
	return rc == -ENODATA || rc == -EINVAL || rc == -E2BIG ? -EIO : rc;
}

static int inherit_acl(struct meta_tx *tx, uint64_t dir, struct attr *a, struct tree_heritage *h)
{
	struct acl acl;
	int rc = load(tx, dir, XATTR_NAME_DEFAULT, &acl);

	if (rc < 0)
		return rc;
	if (S_ISDIR(a->mode)) {
		h->default_len = acl_write(&acl, h->def);
		a->xattrs |= XATTR_ACL_DEFAULT;
	}
	if (!acl_inherit(&acl, &a->mode)) {
		h->access_len = acl_write(&acl, h->access);
		a->xattrs |= XATTR_ACL_ACCESS;
	}
	return 0;
}

int tree_inherit(struct meta_tx *tx, const struct tree_node *dir, uint32_t umask, struct attr *a,
	struct tree_heritage *h)
{
	h->access_len = h->default_len = 0;
	if (dir->mode & S_ISGID) {
		a->gid = dir->gid;
		if (S_ISDIR(a->mode))
			a->mode |= S_ISGID;
	}
	if (S_ISLNK(a->mode))
		return 0;
	if (dir->xattrs & XATTR_ACL_DEFAULT)
		return inherit_acl(tx, dir->id, a, h);
	a->mode &= ~(umask & 0777);
	return 0;
}

int tree_inherit_put(struct meta_tx *tx, uint64_t id, const struct tree_heritage *h)
{
	int rc = 0;

	if (h->access_len)
		rc = tree_xattr_put(tx, id, XATTR_NAME_ACCESS, sizeof(XATTR_NAME_ACCESS) - 1,
			h->access, h->access_len);
	if (rc == 0 && h->default_len)
		rc = tree_xattr_put(tx, id, XATTR_NAME_DEFAULT, sizeof(XATTR_NAME_DEFAULT) - 1,
			h->def, h->default_len);
	return rc;
}

int tree_acl_chmod(struct meta_tx *tx, const struct attr *a)
{
	unsigned char bytes[ACL_BYTES];
	struct acl acl;
	int rc;

	if (!(a->xattrs & XATTR_ACL_ACCESS))
		return 0;
	rc = load(tx, a->id, XATTR_NAME_ACCESS, &acl);
	if (rc < 0)
		return rc;
	acl_chmod(&acl, a->mode);
	return tree_xattr_put(tx, a->id, XATTR_NAME_ACCESS, sizeof(XATTR_NAME_ACCESS) - 1, bytes,
		acl_write(&acl, bytes));
}
