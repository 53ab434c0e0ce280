#include "dist/reg_row.h"

#include "common/name.h"
#include "dist/row.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NAME_TRIES 8

void content_from_row(struct content *c, const struct meta_value *col)
{
	c->id = (uint64_t)col[0].number;
	c->size = (uint64_t)col[1].number;
	c->has_filename = col[2].type == META_TEXT;
	value_copy(c->filename, sizeof(c->filename), &col[2]);
	created_copy(c->created, &col[3]);
	value_copy(c->status, sizeof(c->status), &col[4]);
	value_copy(c->node, sizeof(c->node), &col[5]);
	value_copy(c->uri, sizeof(c->uri), &col[6]);
	value_copy(c->type, sizeof(c->type), &col[7]);
	value_copy(c->etag, sizeof(c->etag), &col[8]);
	c->stamp = col[9].type == META_INT ? (uint64_t)col[9].number : 0;
	c->mtime = col[10].number;
	c->ctime = col[11].number;
	c->allocated = (uint64_t)col[12].number;
}

int reg_record_row(void *arg, const struct meta_value *col, size_t ncol)
{
	struct reg_record *r = arg;

	(void)ncol;
	r->found = true;
	content_from_row(&r->content, col);
	r->nlink = (uint32_t)col[13].number;
	return 0;
}

int reg_add_empty(struct meta_tx *tx, uint64_t id, const char *name, size_t len, int64_t now)
{
	struct buf text = BUF_INIT;
	char created[CREATED_TEXT];
	int rc;

	created_format(now, created);
	utf8_lossy(&text, name, len);
	rc = buf_error(&text);
	if (rc == 0) {
		struct meta_value args[] = { V_INT(id), V_TEXT(buf_str(&text)), V_INT(0),
			V_TEXT(created), V_NULL, V_NULL, V_TEXT(""), V_NULL, V_INT(now), V_NULL };

		rc = meta_post(tx, SQL_CONTENT_ADD, args, 10, NULL, NULL);
	}
	buf_release(&text);
	return rc;
}

int reg_add_replica(struct meta_tx *tx, uint64_t id, const char *node, uint64_t stamp)
{
	struct meta_value args[] = { V_INT(id), V_TEXT(node), V_INT(stamp) };

	return meta_post(tx, SQL_REPLICA_ADD, args, 3, NULL, NULL);
}

int reg_drop_bytes(struct meta_tx *tx, uint64_t id)
{
	struct meta_value arg = V_INT(id);
	int rc = meta_post(tx, SQL_REPLICA_RECLAIM, &arg, 1, NULL, NULL);

	if (rc == 0)
		rc = meta_post(tx, SQL_REPLICA_DELETE, &arg, 1, NULL, NULL);
	if (rc == 0)
		rc = meta_post(tx, SQL_PART_DELETE, &arg, 1, NULL, NULL);
	return rc;
}

/* name~ID, cut so that it fits and no UTF-8 sequence is torn. */
static void with_id(const char *want, size_t len, uint64_t id, struct reg_name *out)
{
	char tail[24];
	int n = snprintf(tail, sizeof(tail), "~%" PRIu64, id);
	size_t room = LIMIT_NAME - (size_t)n;

	if (len > room)
		for (len = room; len && ((unsigned char)want[len] & 0xc0) == 0x80; len--)
			;
	memmove(out->data, want, len);
	memcpy(out->data + len, tail, (size_t)n);
	out->len = len + (size_t)n;
}

int reg_free_name(struct meta_tx *tx, uint64_t dir, const char *want, size_t want_len, uint64_t id,
	struct reg_name *out)
{
	struct reg_name name;

	if (want_len) {
		memcpy(name.data, want, want_len);
		name.len = want_len;
	} else {
		name.len = (size_t)snprintf(name.data, sizeof(name.data), "%" PRIu64, id);
	}
	for (int tries = 0; tries < NAME_TRIES; tries++) {
		struct meta_value args[] = { V_INT(dir), V_BYTES(name.data, name.len) };
		int rc = row_reserved(dir, name.data, name.len)
				 ? 1
				 : meta_exec(tx, SQL_ENTRY_NODE, args, 2, NULL, NULL);

		if (rc < 0)
			return rc;
		if (rc == 0) {
			*out = name;
			return 0;
		}
		with_id(name.data, name.len, id, &name);
	}
	return -EEXIST;
}

int reg_wanted_name(const struct content_new *n, const char **name, size_t *len)
{
	if (n->name) {
		int rc = name_check(n->name, n->name_len);

		if (rc < 0)
			return rc;
		*name = n->name;
		*len = n->name_len;
		return 0;
	}
	*name = n->has_filename && n->filename ? n->filename : "";
	*len = strlen(*name);
	if (name_check(*name, *len) < 0)
		*len = 0; /* a register's file name may be anything; an entry's may not */
	return 0;
}
