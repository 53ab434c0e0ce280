#include "dist/check.h"

#include "common/base.h"
#include "common/limits.h"
#include "common/name.h"
#include "dist/emit.h"
#include "dist/record.h"
#include "dist/reg.h"
#include "dist/tree.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PAGE 4096 /* entries asked for at once */

/* In the order of SQL_CHECK_FIRST. The sentence gets the row: %1$ its id, %2$ and %3$ its numbers. */
static const struct kind {
	const char *name, *sentence;
} kinds[] = {
	{ "root", "inode %1$" PRId64 ", the root, is missing or no directory" },
	{ "type", "inode %1$" PRId64 ": its mode %2$" PRId64 " has no type that a file can have" },
	{ "number", "inode %1$" PRId64 ": nlink %2$" PRId64 ", size %3$" PRId64 ", or its mode" },
	{ "device", "inode %1$" PRId64 " is no device and has the number %2$" PRId64 " of one" },
	{ "target", "inode %1$" PRId64 ": the target's %2$" PRId64 " bytes, the size %3$" PRId64 },
	{ "unnamed", "inode %1$" PRId64 " has no name" },
	{ "entry-parent",
		"an entry of inode %1$" PRId64 " is in %2$" PRId64 ", which is no folder" },
	{ "entry-inode", "folder %2$" PRId64 " has an entry of %1$" PRId64 ", which is no inode" },
	{ "root-entry", "folder %2$" PRId64 " has an entry of the root, inode %1$" PRId64 },
	{ "folder-names", "folder %1$" PRId64 " has %2$" PRId64 " names" },
	{ "links", "inode %1$" PRId64 ": nlink is %2$" PRId64 ", it has %3$" PRId64 " names" },
	{ "folder-links", "folder %1$" PRId64 ": nlink is %2$" PRId64 ", not %3$" PRId64 },
	{ "unreachable", "folder %1$" PRId64 " cannot be reached from the root" },
	{ "file-record", "file %1$" PRId64 " has no content in the register" },
	{ "record-file", "content %1$" PRId64 " has no file in the tree (mode %2$" PRId64 ")" },
	{ "size", "file %1$" PRId64 " has %2$" PRId64 " bytes in the tree, %3$" PRId64
		  " in the register" },
	{ "time", "file %1$" PRId64 ": mtime is %2$" PRId64 " ns in the tree, %3$" PRId64
		  " in the register" },
	{ "bytes", "content %1$" PRId64 ": no node has its version %2$" PRIx64 },
	{ "replica-record", "a copy of content %1$" PRId64 ", which is not registered" },
	{ "replica-version",
		"content %1$" PRId64 ": a copy's version is %2$" PRIx64 ", not %3$" PRIx64 },
	{ "reclaim",
		"content %1$" PRId64 ": the version %2$" PRIx64 " is in use and to be deleted" },
	{ "part", "part %2$" PRId64 " of content %1$" PRId64 ", which is not registered" },
	{ "xattr", "extended attributes of inode %1$" PRId64 ", which is not there" },
	{ "xattrs",
		"inode %1$" PRId64 " has other extended attributes than it tells (%2$" PRId64 ")" },
};
_Static_assert(
	ARRAY_LEN(kinds) == SQL_CHECK_END - SQL_CHECK_FIRST, "a sentence for each statement");

struct scan {
	struct check *check;
	const struct kind *kind;
	uint64_t parent; /* of the entry that was seen last */
	struct buf name;
	uint64_t rows, bad;
};

static void add_finding(struct check *c, const char *kind, int64_t id, const char *sentence)
{
	c->findings++;
	buf_addf(&c->sentences,
		"%s{\"check\":\"%s\",\"id\":%" PRId64 ",\"message\":", c->sentences.len ? "," : "",
		kind, id);
	emit_text(&c->sentences, sentence);
	buf_adds(&c->sentences, "}");
}

static int finding_row(void *arg, const struct meta_value *col, size_t ncol)
{
	struct scan *s = arg;
	char text[256];

	(void)ncol;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored                                                                     \
	"-Wformat-nonliteral" /* of the table above, which has such numbers */
	(void)snprintf(
		text, sizeof(text), s->kind->sentence, col[0].number, col[1].number, col[2].number);
#pragma GCC diagnostic pop
	add_finding(s->check, s->kind->name, col[0].number, text);
	return buf_error(&s->check->sentences);
}

static int entry_row(void *arg, const struct meta_value *col, size_t ncol)
{
	struct scan *s = arg;
	char text[64];

	(void)ncol;
	s->rows++;
	s->parent = (uint64_t)col[0].number;
	buf_clear(&s->name);
	buf_add(&s->name, col[1].data, col[1].len);
	if (name_check(col[1].data, col[1].len) < 0 && s->bad++ < LIMIT_FINDINGS) {
		(void)snprintf(text, sizeof(text), "folder %" PRIu64 ": an entry's name is none",
			s->parent);
		add_finding(s->check, "name", col[2].number, text);
	}
	return buf_error(&s->name);
}

/* Every entry's name, a page at a time: a list of all is too long to be held. */
static int scan_names(struct meta_tx *tx, struct scan *s)
{
	int rc;

	do {
		struct meta_value args[] = { V_INT(s->parent), V_BYTES("", 0), V_INT(PAGE) };
		struct buf after = BUF_INIT;

		buf_add(&after, buf_str(&s->name), s->name.len);
		rc = buf_error(&after);
		args[1] = V_BYTES(buf_str(&after), after.len);
		s->rows = 0;
		if (rc == 0)
			rc = meta_exec(tx, SQL_CHECK_ENTRIES, args, ARRAY_LEN(args), entry_row, s);
		buf_release(&after);
		s->check->entries += s->rows;
	} while (rc >= 0 && s->rows == PAGE);
	return rc < 0 ? rc : 0;
}

int check_run(struct meta_tx *tx, struct check *c)
{
	struct meta_value most = V_INT(LIMIT_FINDINGS);
	struct scan s = { .check = c, .name = BUF_INIT };
	int rc;

	c->findings = c->entries = 0;
	buf_clear(&c->sentences);
	rc = tree_count(tx, &c->inodes);
	if (rc == 0)
		rc = reg_count(tx, &c->contents);
	if (rc == 0)
		rc = scan_names(tx, &s);
	for (size_t i = 0; rc >= 0 && i < ARRAY_LEN(kinds); i++) {
		s.kind = &kinds[i];
		rc = meta_exec(tx, (enum sql_id)(SQL_CHECK_FIRST + i), &most, 1, finding_row, &s);
	}
	buf_release(&s.name);
	return rc < 0 ? rc : buf_error(&c->sentences);
}
