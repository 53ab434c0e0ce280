#include "dist/tree_row.h"

#include "common/name.h"
#include "dist/reg_row.h"
#include "dist/row.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

void attr_from_row(struct attr *a, const struct meta_value *col)
{
	a->id = (uint64_t)col[0].number;
	a->mode = (uint32_t)col[1].number;
	a->uid = (uint32_t)col[2].number;
	a->gid = (uint32_t)col[3].number;
	a->nlink = (uint32_t)col[4].number;
	a->size = (uint64_t)col[5].number;
	a->rdev = (uint64_t)col[6].number;
	a->atime = col[7].number;
	a->mtime = col[8].number;
	a->ctime = col[9].number;
	value_copy(a->target, sizeof(a->target), &col[10]);
	a->stamp = col[11].type == META_INT ? (uint64_t)col[11].number : 0;
	value_copy(a->etag, sizeof(a->etag), &col[12]);
	value_copy(a->uri, sizeof(a->uri), &col[13]);
	a->xattrs = (uint32_t)col[14].number;
	a->allocated = (uint64_t)col[15].number;
	value_copy(a->node, sizeof(a->node), &col[16]);
}

int tree_attr_row(void *arg, const struct meta_value *col, size_t ncol)
{
	(void)ncol;
	attr_from_row(arg, col);
	return 0;
}

int tree_node_row(void *arg, const struct meta_value *col, size_t ncol)
{
	struct tree_node *n = arg;

	(void)ncol;
	n->found = true;
	n->id = (uint64_t)col[0].number;
	n->mode = (uint32_t)col[1].number;
	n->gid = (uint32_t)col[2].number;
	n->nlink = (uint32_t)col[3].number;
	n->xattrs = (uint32_t)col[4].number;
	return 0;
}

int tree_id_row(void *arg, const struct meta_value *col, size_t ncol)
{
	(void)ncol;
	*(uint64_t *)arg = (uint64_t)col[0].number;
	return 0;
}

int tree_node_dir(const struct tree_node *n)
{
	if (!n->found)
		return -ENOENT;
	return S_ISDIR(n->mode) ? 0 : -ENOTDIR;
}

int tree_lock_entry(struct meta_tx *tx, const struct tree_name *at, bool lock_child,
	struct tree_node *dir, struct tree_node *child)
{
	struct meta_value args[] = { V_INT(at->dir), V_BYTES(at->name, at->len) };
	enum sql_id find = lock_child ? SQL_ENTRY_LOCK : SQL_ENTRY_NODE;
	int rc = name_check(at->name, at->len);

	if (rc < 0)
		return rc;
	dir->found = child->found = false;
	rc = meta_post(tx, SQL_INODE_LOCK, args, 1, tree_node_row, dir);
	if (rc == 0)
		rc = meta_exec(tx, find, args, 2, tree_node_row, child);
	if (rc < 0)
		return rc;
	return tree_node_dir(dir);
}

int tree_inode_add(struct meta_tx *tx, const struct attr *a, uint64_t *id)
{
	size_t len = strlen(a->target);
	struct meta_value args[] = { V_INT(a->mode), V_INT(a->uid), V_INT(a->gid), V_INT(a->nlink),
		V_INT(a->size), V_INT(a->rdev), V_INT(a->atime), V_INT(a->mtime), V_INT(a->ctime),
		len ? V_BYTES(a->target, len) : V_NULL, V_INT(a->xattrs) };
	int rc = meta_exec(tx, SQL_INODE_ADD, args, 11, tree_id_row, id);

	return rc < 0 ? rc : 0;
}

int tree_entry_add(struct meta_tx *tx, const struct tree_name *at, uint64_t inode)
{
	struct meta_value args[] = { V_INT(at->dir), V_BYTES(at->name, at->len), V_INT(inode) };

	return meta_post(tx, SQL_ENTRY_ADD, args, 3, NULL, NULL);
}

int tree_touch(struct meta_tx *tx, uint64_t dir, int64_t links, int64_t now)
{
	struct meta_value args[] = { V_INT(dir), V_INT(links), V_INT(now), V_INT(now) };

	return meta_post(tx, SQL_INODE_LINKS, args, 4, NULL, NULL);
}

/* What only regular files have. */
static int drop_content(struct meta_tx *tx, uint64_t id)
{
	struct meta_value arg = V_INT(id);
	int rc = reg_drop_bytes(tx, id);

	return rc < 0 ? rc : meta_post(tx, SQL_CONTENT_DELETE, &arg, 1, NULL, NULL);
}

int tree_drop(struct meta_tx *tx, const struct tree_node *n, int64_t now)
{
	struct meta_value less[] = { V_INT(n->id), V_INT(-1), V_NULL, V_INT(now) };
	int rc = 0;

	if (!S_ISDIR(n->mode) && n->nlink > 1)
		return meta_post(tx, SQL_INODE_LINKS, less, 4, NULL, NULL);
	if (S_ISREG(n->mode))
		rc = drop_content(tx, n->id);
	if (rc == 0 && n->xattrs)
		rc = meta_post(tx, SQL_XATTR_DELETE, less, 1, NULL, NULL);
	if (rc == 0)
		rc = meta_post(tx, SQL_INODE_DELETE, less, 1, NULL, NULL);
	return rc;
}

int tree_empty(struct meta_tx *tx, uint64_t dir)
{
	struct meta_value arg = V_INT(dir);
	int rc = meta_exec(tx, SQL_ENTRY_ANY, &arg, 1, NULL, NULL);

	return rc > 0 ? -ENOTEMPTY : rc;
}

int tree_set_filename(struct meta_tx *tx, uint64_t id, const char *name, size_t len)
{
	struct buf text = BUF_INIT;
	int rc;

	utf8_lossy(&text, name, len);
	rc = buf_error(&text);
	if (rc == 0) {
		struct meta_value args[] = { V_INT(id), V_TEXT(buf_str(&text)) };

		rc = meta_post(tx, SQL_CONTENT_NAME, args, 2, NULL, NULL);
	}
	buf_release(&text);
	return rc;
}
