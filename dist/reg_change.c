#include "dist/reg.h"

#include "common/xattr.h"
#include "dist/reg_row.h"
#include "dist/tree.h"
#include "dist/tree_row.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Locks the inode and reads its record. -ENOENT, -EISDIR for a directory. */
static int lock_record(struct meta_tx *tx, uint64_t id, struct reg_record *r)
{
	struct meta_value arg = V_INT(id);
	struct tree_node n = { 0 };
	int rc;

	r->found = false;
	rc = meta_post(tx, SQL_INODE_LOCK, &arg, 1, tree_node_row, &n);
	if (rc == 0)
		rc = meta_exec(tx, SQL_CONTENT_GET, &arg, 1, reg_record_row, r);
	if (rc < 0)
		return rc;
	if (r->found)
		return 0;
	return n.found && S_ISDIR(n.mode) ? -EISDIR : -ENOENT;
}

/* The only entry of a file, when it is to get another name. */
struct rename {
	bool wanted;
	uint64_t dir;
	struct reg_name old;
	const char *name;
	size_t len;
};

static int entry_row(void *arg, const struct meta_value *col, size_t ncol)
{
	struct rename *r = arg;

	(void)ncol;
	r->dir = (uint64_t)col[0].number;
	r->old.len = col[1].len < LIMIT_NAME ? col[1].len : LIMIT_NAME;
	memcpy(r->old.data, col[1].data, r->old.len);
	return 0;
}

/* Finds out whether the entry changes, and then locks its directory: before the inode, as the order wants. */
static int rename_begin(
	struct meta_tx *tx, uint64_t id, const struct content_new *n, struct rename *r)
{
	struct meta_value arg = V_INT(id), dir;
	int rc;

	*r = (struct rename){ .wanted = false };
	rc = reg_wanted_name(n, &r->name, &r->len);
	if (rc < 0 || !r->len)
		return rc;
	rc = meta_exec(tx, SQL_ENTRY_OF, &arg, 1, entry_row, r);
	if (rc <= 0)
		return rc;
	if (r->len == r->old.len && memcmp(r->name, r->old.data, r->len) == 0)
		return 0;
	r->wanted = true;
	dir = V_INT(r->dir);
	return meta_post(tx, SQL_INODE_LOCK, &dir, 1, NULL, NULL);
}

/* Everything is locked now: is the entry still where it was seen? Then it moves. */
static int rename_apply(struct meta_tx *tx, uint64_t id, const struct rename *r, int64_t now)
{
	struct meta_value args[] = { V_INT(r->dir), V_BYTES(r->old.data, r->old.len), V_INT(r->dir),
		V_NULL };
	struct tree_node n = { 0 };
	struct reg_name name;
	int rc = meta_exec(tx, SQL_ENTRY_NODE, args, 2, tree_node_row, &n);

	if (rc < 0)
		return rc;
	if (!n.found || n.id != id)
		return meta_again(tx);
	rc = reg_free_name(tx, r->dir, r->name, r->len, id, &name);
	if (rc < 0)
		return rc;
	args[3] = V_BYTES(name.data, name.len);
	rc = meta_post(tx, SQL_ENTRY_MOVE, args, 4, NULL, NULL);
	return rc < 0 ? rc : tree_touch(tx, r->dir, 0, now);
}

/* A mount shows its programs the time of their write as that of the change, and closing the file is none. Not before the last
 * change, and not after now: the mount's clock may be another machine's. */
static int64_t change_time(const struct content_new *n, bool bytes, const struct content *was)
{
	bool written = n->by_mount && n->has_mtime && bytes;

	return written && n->mtime >= was->ctime && n->mtime <= n->now ? n->mtime : n->now;
}

/* The record as it will be. */
static void merge(const struct content_new *n, bool bytes, struct content *c)
{
	if (n->has_filename) {
		c->has_filename = n->filename != NULL;
		(void)snprintf(c->filename, sizeof(c->filename), "%s",
			n->filename ? n->filename : ""); /* callers limit it */
	}
	if (n->has_size) {
		c->size = n->size;
		c->allocated = n->allocated;
	}
	if (n->has_uri)
		(void)snprintf(c->uri, sizeof(c->uri), "%s", n->uri ? n->uri : "");
	if (n->type)
		(void)snprintf(c->type, sizeof(c->type), "%s", n->type);
	if (n->etag || bytes)
		(void)snprintf(c->etag, sizeof(c->etag), "%s", n->etag ? n->etag : "");
	if (bytes) {
		c->stamp = n->stamp;
		if (n->node)
			c->uri[0] = '\0';
	}
	if (n->has_mtime)
		c->mtime = n->mtime;
	else if (bytes || n->has_size)
		c->mtime = n->now;
	c->ctime = change_time(n, bytes, c);
}

static int write_record(struct meta_tx *tx, const struct content *c)
{
	struct meta_value inode[] = { V_INT(c->id), V_INT(c->size), V_INT(c->mtime),
		V_INT(c->ctime) };
	struct meta_value args[] = { V_INT(c->id), V_TEXT(c->has_filename ? c->filename : NULL),
		V_INT(c->size), V_TEXT(c->uri[0] ? c->uri : NULL),
		c->stamp ? V_INT(c->stamp) : V_NULL, V_TEXT(c->etag),
		V_TEXT(c->type[0] ? c->type : NULL), V_INT(c->mtime),
		c->allocated < c->size ? V_INT(c->allocated) : V_NULL };
	int rc = meta_post(tx, SQL_CONTENT_SET, args, 9, NULL, NULL);

	return rc < 0 ? rc : meta_post(tx, SQL_INODE_BYTES, inode, 4, NULL, NULL);
}

static int change_bytes(struct meta_tx *tx, const struct content *was, const struct content_new *n)
{
	int rc = reg_drop_bytes(tx, was->id);

	return rc == 0 && n->node ? reg_add_replica(tx, was->id, n->node, n->stamp) : rc;
}

/* 1 when a change that counts once was made under this stamp, else 0. */
static int was_applied(struct meta_tx *tx, uint64_t id, uint64_t stamp)
{
	struct meta_value args[] = { V_INT(id), V_INT(stamp) };
	uint64_t found = 0;
	int rc = meta_exec(tx, SQL_APPLIED_GET, args, 2, tree_id_row, &found);

	return rc < 0 ? rc : found != 0;
}

static int note_applied(struct meta_tx *tx, uint64_t id, const struct content_new *n)
{
	struct meta_value args[] = { V_INT(id), V_INT(n->stamp), V_INT(n->now) };

	return meta_post(tx, SQL_APPLIED_ADD, args, 3, NULL, NULL);
}

int reg_applied_expire(struct meta_tx *tx, int64_t before)
{
	struct meta_value arg = V_INT(before);

	return meta_exec(tx, SQL_APPLIED_EXPIRE, &arg, 1, NULL, NULL);
}

int reg_replace(struct meta_tx *tx, uint64_t id, const struct content_new *n, struct content *out,
	struct replaced *old)
{
	struct replaced was = { .node = "" };
	struct reg_record r;
	struct rename move;
	bool bytes;
	int rc = rename_begin(tx, id, n, &move);

	if (rc >= 0)
		rc = lock_record(tx, id, &r);
	if (rc < 0)
		return rc;
	bytes = n->stamp && n->stamp != r.content.stamp;
	rc = n->stamp && !bytes ? 1 : n->once ? was_applied(tx, id, n->stamp) : 0;
	if (rc > 0) { /* done before */
		*out = r.content;
		*old = was;
		return 0;
	}
	if (rc == 0 && n->has_base && n->base != r.content.stamp)
		rc = -ESTALE;
	if (rc < 0)
		return rc;
	if (bytes && r.content.stamp) {
		memcpy(was.node, r.content.node, sizeof(was.node));
		was.stamp = r.content.stamp;
	}
	if (move.wanted && r.nlink == 1)
		rc = rename_apply(tx, id, &move, n->now);
	if (rc == 0 && bytes)
		rc = change_bytes(tx, &r.content, n);
	if (rc == 0) {
		merge(n, bytes, &r.content);
		rc = write_record(tx, &r.content);
	}
	if (rc == 0 && n->once)
		rc = note_applied(tx, id, n);
	if (rc == 0)
		rc = reg_get(tx, id, out);
	if (rc == 0)
		*old = was;
	return rc;
}

int reg_delete(struct meta_tx *tx, uint64_t id, int64_t now, struct content *out)
{
	struct meta_value args[] = { V_INT(id), V_INT(now) };
	struct tree_node last = {
		.id = id, .mode = S_IFREG, .nlink = 1, .xattrs = XATTR_BITS /* perhaps */
	};
	struct reg_record r;
	int rc = meta_post(tx, SQL_INODE_LOCK_PARENTS, args, 1, NULL, NULL);

	if (rc == 0)
		rc = lock_record(tx, id, &r);
	if (rc < 0)
		return rc == -EISDIR ? -ENOENT : rc;
	rc = meta_post(tx, SQL_INODE_TOUCH_PARENTS, args, 2, NULL, NULL);
	if (rc == 0)
		rc = meta_post(tx, SQL_ENTRY_DELETE_ALL, args, 1, NULL, NULL);
	if (rc == 0)
		rc = tree_drop(tx, &last, now);
	if (rc < 0)
		return rc;
	*out = r.content;
	return 0;
}
