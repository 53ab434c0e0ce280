#include "dist/meta.h"

#include "dist/schema.h"
#include "meta_call.h"
#include <errno.h>
#include <pthread.h>

/* --- opening --- */
static int opened(const char *url, char *error, size_t cap)
{
	struct meta_conf conf = { .url = url };
	struct meta *m = NULL;
	int rc = meta_open(&conf, &m, error, cap);

	meta_close(&m);
	return rc;
}

static void urls_that_do_not_open(void **state)
{
	char error[300];

	(void)state;
	assert_int_equal(opened("mysql://x", error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "postgresql://"));
	assert_true(opened("sqlite:///nowhere/at/all/x.db", error, sizeof(error)) < 0);
	assert_non_null(strstr(error, "/nowhere/at/all/x.db"));
	assert_int_equal(opened("postgresql:///x?host=/nowhere", error, sizeof(error)), -EHOSTDOWN);
	assert_non_null(strstr(error, "/nowhere"));
	assert_int_equal(opened("sqlite::memory:", error, sizeof(error)), 0);
}

static void relative_file(void **state)
{
	char here[512], error[300];

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(chdir(db.dir), 0);
	assert_int_equal(opened("sqlite:///./rel.db", error, sizeof(error)), 0);
	assert_int_equal(access("rel.db", F_OK), 0);
	assert_int_equal(chdir(here), 0);
}

static void name_tells_the_server(void **state)
{
	(void)state;
	assert_memory_equal(meta_name(db.meta), db.pg ? "PostgreSQL 1" : "SQLite 3.", 9);
}

static void newer_database_is_refused(void **state)
{
	char error[300];

	(void)state;
	db_script("INSERT INTO schema_version (number, name) VALUES (9999, 'future')");
	assert_int_equal(opened(db.url, error, sizeof(error)), -EPROTO);
	assert_non_null(strstr(error, "9999"));
	db_script("DELETE FROM schema_version WHERE number = 9999");
	assert_int_equal(opened(db.url, error, sizeof(error)), 0);
}

/* As the program before the last migration left it, with a file in it. */
static void older_database_is_brought_up_to_date(void **state)
{
	char error[300];

	(void)state;
	db_fresh();
	assert_int_equal(opened(db.url, error, sizeof(error)), 0);
	db_script("ALTER TABLE content DROP COLUMN allocated");
	db_script("DELETE FROM schema_version WHERE number = 5");
	db_script("INSERT INTO content (id, filename, size, stamp) VALUES (7, 'x', 9, 8)");
	assert_int_equal(opened(db.url, error, sizeof(error)), 0);
	assert_int_equal(
		db_number("SELECT count(*) FROM schema_version"), (long long)nschema_steps);
	assert_int_equal(db_number("SELECT coalesce(allocated, size) FROM content"), 9);
	db_use(1);
}

static void *open_in_thread(void *arg)
{
	char error[300] = "";
	int *rc = arg;

	*rc = opened(db.url, error, sizeof(error));
	if (*rc < 0)
		print_error("%s\n", error);
	return NULL;
}

static void many_open_a_fresh_database_at_once(void **state)
{
	pthread_t t[6];
	int rc[6];

	(void)state;
	db_fresh();
	for (int i = 0; i < 6; i++)
		assert_int_equal(pthread_create(&t[i], NULL, open_in_thread, &rc[i]), 0);
	for (int i = 0; i < 6; i++)
		assert_int_equal(pthread_join(t[i], NULL), 0);
	for (int i = 0; i < 6; i++)
		assert_int_equal(rc[i], 0);
	assert_int_equal(
		db_number("SELECT count(*) FROM schema_version"), (long long)nschema_steps);
	assert_int_equal(db_number("SELECT count(*) FROM inode"), 1);
	db_use(1);
}

static void hand_made_content_does_not_collide(void **state)
{
	(void)state;
	if (!db.pg)
		skip(); /* SQLite has no sequences: only the program inserts there */
	db_script("INSERT INTO content (filename) VALUES ('x')");
	db_script("INSERT INTO inode (mode, uid, gid, nlink, atime, mtime, ctime) "
		  "VALUES (4096, 0, 0, 0, 0, 0, 0)");
	assert_int_equal(
		db_number("SELECT count(*) FROM content c JOIN inode i ON i.id = c.id"), 0);
	assert_int_equal(db_number("SELECT count(*) FROM content WHERE status = 'OK' AND size = 0 "
				   "AND created_at <= now()"),
		1);
	db_script("DELETE FROM content; DELETE FROM inode WHERE id <> 1");
}

/* --- transactions --- */
static void results_come_through(void **state)
{
	struct put p = { .id = "a", .reply = V_NULL, .result = 42 };

	(void)state;
	assert_int_equal(meta_run(db.meta, META_WRITE, put_body, &p), 42);
	assert_int_equal(sessions(), 1);
	p = (struct put){ .id = "b", .reply = V_NULL, .result = -ENOTEMPTY };
	assert_int_equal(meta_run(db.meta, META_WRITE, put_body, &p), -ENOTEMPTY);
	assert_int_equal(p.calls, 1);
	assert_int_equal(sessions(), 1);
}

static void again_runs_it_again(void **state)
{
	struct put p = { .id = "a", .reply = V_NULL, .again = 3 };

	(void)state;
	assert_int_equal(meta_run(db.meta, META_DURABLE, put_body, &p), 0);
	assert_int_equal(p.calls, 4);
	assert_int_equal(sessions(), 1);
}

static void empty_transactions(void **state)
{
	int rc = 3;

	(void)state;
	assert_int_equal(meta_run(db.meta, META_READ, nothing_body, &rc), 3);
	assert_int_equal(meta_run(db.meta, META_WRITE, nothing_body, &rc), 3);
	rc = -ENOENT;
	assert_int_equal(meta_run(db.meta, META_DURABLE, nothing_body, &rc), -ENOENT);
}

/* A statement that must fail: a NULL where none may be. The function overlooks it. */
static int overlook_body(struct meta_tx *tx, void *arg)
{
	struct meta_value bad[] = { V_TEXT("x"), V_NULL, V_INT(1), V_NULL, V_INT(0), V_NULL };

	(void)meta_exec(tx, SQL_SESSION_PUT, bad, 6, NULL, NULL);
	++*(int *)arg;
	return 0;
}

static int overlook_post_body(struct meta_tx *tx, void *arg)
{
	struct meta_value bad[] = { V_TEXT("x"), V_NULL, V_INT(1), V_NULL, V_INT(0), V_NULL };

	(void)meta_post(tx, SQL_SESSION_PUT, bad, 6, NULL, NULL);
	++*(int *)arg;
	return 0;
}

static void overlooked_failures_do_not_commit(void **state)
{
	int calls = 0;

	(void)state;
	assert_int_equal(meta_run(db.meta, META_WRITE, overlook_body, &calls), -EIO);
	assert_int_equal(calls, 1);
	assert_true(strlen(meta_error()) > 0);
	assert_int_equal(meta_run(db.meta, META_WRITE, overlook_post_body, &calls), -EIO);
	assert_int_equal(put(META_WRITE, "after", 1), 0);
	assert_int_equal(sessions(), 1);
}

static void readers_cannot_change(void **state)
{
	(void)state;
	assert_int_equal(put(META_READ, "a", 1), -EIO);
	assert_int_equal(sessions(), 0);
}

/* --- values --- */
static void values_survive(void **state)
{
	char bytes[256];
	struct put p = { .id = "v", .seq = INT64_MIN, .reply = V_BYTES(bytes, sizeof(bytes)) };
	struct get g = { .id = "v" };

	(void)state;
	for (int i = 0; i < 256; i++)
		bytes[i] = (char)i;
	assert_int_equal(meta_run(db.meta, META_WRITE, put_body, &p), 0);
	assert_int_equal(meta_run(db.meta, META_WRITE, get_body, &g), 0);
	assert_int_equal(g.rc, 1);
	assert_int_equal(g.out[0].type, META_INT);
	assert_true(g.out[0].number == INT64_MIN);
	assert_int_equal(g.out[1].type, META_BYTES);
	assert_int_equal(g.out[1].len, 256);
	assert_memory_equal(g.out[1].data, bytes, 256);
	assert_int_equal(g.out[2].type, META_NULL); /* no such column */
	p.reply = V_BYTES("", 0);
	assert_int_equal(meta_run(db.meta, META_WRITE, put_body, &p), 0);
	assert_int_equal(meta_run(db.meta, META_WRITE, get_body, &g), 0);
	assert_int_equal(g.out[1].type, META_BYTES);
	assert_int_equal(g.out[1].len, 0);
	p.reply = V_NULL;
	assert_int_equal(meta_run(db.meta, META_WRITE, put_body, &p), 0);
	assert_int_equal(meta_run(db.meta, META_WRITE, get_body, &g), 0);
	assert_int_equal(g.out[1].type, META_NULL);
	g.id = "';--\"\\";
	assert_int_equal(meta_run(db.meta, META_WRITE, get_body, &g), 0);
	assert_int_equal(g.rc, 0);
	buf_release(&g.keep);
}

static void large_values_survive(void **state)
{
	size_t len = 3 << 20;
	char *bytes = malloc(len);
	struct put p = { .id = "v", .reply = V_BYTES(bytes, len) };
	struct get g = { .id = "v" };

	(void)state;
	memset(bytes, 0xa5, len);
	assert_int_equal(meta_run(db.meta, META_WRITE, put_body, &p), 0);
	assert_int_equal(meta_run(db.meta, META_WRITE, get_body, &g), 0);
	assert_int_equal(g.out[1].len, len);
	assert_memory_equal(g.out[1].data, bytes, len);
	buf_release(&g.keep);
	free(bytes);
}

/* A thousand posts, then rows whose callback has had enough, or fails. */
struct rows {
	int stop_after, with, seen, rc;
};

static int count_row(void *arg, const struct meta_value *col, size_t ncol)
{
	struct rows *r = arg;

	(void)col;
	(void)ncol;
	return ++r->seen == r->stop_after ? r->with : 0;
}

static int rows_body(struct meta_tx *tx, void *arg)
{
	struct rows *r = arg;
	struct meta_value all[] = { V_TEXT("n"), V_INT(100) };

	r->seen = 0;
	for (int i = 0; i < 1000; i++) {
		struct meta_value args[] = { V_INT(i), V_TEXT("n") };
		int rc = meta_post(tx, SQL_RECLAIM_DONE, args, 2, NULL, NULL);

		if (rc < 0)
			return rc;
	}
	r->rc = meta_exec(tx, SQL_RECLAIM_LIST, all, 2, count_row, r);
	return r->rc;
}

static void rows_stop_or_fail(void **state)
{
	struct rows r = { 0 };

	(void)state;
	db_script("INSERT INTO reclaim (seq, node, content, part, stamp) VALUES (5001, 'n', 1, 0, "
		  "1), "
		  "(5002, 'n', 1, 0, 2), (5003, 'n', 1, 0, 3)");
	assert_int_equal(meta_run(db.meta, META_WRITE, rows_body, &r), 3);
	r.stop_after = 2;
	r.with = 1;
	assert_int_equal(meta_run(db.meta, META_WRITE, rows_body, &r), 2);
	assert_int_equal(r.seen, 2);
	r.with = -EOVERFLOW;
	assert_int_equal(meta_run(db.meta, META_WRITE, rows_body, &r), -EOVERFLOW);
	assert_int_equal(r.seen, 2);
	db_script("DELETE FROM reclaim");
}

/* --- plans --- */
static void explain(struct buf *out, const char *sql)
{
	char text[2400];
	size_t len = strcspn(sql, "\n"), params = 0;
	const char *lock = strstr(sql, " FOR UPDATE");

	buf_clear(out);
	if (!db.pg) {
		(void)snprintf(text, sizeof(text), "EXPLAIN QUERY PLAN %.*s",
			(int)(lock ? (size_t)(lock - sql) : len), sql);
		db_rows(out, text);
		return;
	}
	for (const char *p = sql; (p = strchr(p, '$')); p++)
		if ((size_t)atoi(p + 1) > params)
			params = (size_t)atoi(p + 1);
	(void)snprintf(text, sizeof(text), "PREPARE plan AS %s", sql);
	db_script(text);
	(void)snprintf(text, sizeof(text), "EXPLAIN EXECUTE plan%s", params ? "(NULL" : "");
	while (params && --params)
		strcat(text, ", NULL");
	if (strchr(text, '('))
		strcat(text, ")");
	db_rows(out, text);
	db_script("DEALLOCATE plan");
}

/* The counts are asked once a second at most (dist/probe.h); the check reads everything. */
static bool may_scan(enum sql_id id)
{
	if (id >= SQL_CHECK_FIRST && id < SQL_CHECK_END)
		return true;
	return id == SQL_INODE_COUNT || id == SQL_CONTENT_COUNT || id == SQL_SCHEMA_NUMBER ||
	       id == SQL_SESSION_EXPIRE;
}

static void every_statement_uses_an_index(void **state)
{
	struct buf plan = BUF_INIT;

	(void)state;
	if (db.pg)
		db_script("SET plan_cache_mode TO force_generic_plan; SET enable_seqscan TO off;"
			  "SET enable_hashjoin TO off; SET enable_mergejoin TO off;"
			  "SET enable_bitmapscan TO off");
	for (int id = 0; id < SQL_COUNT; id++) {
		bool scans;

		assert_non_null(sql_text[id]);
		explain(&plan, sql_text[id]);
		scans = strstr(buf_str(&plan), db.pg ? "Seq Scan" : "|SCAN ") != NULL;
		if (!db.pg && id == SQL_TREE_ABOVE)
			scans = strstr(buf_str(&plan), "SCAN d") != NULL; /* its own rows */
		if (scans && !may_scan((enum sql_id)id))
			fail_msg("%s\n%s", sql_text[id], buf_str(&plan));
		if (id == SQL_ENTRY_LIST && strstr(buf_str(&plan), db.pg ? "Sort" : "TEMP B-TREE"))
			fail_msg("sorts: %s", buf_str(&plan));
	}
	buf_release(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DB_TEST(urls_that_do_not_open),
		DB_TEST(relative_file),
		DB_TEST(name_tells_the_server),
		DB_TEST(newer_database_is_refused),
		DB_TEST(older_database_is_brought_up_to_date),
		DB_TEST(many_open_a_fresh_database_at_once),
		DB_TEST(hand_made_content_does_not_collide),
		DB_TEST(results_come_through),
		DB_TEST(again_runs_it_again),
		DB_TEST(empty_transactions),
		DB_TEST(overlooked_failures_do_not_commit),
		DB_TEST(readers_cannot_change),
		DB_TEST(values_survive),
		DB_TEST(large_values_survive),
		DB_TEST(rows_stop_or_fail),
		DB_TEST(every_statement_uses_an_index),
	};

	return DB_RUN(tests);
}
