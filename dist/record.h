/* record - the rows as structs. An inode's id is its content's id. Times are ns since 1970 UTC. */
#ifndef DIST_RECORD_H
#define DIST_RECORD_H

#include "common/hash.h"
#include "common/limits.h"
#include <stdbool.h>
#include <stdint.h>

#define ROOT_ID 1
#define NODE_NAME_MAX 64

/* What stat(2) shows, and for a file which bytes it has. */
struct attr {
	uint64_t id;
	uint32_t mode; /* with the type bits */
	uint32_t uid, gid, nlink;
	uint64_t size, rdev;
	uint64_t allocated; /* bytes of a file that are data: at most size */
	int64_t atime, mtime, ctime;
	uint32_t xattrs;	       /* XATTR_… of common/xattr.h */
	uint64_t stamp;		       /* 0: no bytes stored (empty file, or no file) */
	char etag[HASH_TEXT];	       /* "" when stamp is 0 */
	char node[NODE_NAME_MAX];      /* a holder; "" when stamp is 0 or not asked for */
	char uri[LIMIT_URI + 1];       /* of a record made by hand; else "" */
	char target[LIMIT_TARGET + 1]; /* of a symbolic link */
};

/* A row of the register, as GET content/{id} shows it. */
struct content {
	uint64_t id, size;
	uint64_t allocated; /* bytes that are data: at most size */
	bool has_filename;
	char filename[4 * LIMIT_NAME + 1]; /* UTF-8 */
	char created[40];		   /* "2022-08-29T06:03:24.181883+00:00" */
	char status[16];
	char node[NODE_NAME_MAX]; /* holder; "" when unknown */
	char uri[LIMIT_URI + 1];  /* as given, when no node is known */
	char type[LIMIT_TYPE + 1];
	char etag[HASH_TEXT];
	uint64_t stamp;
	int64_t mtime, ctime;
};

/* What a node (or a person) registers. */
struct content_new {
	bool has_filename, has_size, has_uri, has_mtime;
	const char *filename; /* UTF-8 text of the register */
	const char *
		name; /* bytes of the entry, 1..LIMIT_NAME; NULL: filename, when that is a name; else the id */
	size_t name_len;
	const char *
		path; /* bytes: store at this path of the tree instead of the root directory; NULL: none */
	size_t path_len;
	const char *uri, *node, *etag, *type; /* NULL: not given */
	uint64_t size, stamp;
	uint64_t allocated; /* with a size: as in content */
	bool has_base;	    /* only if `base` is the current version (0: it is empty) */
	bool once; /* the stamp is remembered: a repeat does nothing, also after later versions */
	uint64_t base;
	int64_t mtime;
	bool by_mount; /* mtime is when a mount's program wrote, which is the time of the change too */
	uint32_t mode, umask, uid, gid; /* of a new file */
	int64_t now;
};

/* The version that a change replaced, for the node that made the change. */
struct replaced {
	char node[NODE_NAME_MAX]; /* "" : none */
	uint64_t stamp;
};

#endif
