/* tree_row - rows of the tree as structs, and the steps that several rules share. */
#ifndef DIST_TREE_ROW_H
#define DIST_TREE_ROW_H

#include "dist/meta.h"
#include "dist/record.h"
#include "dist/tree.h"

#define ATTR_COLUMNS 17

/* What the rules need to know of an inode. found is false until a row came. */
struct tree_node {
	bool found;
	uint64_t id;
	uint32_t mode, gid;
	uint32_t nlink;
	uint32_t xattrs;
};

/* Columns ATTR of sql.c. */
void attr_from_row(struct attr *a, const struct meta_value *col);
/* Is it a directory? 0, -ENOENT, -ENOTDIR. */
int tree_node_dir(const struct tree_node *n);
/* Row callbacks: arg is a uint64_t for the first column, a struct tree_node, a struct attr. */
int tree_id_row(void *arg, const struct meta_value *col, size_t ncol);
int tree_node_row(void *arg, const struct meta_value *col, size_t ncol);
int tree_attr_row(void *arg, const struct meta_value *col, size_t ncol);

/* Locks the directory, then finds (and, when asked, locks) the entry in it; child->found tells whether there is one.
 * -ENOENT, -ENOTDIR of the directory, or the name's own faults. */
int tree_lock_entry(struct meta_tx *tx, const struct tree_name *at, bool lock_child,
	struct tree_node *dir, struct tree_node *child);
int tree_inode_add(struct meta_tx *tx, const struct attr *a, uint64_t *id);
int tree_entry_add(struct meta_tx *tx, const struct tree_name *at, uint64_t inode);
/* A directory's entries changed: times, and links by `links`. */
int tree_touch(struct meta_tx *tx, uint64_t dir, int64_t links, int64_t now);
/* Takes one name from an inode; with the last one it goes, with all that hangs on it. */
int tree_drop(struct meta_tx *tx, const struct tree_node *n, int64_t now);
/* -ENOTEMPTY, or 0. The directory is locked. */
int tree_empty(struct meta_tx *tx, uint64_t dir);
/* The register's text for a name. */
int tree_set_filename(struct meta_tx *tx, uint64_t id, const char *name, size_t len);

#endif
