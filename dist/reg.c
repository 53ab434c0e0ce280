#include "dist/reg.h"

#include "common/name.h"
#include "dist/reg_row.h"
#include "dist/row.h"
#include "dist/tree.h"
#include "dist/tree_acl.h"
#include "dist/tree_row.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static int get_one(struct meta_tx *tx, enum sql_id how, const struct meta_value *args, size_t nargs,
	struct content *out)
{
	struct reg_record r = { 0 };
	int rc = meta_exec(tx, how, args, nargs, reg_record_row, &r);

	if (rc < 0)
		return rc;
	if (!r.found)
		return -ENOENT;
	*out = r.content;
	return 0;
}

int reg_get(struct meta_tx *tx, uint64_t id, struct content *out)
{
	return get_one(tx, SQL_CONTENT_GET, &V_INT(id), 1, out);
}

int reg_by_stamp(struct meta_tx *tx, uint64_t stamp, struct content *out)
{
	return get_one(tx, SQL_CONTENT_BY_STAMP, &V_INT(stamp), 1, out);
}

/* The record that an earlier, equal request made. */
static int by_version(struct meta_tx *tx, const struct content_new *n, struct content *out)
{
	struct meta_value args[] = { V_INT(n->stamp), V_TEXT(n->etag ? n->etag : "") };

	return get_one(tx, SQL_CONTENT_BY_VERSION, args, 2, out);
}

struct listing {
	reg_row_fn fn;
	void *arg;
};

static int list_row(void *arg, const struct meta_value *col, size_t ncol)
{
	struct listing *l = arg;
	struct content c;

	(void)ncol;
	content_from_row(&c, col);
	return l->fn(l->arg, &c);
}

int reg_list(struct meta_tx *tx, uint64_t after, unsigned limit, reg_row_fn fn, void *arg)
{
	struct meta_value args[] = { V_INT(after), V_INT(limit) };
	struct listing l = { .fn = fn, .arg = arg };
	int rc = meta_exec(tx, SQL_CONTENT_LIST, args, 2, list_row, &l);

	return rc < 0 ? rc : 0;
}

int reg_count(struct meta_tx *tx, uint64_t *contents)
{
	int rc = meta_exec(tx, SQL_CONTENT_COUNT, NULL, 0, tree_id_row, contents);

	return rc < 0 ? rc : 0;
}

static int add_content(struct meta_tx *tx, uint64_t id, const struct content_new *n,
	const char *filename, int64_t mtime)
{
	bool stored = n->stamp != 0;
	char created[CREATED_TEXT];

	created_format(n->now, created);
	struct meta_value args[] = { V_INT(id), V_TEXT(filename), V_INT(n->has_size ? n->size : 0),
		V_TEXT(created), V_TEXT(stored && n->node ? NULL : n->uri),
		stored ? V_INT(n->stamp) : V_NULL, V_TEXT(n->etag ? n->etag : ""), V_TEXT(n->type),
		V_INT(mtime), n->allocated < n->size ? V_INT(n->allocated) : V_NULL };
	int rc = meta_post(tx, SQL_CONTENT_ADD, args, 10, NULL, NULL);

	return rc == 0 && stored && n->node ? reg_add_replica(tx, id, n->node, n->stamp) : rc;
}

/* A new file called `want` (len 0: its id) in the directory, which is locked. */
static int add_file(struct meta_tx *tx, const struct content_new *n, const struct tree_node *dir,
	const char *want, size_t want_len, const char *filename, struct content *out)
{
	int64_t mtime = n->has_mtime ? n->mtime : n->now;
	struct attr a = { .mode = S_IFREG | (n->mode & 07777),
		.uid = n->uid,
		.gid = n->gid,
		.nlink = 1,
		.size = n->has_size ? n->size : 0,
		.atime = mtime,
		.mtime = mtime,
		.ctime = n->now };
	struct tree_heritage heritage;
	struct reg_name name;
	int rc = tree_inherit(tx, dir, n->umask, &a, &heritage);

	if (rc == 0)
		rc = tree_inode_add(tx, &a, &a.id);
	if (rc == 0)
		rc = tree_inherit_put(tx, a.id, &heritage);
	if (rc == 0)
		rc = reg_free_name(tx, dir->id, want, want_len, a.id, &name);
	if (rc == 0) {
		struct tree_name at = { .dir = dir->id, .name = name.data, .len = name.len };

		rc = tree_entry_add(tx, &at, a.id);
	}
	if (rc == 0)
		rc = add_content(tx, a.id, n, filename, mtime);
	if (rc == 0)
		rc = tree_touch(tx, dir->id, 0, n->now);
	return rc < 0 ? rc : reg_get(tx, a.id, out);
}

/* Creates the file that the path names, whose entry does not exist. */
static int store_new_path(struct meta_tx *tx, const struct content_new *n, struct content *out)
{
	struct tree_node dir, child;
	struct tree_name at;
	struct buf text = BUF_INIT;
	const char *filename = n->has_filename ? n->filename : NULL;
	int rc = tree_resolve_parent(tx, n->path, n->path_len, &at);

	if (rc == 0 && tree_reserved(&at))
		rc = -EPERM;
	if (rc == 0)
		rc = tree_lock_entry(tx, &at, false, &dir, &child);
	if (rc < 0)
		return rc;
	if (child.found) /* made since it was looked for, or a symbolic link to nowhere */
		return S_ISLNK(child.mode) ? -EEXIST : meta_again(tx);
	if (!filename) {
		utf8_lossy(&text, at.name, at.len);
		rc = buf_error(&text);
		filename = buf_str(&text);
	}
	if (rc == 0)
		rc = add_file(tx, n, &dir, at.name, at.len, filename, out);
	buf_release(&text);
	return rc;
}

static int store_path(struct meta_tx *tx, const struct content_new *n, struct content *out,
	struct replaced *old, bool *created)
{
	struct content_new bytes = *n;
	struct attr a;
	int rc;

	if (n->path_len && n->path[n->path_len - 1] == '/')
		return -EISDIR;
	rc = tree_resolve(tx, n->path, n->path_len, &a);
	if (rc == -ENOENT) {
		rc = store_new_path(tx, n, out);
		*created = rc == 0;
		return rc;
	}
	if (rc < 0)
		return rc;
	if (!S_ISREG(a.mode))
		return S_ISDIR(a.mode) ? -EISDIR : -EINVAL;
	/* The path is its name already. */
	bytes.has_filename = false;
	bytes.name = NULL;
	return reg_replace(tx, a.id, &bytes, out, old);
}

static int store_root(struct meta_tx *tx, const struct content_new *n, struct content *out)
{
	struct meta_value root = V_INT(ROOT_ID);
	struct tree_node dir = { 0 };
	const char *want;
	size_t len;
	int rc = reg_wanted_name(n, &want, &len);

	if (rc == 0)
		rc = meta_exec(tx, SQL_INODE_LOCK, &root, 1, tree_node_row, &dir);
	if (rc >= 0)
		rc = tree_node_dir(&dir);
	return rc < 0 ? rc
		      : add_file(tx, n, &dir, want, len, n->has_filename ? n->filename : NULL, out);
}

int reg_store(struct meta_tx *tx, const struct content_new *n, struct content *out,
	struct replaced *old, bool *created)
{
	struct replaced none = { .node = "" };
	int rc = n->stamp ? by_version(tx, n, out) : -ENOENT;

	*old = none;
	*created = false;
	if (rc != -ENOENT)
		return rc;
	if (n->path)
		return store_path(tx, n, out, old, created);
	rc = store_root(tx, n, out);
	*created = rc == 0;
	return rc;
}
