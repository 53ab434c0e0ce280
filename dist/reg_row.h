/* reg_row - rows of the register as structs, and the steps that storing and replacing share. */
#ifndef DIST_REG_ROW_H
#define DIST_REG_ROW_H

#include "dist/meta.h"
#include "dist/record.h"

/* A record, and what the register does not show. */
struct reg_record {
	bool found;
	struct content content;
	uint32_t nlink; /* 0: a record without an inode */
};

/* Columns RECORD of sql.c. reg_record_row: arg is a struct reg_record. */
void content_from_row(struct content *c, const struct meta_value *col);
int reg_record_row(void *arg, const struct meta_value *col, size_t ncol);

/* The row of a new file without bytes; its file name is the entry's. */
int reg_add_empty(struct meta_tx *tx, uint64_t id, const char *name, size_t len, int64_t now);
int reg_add_replica(struct meta_tx *tx, uint64_t id, const char *node, uint64_t stamp);

/* Puts all replicas of a content on the reclaim list and forgets them (the inode lost its last name, or was truncated). */
int reg_drop_bytes(struct meta_tx *tx, uint64_t id);

/* The name wanted, or name~ID when that is taken in the directory (locked by the caller). */
#define REG_NAME_CAP (LIMIT_NAME + 1)
struct reg_name {
	char data[REG_NAME_CAP];
	size_t len;
};
/* want_len 0: the id is the name. -EEXIST when even name~ID~ID… is taken. */
int reg_free_name(struct meta_tx *tx, uint64_t dir, const char *want, size_t want_len, uint64_t id,
	struct reg_name *out);
/* What an upload or a person wants the entry to be called; len 0: nothing. -EINVAL, -ENAMETOOLONG. */
int reg_wanted_name(const struct content_new *n, const char **name, size_t *len);

#endif
