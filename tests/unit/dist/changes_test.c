/* changes: what statements touch, as text. */
#include "dist/changes.h"

#include "common/limits.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void is(struct changes *c, const char *want)
{
	struct buf text = BUF_INIT;

	changes_text(c, &text);
	assert_string_equal(buf_str(&text), want);
	buf_release(&text);
	changes_release(c);
}

/* Whoever adds a statement says here what mounts have to be told. */
static void every_statement_that_changes_says_what(void **state)
{
	(void)state;
	for (int id = 0; id < SQL_COUNT; id++) {
		const char *text = sql_text[id];
		bool changes = strstr(text, "INSERT ") || strstr(text, "UPDATE ") ||
			       strstr(text, "DELETE ");

		if (changes && strstr(text, "FOR UPDATE") && !strstr(text, "UPDATE SET"))
			changes = strncmp(text, "SELECT", 6) != 0;
		if (changes != sql_touches[id].known)
			fail_msg("sql_touches and statement %d: %s", id, text);
	}
}

static void parameters_are_there(void **state)
{
	(void)state;
	for (int id = 0; id < SQL_COUNT; id++) {
		const struct sql_touch *t = &sql_touches[id];
		const unsigned char all[] = { t->inode, t->dir, t->name, t->dir2, t->name2 };
		char mark[8];

		for (size_t i = 0; i < sizeof(all); i++) {
			(void)snprintf(mark, sizeof(mark), "$%d", all[i]);
			if (all[i])
				assert_non_null(strstr(sql_text[id], mark));
		}
		assert_int_equal(!t->dir, !t->name);
		assert_int_equal(!t->dir2, !t->name2);
		if (t->rows)
			assert_non_null(strstr(sql_text[id], " RETURNING "));
	}
}

static void an_inode_is_told_once(void **state)
{
	struct meta_value args[] = { V_INT(5), V_INT(1) };
	struct changes c = { 0 };

	(void)state;
	changes_note(&c, SQL_INODE_LINKS, args, 2);
	changes_note(&c, SQL_INODE_DELETE, args, 1);
	is(&c, "{\"id\":5}");
}

static void entries_are_told_as_bytes(void **state)
{
	struct meta_value args[] = { V_INT(1), V_BYTES("a\"\n\xff", 4), V_INT(2), V_BYTES("b", 1) };
	struct changes c = { 0 };

	(void)state;
	changes_note(&c, SQL_ENTRY_MOVE, args, 4);
	is(&c, "{\"dir\":1,\"name\":\"a\\\"%0A%FF\"},{\"dir\":2,\"name\":\"b\"}");
}

static void rows_are_told(void **state)
{
	struct meta_value args[] = { V_INT(9), V_INT(8) };
	struct meta_value row[] = { V_INT(3), V_BYTES("n", 1) };
	struct changes c = { 0 };

	(void)state;
	changes_note(&c, SQL_ENTRY_DELETE_ALL, args, 1);
	changes_row(&c, SQL_ENTRY_DELETE_ALL, row, 2);
	changes_note(&c, SQL_INODE_TOUCH_PARENTS, args, 2);
	changes_row(&c, SQL_INODE_TOUCH_PARENTS, row, 1);
	changes_row(&c, SQL_INODE_ADD, row, 1); /* nobody has heard of it */
	is(&c, "{\"id\":9},{\"dir\":3,\"name\":\"n\"},{\"id\":3}");
}

static void what_only_reads_or_is_dists_own_tells_nothing(void **state)
{
	struct meta_value args[] = { V_INT(9), V_INT(8) };
	struct changes c = { 0 };

	(void)state;
	changes_note(&c, SQL_INODE_ATTR, args, 1);
	changes_note(&c, SQL_RECLAIM_DONE, args, 2);
	assert_false(changes_any(&c));
	is(&c, "");
}

static void too_many_are_told_as_all(void **state)
{
	struct changes c = { 0 };

	(void)state;
	for (uint64_t i = 1; i <= 2 * LIMIT_TOLD; i++) {
		struct meta_value arg = V_INT(i);

		changes_note(&c, SQL_INODE_DELETE, &arg, 1);
	}
	assert_true(changes_any(&c));
	is(&c, "{\"all\":true}");
}

static void pieces_hold_all_once(void **state)
{
	struct changes c = { 0 };
	struct buf all = BUF_INIT, piece = BUF_INIT;
	size_t at = 0, pieces = 0;
	char name[LIMIT_NAME];

	(void)state;
	memset(name, '\1', sizeof(name)); /* three bytes each, as text */
	for (uint64_t i = 1; i <= 100; i++) {
		struct meta_value args[] = { V_INT(i), V_BYTES(name, sizeof(name)) };

		changes_note(&c, SQL_ENTRY_DELETE, args, 2);
	}
	while (at <= c.n) {
		buf_clear(&piece);
		at = changes_part(&c, at, 7900, &piece);
		assert_true(piece.len > 0 && piece.len <= 7900);
		buf_adds(&all, pieces++ ? "," : "");
		buf_add(&all, piece.data, piece.len);
	}
	assert_true(pieces > 9);
	is(&c, buf_str(&all));
	buf_release(&piece);
	buf_release(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_statement_that_changes_says_what),
		cmocka_unit_test(parameters_are_there),
		cmocka_unit_test(an_inode_is_told_once),
		cmocka_unit_test(entries_are_told_as_bytes),
		cmocka_unit_test(rows_are_told),
		cmocka_unit_test(what_only_reads_or_is_dists_own_tells_nothing),
		cmocka_unit_test(too_many_are_told_as_all),
		cmocka_unit_test(pieces_hold_all_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
