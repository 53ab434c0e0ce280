/* batch - the body of `POST fs` as typed operations: decoded whole and checked before anything is done. Pure. */
#ifndef DIST_BATCH_H
#define DIST_BATCH_H

#include "dist/locks.h"
#include "dist/tree.h"
#include "dist/tree_xattr.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum op_kind {
	OP_LOOKUP,
	OP_GETATTR,
	OP_SETATTR,
	OP_CREATE,
	OP_MKNOD,
	OP_MKDIR,
	OP_SYMLINK,
	OP_LINK,
	OP_UNLINK,
	OP_RMDIR,
	OP_RENAME,
	OP_READDIR,
	OP_STATFS,
	OP_SETXATTR,
	OP_GETXATTR,
	OP_LISTXATTR,
	OP_REMOVEXATTR,
	OP_LOCK,
	OP_GETLOCK,
	OP_RENEW,
	OP_DROPLOCKS
};

struct op {
	enum op_kind kind;
	int error; /* 0, or what the operation answers without being tried (-ENAMETOOLONG, -EINVAL) */
	uint64_t id;		   /* getattr, setattr, link, …xattr */
	struct tree_name at;	   /* readdir: the directory, and the name to go on after */
	struct tree_name to;	   /* rename */
	struct tree_new new;	   /* create mknod mkdir symlink: all but at and now */
	struct attr_change change; /* setattr: all but now */
	struct tree_xattr xattr;   /* …xattr: all but now */
	struct lock_ask lock;	   /* lock, getlock: all but session, now and grace */
	unsigned flags;		   /* rename */
	uint32_t limit;		   /* readdir */
};

struct batch {
	char session[LIMIT_SESSION + 1]; /* "": none */
	char host[LIMIT_HOST + 1];
	uint32_t slot;
	uint64_t seq;
	bool durable;
	bool changes; /* some operation changes something */
	bool frees;   /* some operation may leave bytes that nobody needs */
	struct op *ops;
	size_t n;
	char *text; /* the names that ops point to */
};

/* 0; -EINVAL with a sentence that names operation and field; -ENOMEM. *out is the caller's to release after 0. */
int batch_parse(const char *text, size_t len, struct batch *out, char *error, size_t cap);
void batch_release(struct batch *b);

#endif
