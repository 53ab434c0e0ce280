#include "dist/changes.h"

#include "common/limits.h"
#include "dist/emit.h"
#include <stdlib.h>
#include <string.h>

#define RECENT                                                                                     \
	16 /* so far back a repetition is looked for: operations touch one thing several times */

void changes_release(struct changes *c)
{
	free(c->list);
	buf_release(&c->names);
	*c = (struct changes){ 0 };
}

void changes_clear(struct changes *c)
{
	c->n = 0;
	c->all = false;
	buf_clear(&c->names);
}

bool changes_any(const struct changes *c)
{
	return c->n || c->all;
}

static bool is_told(const struct changes *c, uint64_t id, const char *name, size_t len)
{
	size_t first = c->n > RECENT ? c->n - RECENT : 0;

	for (size_t i = c->n; i-- > first;) {
		const struct change *o = &c->list[i];

		if (o->id == id && o->len == len &&
			(!len || memcmp(c->names.data + o->name, name, len) == 0))
			return true;
	}
	return false;
}

static void add(struct changes *c, uint64_t id, const char *name, size_t len)
{
	struct change *more;

	if (c->all || is_told(c, id, name, len))
		return;
	if (c->n == c->cap) {
		size_t cap = c->cap ? 2 * c->cap : 16;

		more = c->n < LIMIT_TOLD ? realloc(c->list, cap * sizeof(*more)) : NULL;
		if (!more) {
			c->all = true;
			return;
		}
		c->list = more;
		c->cap = cap;
	}
	c->list[c->n++] = (struct change){ .id = id, .name = c->names.len, .len = len };
	buf_add(&c->names, name, len);
	if (buf_error(&c->names) < 0)
		c->all = true;
}

static void add_entry(
	struct changes *c, const struct meta_value *dir, const struct meta_value *name)
{
	add(c, (uint64_t)dir->number, name->data, name->len);
}

void changes_note(struct changes *c, enum sql_id id, const struct meta_value *args, size_t nargs)
{
	const struct sql_touch *t = &sql_touches[id];

	if (t->inode && t->inode <= nargs)
		add(c, (uint64_t)args[t->inode - 1].number, "", 0);
	if (t->dir && t->name <= nargs)
		add_entry(c, &args[t->dir - 1], &args[t->name - 1]);
	if (t->dir2 && t->name2 <= nargs)
		add_entry(c, &args[t->dir2 - 1], &args[t->name2 - 1]);
}

void changes_row(struct changes *c, enum sql_id id, const struct meta_value *col, size_t ncol)
{
	const struct sql_touch *t = &sql_touches[id];

	if (t->rows == SQL_INODE_ROWS && ncol >= 1)
		add(c, (uint64_t)col[0].number, "", 0);
	if (t->rows == SQL_ENTRY_ROWS && ncol >= 2)
		add_entry(c, &col[0], &col[1]);
}

#define LONGEST (3 * LIMIT_NAME + 64) /* bytes of one change as text */

static void add_text(const struct changes *c, const struct change *o, struct buf *out)
{
	buf_adds(out, "{");
	emit_key(out, o->len ? "dir" : "id");
	emit_u64(out, o->id);
	if (o->len) {
		emit_key(out, "name");
		emit_bytes(out, c->names.data + o->name, o->len);
	}
	buf_adds(out, "}");
}

size_t changes_part(const struct changes *c, size_t at, size_t max, struct buf *out)
{
	size_t first = at;

	if (c->all) {
		buf_adds(out, "{\"all\":true}");
		return c->n + 1;
	}
	for (; at < c->n && out->len + LONGEST < max; at++) {
		buf_adds(out, at > first ? "," : "");
		add_text(c, &c->list[at], out);
	}
	return at < c->n ? at : c->n + 1;
}

void changes_text(const struct changes *c, struct buf *out)
{
	(void)changes_part(c, 0, SIZE_MAX, out); /* all of it */
}
