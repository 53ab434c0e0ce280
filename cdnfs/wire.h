/* wire - the JSON of POST /fs and of what the servers answer (docs/protocol.md). No network. */
#ifndef CDNFS_WIRE_H
#define CDNFS_WIRE_H

#include "cdnfs/places.h"
#include "common/buf.h"
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct attr {
	uint64_t id;
	uint32_t mode, uid, gid, nlink; /* mode with its type bits */
	uint64_t size, rdev;
	uint64_t allocated;	     /* bytes that are data, without holes: at most size */
	uint64_t stamp;		     /* version of the bytes, 0: none */
	int64_t atime, mtime, ctime; /* ns since 1970 */
	uint32_t xattrs;	     /* XATTR_… of common/xattr.h */
	const struct place *place;   /* a node that has the bytes; NULL: not told */
};

/* Bytes as someone may read them. */
struct version {
	uint64_t stamp, size;
	const struct place *place;
	uint64_t allocated; /* as in attr; less when it is not known */
};

/* A file as a single answer tells it. */
struct wire_file {
	struct attr attr;
	char *target; /* of a symbolic link; heap, NULL else */
};

void wire_file_release(struct wire_file *f);

/* One page of a directory. */
struct wire_entry {
	struct attr attr;
	size_t name, target; /* offsets in text; target 0: none */
};
struct wire_page {
	struct wire_entry *list;
	size_t n;
	struct buf text; /* NUL-terminated names and targets, first byte unused */
	bool more;
	uint64_t parent;
};

void wire_page_release(struct wire_page *p);

/* What setattr changes. */
enum {
	WIRE_MODE = 1,
	WIRE_UID = 2,
	WIRE_GID = 4,
	WIRE_SIZE = 8, /* to 0 */
	WIRE_ATIME = 16,
	WIRE_MTIME = 32,
	WIRE_CTIME = 64
};
struct wire_change {
	unsigned set; /* WIRE_… */
	uint32_t mode, uid, gid;
	int64_t atime, mtime, ctime;
};

/* Operations; NULL when memory is out. */
cJSON *wire_op(const char *op);
cJSON *wire_op_id(const char *op, uint64_t id);
cJSON *wire_op_name(const char *op, uint64_t dir, const char *name);
cJSON *wire_op_change(uint64_t id, const struct wire_change *change);
void wire_add_owner(cJSON *op, uint32_t mode, uint32_t uid, uint32_t gid);

/* The head of a batch. session NULL: none, for what changes nothing. */
struct wire_head {
	const char *session, *host;
	unsigned slot;
	uint64_t seq;
	bool durable;
};
/* Text of a batch. Takes ops, an array. 0 or -ENOMEM. */
int wire_batch(const struct wire_head *head, cJSON *ops, struct buf *out);

/* The answer to n operations: *results, an array of n objects, points into *root, which is the caller's to delete. -EPROTO
 * when it is no such answer. */
int wire_answer(const char *text, size_t len, int n, cJSON **root, const cJSON **results);
/* The i-th result; the errno in it is returned as such. */
int wire_result(const cJSON *results, int i, const cJSON **result);

/* 0, -EPROTO, -ENOMEM. `out` is the caller's to release. */
int wire_file(const cJSON *result, struct places *places, struct wire_file *out);
int wire_page(const cJSON *result, struct places *places, struct wire_page *out);
/* {"node", "uri": BASE or BASE/what}. */
int wire_place(
	const cJSON *object, const char *what, struct places *places, const struct place **out);

struct wire_room {
	uint64_t total, free, files, free_files;
};
int wire_room(const cJSON *result, struct wire_room *out);

/* A node's answer to an upload. */
struct wire_stored {
	uint64_t stamp, size, allocated;
	int64_t mtime, ctime; /* 0: not told */
	bool has_base;	      /* changes: the version to which they were applied */
	uint64_t base;
};
int wire_stored(const char *text, size_t len, struct wire_stored *out);

#endif
