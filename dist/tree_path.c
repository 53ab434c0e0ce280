#include "dist/tree.h"

#include "common/name.h"
#include "dist/tree_row.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A walk: what is left of the path (links are spliced in at its front), and where it stands. */
struct walk {
	char rest[LIMIT_PATH + LIMIT_TARGET + 2];
	unsigned links;
	struct attr at;
};

/* The next component of text: its start and length; 0 when none is left. */
static size_t component(const char **text)
{
	*text += strspn(*text, "/");
	return strcspn(*text, "/");
}

static int walk_init(struct meta_tx *tx, const char *path, size_t len, struct walk *w)
{
	if (len > LIMIT_PATH)
		return -ENAMETOOLONG;
	if (memchr(path, '\0', len))
		return -EINVAL;
	memcpy(w->rest, path, len);
	w->rest[len] = '\0';
	w->links = 0;
	return tree_getattr(tx, ROOT_ID, &w->at);
}

/* Puts the link's target in front of the rest, which is empty or begins with a slash. */
static int follow(struct walk *w, const char *target, const char *rest)
{
	char text[sizeof(w->rest)];
	int n;

	if (++w->links > LIMIT_SYMLINKS)
		return -ELOOP;
	if (target[0] == '/')
		return -ENOENT;
	n = snprintf(text, sizeof(text), "%s%s", target, rest);
	if (n < 0 || (size_t)n >= sizeof(text))
		return -ENAMETOOLONG;
	memcpy(w->rest, text, (size_t)n + 1);
	return 0;
}

static int step(struct meta_tx *tx, struct walk *w, const char *name, size_t len)
{
	struct tree_name at = { .dir = w->at.id, .name = name, .len = len };
	struct attr found;
	bool slash = name[len] == '/';
	int rc;

	if (!S_ISDIR(w->at.mode))
		return -ENOTDIR;
	rc = tree_lookup(tx, &at, &found);
	if (rc < 0)
		return rc;
	if (S_ISLNK(found.mode))
		return follow(w, found.target, name + len);
	if (slash && !S_ISDIR(found.mode))
		return -ENOTDIR;
	w->at = found;
	memmove(w->rest, name + len, strlen(name + len) + 1);
	return 0;
}

static int walk(struct meta_tx *tx, struct walk *w)
{
	int rc = 0;

	while (rc == 0) {
		const char *name = w->rest;
		size_t len = component(&name);

		if (!len)
			break;
		rc = step(tx, w, name, len);
	}
	return rc;
}

int tree_resolve(struct meta_tx *tx, const char *path, size_t len, struct attr *out)
{
	struct walk *w = malloc(sizeof(*w));
	int rc;

	if (!w)
		return -ENOMEM;
	rc = walk_init(tx, path, len, w);
	if (rc == 0)
		rc = walk(tx, w);
	if (rc == 0)
		*out = w->at;
	free(w);
	return rc;
}

int tree_resolve_parent(struct meta_tx *tx, const char *path, size_t len, struct tree_name *at)
{
	struct attr dir;
	size_t start;
	int rc;

	if (len > LIMIT_PATH)
		return -ENAMETOOLONG;
	while (len && path[len - 1] == '/')
		len--;
	for (start = len; start && path[start - 1] != '/'; start--)
		;
	if (start == len)
		return -EBUSY; /* the root */
	rc = name_check(path + start, len - start);
	if (rc == 0)
		rc = tree_resolve(tx, path, start, &dir);
	if (rc < 0)
		return rc;
	if (!S_ISDIR(dir.mode))
		return -ENOTDIR;
	*at = (struct tree_name){ .dir = dir.id, .name = path + start, .len = len - start };
	return 0;
}

/* Puts "/NAME" in front of what is there. */
static void prepend(struct buf *path, const struct meta_value *name)
{
	struct buf longer = BUF_INIT;

	buf_adds(&longer, "/");
	buf_add(&longer, name->data, name->len);
	buf_add(&longer, buf_str(path), path->len);
	longer.failed |= path->failed;
	buf_release(path);
	*path = longer;
}

static int climb(struct meta_tx *tx, uint64_t id, struct buf *path)
{
	struct buf keep = BUF_INIT;
	int rc = 0;

	while (id != ROOT_ID) {
		struct meta_value arg = V_INT(id), up[2];

		rc = meta_get(tx, SQL_ENTRY_OF, &arg, 1, up, 2, &keep);
		if (rc <= 0) {
			rc = rc < 0 ? rc : -ENOENT;
			break;
		}
		prepend(path, &up[1]);
		id = (uint64_t)up[0].number;
		rc = buf_error(path);
		if (rc < 0)
			break;
	}
	buf_release(&keep);
	return rc < 0 ? rc : 0;
}

int tree_path(struct meta_tx *tx, uint64_t id, struct buf *out)
{
	struct buf path = BUF_INIT;
	int rc = climb(tx, id, &path);

	if (rc == 0) {
		buf_add(out, path.len ? path.data : "/", path.len ? path.len : 1);
		rc = buf_error(out);
	}
	buf_release(&path);
	return rc;
}

/* Hands rows on up to the limit; one more tells that there is one more. */
struct listing {
	unsigned limit, seen;
	struct attr *a;
	tree_entry_fn fn;
	void *arg;
	int stopped;
};

static int entry_row(void *arg, const struct meta_value *col, size_t ncol)
{
	struct listing *l = arg;
	const struct meta_value *name = &col[ATTR_COLUMNS];

	(void)ncol;
	if (l->seen++ == l->limit)
		return 1;
	attr_from_row(l->a, col);
	l->stopped = l->fn(l->arg, name->data, name->len, l->a);
	return l->stopped;
}

int tree_readdir(struct meta_tx *tx, uint64_t dir, const char *after, size_t after_len,
	unsigned limit, tree_entry_fn fn, void *arg, bool *more)
{
	struct meta_value args[] = { V_INT(dir), V_BYTES(after, after_len),
		V_INT((int64_t)limit + 1) };
	struct tree_node n = { 0 };
	struct attr a;
	struct listing l = { .limit = limit, .a = &a, .fn = fn, .arg = arg };
	int rc = meta_exec(tx, SQL_INODE_NODE, args, 1, tree_node_row, &n);

	if (rc >= 0)
		rc = tree_node_dir(&n);
	if (rc < 0)
		return rc;
	rc = meta_exec(tx, SQL_ENTRY_LIST, args, 3, entry_row, &l);
	if (rc < 0)
		return rc;
	*more = l.seen > limit || l.stopped > 0;
	return 0;
}
