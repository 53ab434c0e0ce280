#include "dist/tree.h"

#include "common/name.h"
#include "dist/tree_row.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* The two names, their directories and what they name. */
struct move {
	const struct tree_name *from, *to;
	struct tree_node from_dir, to_dir; /* same node twice when it is one directory */
	struct tree_node a, b;		   /* what moves; what is there already, if found */
	bool swap;
	int64_t now;
};

static int dirs_row(void *arg, const struct meta_value *col, size_t ncol)
{
	struct move *m = arg;
	uint64_t id = (uint64_t)col[0].number;

	if (id == m->from->dir)
		(void)tree_node_row(&m->from_dir, col, ncol); /* always 0 */
	if (id == m->to->dir)
		(void)tree_node_row(&m->to_dir, col, ncol);
	return 0;
}

static int find(
	struct meta_tx *tx, enum sql_id how, const struct tree_name *at, struct tree_node *out)
{
	struct meta_value args[] = { V_INT(at->dir), V_BYTES(at->name, at->len) };

	return meta_post(tx, how, args, 2, tree_node_row, out);
}

/* Takes the rename lock when a directory is to change its parent. Looks without locks: false when nothing of that
 * kind is to be seen, and what is found later under the locks is checked against that. */
static int lock_renames(struct meta_tx *tx, struct move *m, bool *locked)
{
	struct meta_value b[] = { V_INT(m->to->dir), V_BYTES(m->to->name, m->to->len) };
	struct tree_node x = { 0 }, y = { 0 };
	int rc;

	*locked = false;
	if (m->from->dir == m->to->dir)
		return 0;
	rc = find(tx, SQL_ENTRY_NODE, m->from, &x);
	if (rc == 0)
		rc = meta_exec(tx, SQL_ENTRY_NODE, b, 2, tree_node_row, &y);
	if (rc < 0)
		return rc;
	*locked = (x.found && S_ISDIR(x.mode)) || (m->swap && y.found && S_ISDIR(y.mode));
	return *locked ? meta_post(tx, SQL_MUTEX_LOCK, NULL, 0, NULL, NULL) : 0;
}

static int load(struct meta_tx *tx, struct move *m)
{
	struct meta_value dirs[] = { V_INT(m->from->dir), V_INT(m->to->dir) };
	struct meta_value b[] = { V_INT(m->to->dir), V_BYTES(m->to->name, m->to->len) };
	int rc = meta_post(tx, SQL_INODE_LOCK_TWO, dirs, 2, dirs_row, m);

	if (rc == 0)
		rc = find(tx, SQL_ENTRY_LOCK, m->from, &m->a);
	if (rc == 0)
		rc = meta_exec(tx, SQL_ENTRY_LOCK, b, 2, tree_node_row, &m->b);
	return rc < 0 ? rc : 0;
}

/* -EINVAL-like `bad` when dir is `id` or below it. */
static int not_below(struct meta_tx *tx, uint64_t dir, uint64_t id, int bad)
{
	struct meta_value args[] = { V_INT(dir), V_INT(id) };
	int rc = meta_exec(tx, SQL_TREE_ABOVE, args, 2, NULL, NULL);

	return rc > 0 ? bad : rc;
}

static int check_types(struct meta_tx *tx, const struct move *m)
{
	if (!m->b.found || m->swap)
		return 0;
	if (S_ISDIR(m->a.mode) && !S_ISDIR(m->b.mode))
		return -ENOTDIR;
	if (!S_ISDIR(m->a.mode) && S_ISDIR(m->b.mode))
		return -EISDIR;
	return S_ISDIR(m->b.mode) ? tree_empty(tx, m->b.id) : 0;
}

static int check(struct meta_tx *tx, const struct move *m, unsigned flags, bool locked)
{
	bool elsewhere = m->from->dir != m->to->dir;
	int rc = 0;

	if (!m->from_dir.found || !m->to_dir.found)
		return -ENOENT;
	if (!S_ISDIR(m->from_dir.mode) || !S_ISDIR(m->to_dir.mode))
		return -ENOTDIR;
	if (!m->a.found || (m->swap && !m->b.found))
		return -ENOENT;
	if ((flags & RENAME_NO_REPLACE) && m->b.found)
		return -EEXIST;
	if (elsewhere && !locked && (S_ISDIR(m->a.mode) || (m->swap && S_ISDIR(m->b.mode))))
		return meta_again(tx); /* it came between the look and the locks: begin again */
	if (elsewhere && S_ISDIR(m->a.mode))
		rc = not_below(tx, m->to->dir, m->a.id, -EINVAL);
	if (rc == 0 && elsewhere && m->swap && S_ISDIR(m->b.mode))
		rc = not_below(tx, m->from->dir, m->b.id, -EINVAL);
	return rc < 0 ? rc : check_types(tx, m);
}

static int point(struct meta_tx *tx, const struct tree_name *at, uint64_t inode)
{
	struct meta_value args[] = { V_INT(at->dir), V_BYTES(at->name, at->len), V_INT(inode) };

	return meta_post(tx, SQL_ENTRY_POINT, args, 3, NULL, NULL);
}

/* The inode got another name: its ctime, and the register's file name. */
static int renamed(
	struct meta_tx *tx, const struct tree_node *n, const struct tree_name *at, int64_t now)
{
	struct meta_value args[] = { V_INT(n->id), V_INT(0), V_NULL, V_INT(now) };
	int rc = meta_post(tx, SQL_INODE_LINKS, args, 4, NULL, NULL);

	if (rc == 0 && S_ISREG(n->mode))
		rc = tree_set_filename(tx, n->id, at->name, at->len);
	return rc;
}

/* Times of both directories, and how many subdirectories each has won. */
static int touch_both(struct meta_tx *tx, const struct move *m, int from_links, int to_links)
{
	int rc;

	if (m->from->dir == m->to->dir)
		return tree_touch(tx, m->from->dir, from_links + to_links, m->now);
	rc = tree_touch(tx, m->from->dir, from_links, m->now);
	return rc < 0 ? rc : tree_touch(tx, m->to->dir, to_links, m->now);
}

static int exchange(struct meta_tx *tx, const struct move *m)
{
	int won = (S_ISDIR(m->b.mode) ? 1 : 0) - (S_ISDIR(m->a.mode) ? 1 : 0);
	int rc = point(tx, m->from, m->b.id);

	if (rc == 0)
		rc = point(tx, m->to, m->a.id);
	if (rc == 0)
		rc = renamed(tx, &m->a, m->to, m->now);
	if (rc == 0)
		rc = renamed(tx, &m->b, m->from, m->now);
	return rc < 0 ? rc : touch_both(tx, m, won, -won);
}

static int replace(struct meta_tx *tx, const struct move *m)
{
	struct meta_value args[] = { V_INT(m->from->dir), V_BYTES(m->from->name, m->from->len),
		V_INT(m->to->dir), V_BYTES(m->to->name, m->to->len) };
	int won = S_ISDIR(m->a.mode) ? 1 : 0;
	int lost = m->b.found && S_ISDIR(m->b.mode) ? 1 : 0;
	int rc = 0;

	if (m->b.found) {
		rc = meta_post(tx, SQL_ENTRY_DELETE, &args[2], 2, NULL, NULL);
		if (rc == 0)
			rc = tree_drop(tx, &m->b, m->now);
	}
	if (rc == 0)
		rc = meta_post(tx, SQL_ENTRY_MOVE, args, 4, NULL, NULL);
	if (rc == 0)
		rc = renamed(tx, &m->a, m->to, m->now);
	return rc < 0 ? rc : touch_both(tx, m, -won, won - lost);
}

int tree_rename(struct meta_tx *tx, const struct tree_name *from, const struct tree_name *to,
	unsigned flags, int64_t now)
{
	struct move m = { .from = from, .to = to, .swap = flags & RENAME_SWAP, .now = now };
	bool locked;
	int rc = name_check(from->name, from->len);

	if (rc == 0)
		rc = name_check(to->name, to->len);
	if (rc == 0 && flags & ~(unsigned)RENAME_NO_REPLACE && flags != RENAME_SWAP)
		rc = -EINVAL;
	if (rc == 0 && (tree_reserved(to) || (m.swap && tree_reserved(from))))
		rc = -EPERM;
	if (rc == 0)
		rc = lock_renames(tx, &m, &locked);
	if (rc == 0)
		rc = load(tx, &m);
	if (rc == 0)
		rc = check(tx, &m, flags, locked);
	if (rc < 0 || m.a.id == m.b.id)
		return rc;
	return m.swap ? exchange(tx, &m) : replace(tx, &m);
}
