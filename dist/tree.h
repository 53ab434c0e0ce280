/* tree - the rules of a POSIX tree over the tables inode and dentry. Every function runs inside a transaction, checks
 * everything before it changes anything, and returns 0 or -errno as the system call would; errors that are not logical
 * (database gone) come through from meta_exec as they are. No access checks: the mount's kernel makes them.
 *
 * Lock order (PostgreSQL, READ COMMITTED): directories by ascending id (FOR UPDATE), then the child. Renames of
 * directories take the tree's rename lock first (lock row), so that no cycle can be made by two at once. */
#ifndef DIST_TREE_H
#define DIST_TREE_H

#include "dist/meta.h"
#include "dist/record.h"

struct tree_name {
	uint64_t dir;
	const char *name;
	size_t len;
};

struct tree_new {
	struct tree_name at;
	uint32_t mode; /* with type bits: regular, directory, symbolic link, fifo, socket, device */
	uint32_t
		umask; /* taken from mode, unless the directory has a default ACL, which decides then */
	uint32_t uid, gid;
	uint64_t rdev;
	const char *target; /* symbolic link */
	size_t target_len;
	bool exclusive; /* false: an existing regular file is no error */
	int64_t now;
};

enum {
	SET_MODE = 1,
	SET_UID = 2,
	SET_GID = 4,
	SET_SIZE = 8,
	SET_ATIME = 16,
	SET_MTIME = 32,
	SET_CTIME = 64
};
struct attr_change {
	unsigned set;
	uint32_t mode; /* permission bits only */
	uint32_t uid, gid;
	uint64_t size; /* only 0 is done here: any other size needs bytes, -EINVAL */
	int64_t atime, mtime, ctime;
	int64_t now;
};

enum { RENAME_NO_REPLACE = 1, RENAME_SWAP = 2 };

/* NAME_OWN in the root: nothing gets that name, -EPERM. */
bool tree_reserved(const struct tree_name *at);
/* `out` gets the holder too (attr.node). */
int tree_getattr(struct meta_tx *tx, uint64_t id, struct attr *out);
int tree_lookup(
	struct meta_tx *tx, const struct tree_name *at, struct attr *out); /* "." and ".." too */
int tree_setattr(struct meta_tx *tx, uint64_t id, const struct attr_change *c, struct attr *out);
/* mkdir, mknod, symlink, create. *existed may be NULL when exclusive. A regular file gets its content row. */
int tree_create(struct meta_tx *tx, const struct tree_new *n, struct attr *out, bool *existed);
int tree_link(
	struct meta_tx *tx, uint64_t id, const struct tree_name *at, int64_t now, struct attr *out);
/* What was unlinked or removed, and how many names it has left (0: it is gone). */
struct tree_gone {
	uint64_t id;
	uint32_t nlink;
};
/* gone may be NULL. */
int tree_unlink(
	struct meta_tx *tx, const struct tree_name *at, int64_t now, struct tree_gone *gone);
int tree_rmdir(struct meta_tx *tx, const struct tree_name *at, int64_t now, struct tree_gone *gone);
int tree_rename(struct meta_tx *tx, const struct tree_name *from, const struct tree_name *to,
	unsigned flags, int64_t now);

/* Entries whose name is > after (bytewise; len 0: from the start), in name order, at most `limit`; then *more says whether
 * there are others. "." and ".." are not listed. attr.node is not filled. */
typedef int (*tree_entry_fn)(void *arg, const char *name, size_t len, const struct attr *a);
int tree_readdir(struct meta_tx *tx, uint64_t dir, const char *after, size_t after_len,
	unsigned limit, tree_entry_fn fn, void *arg, bool *more);

/* Walks a path ('/' separated, leading '/' optional, "" is the root); relative symbolic links are followed inside the
 * tree, at most LIMIT_SYMLINKS; ".." above the root stays there. An absolute target is -ENOENT. */
int tree_resolve(struct meta_tx *tx, const char *path, size_t len, struct attr *out);
/* The parent of the last component, and that component: for creating and deleting. */
int tree_resolve_parent(struct meta_tx *tx, const char *path, size_t len, struct tree_name *at);
/* The path of an inode by its first entry, with a leading '/'. -ENOENT when it has none. */
int tree_path(struct meta_tx *tx, uint64_t id, struct buf *out);

/* Number of inodes. */
int tree_count(struct meta_tx *tx, uint64_t *inodes);

#endif
