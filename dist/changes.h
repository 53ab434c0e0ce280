/* changes - what one transaction changed of that which mounts remember: gathered from its statements (sql_touches), so
 * that no operation can forget to tell. */
#ifndef DIST_CHANGES_H
#define DIST_CHANGES_H

#include "common/buf.h"
#include "dist/meta.h"

struct change {
	uint64_t id;	  /* an inode; or a directory in which a name changed */
	size_t name, len; /* in changes.names; len 0: the inode's attributes or bytes */
};

struct changes {
	struct change *list;
	size_t n, cap;
	struct buf names;
	bool all; /* too much to tell one by one, or memory ran out: anything may have changed */
};

void changes_release(struct changes *c);
void changes_clear(struct changes *c);
bool changes_any(const struct changes *c);
/* A statement that is about to be run. */
void changes_note(struct changes *c, enum sql_id id, const struct meta_value *args, size_t nargs);
/* A row that it returned. */
void changes_row(struct changes *c, enum sql_id id, const struct meta_value *col, size_t ncol);
/* Objects of JSON with commas between: {"dir":1,"name":"x"}, {"id":5}, or {"all":true}. */
void changes_text(const struct changes *c, struct buf *out);
/* The same from number `at` on, as long as out has less than max bytes behind it; where to go on, past n at the end. */
size_t changes_part(const struct changes *c, size_t at, size_t max, struct buf *out);

#endif
