/* db - databases for tests: a fresh SQLite file, or a fresh schema on PostgreSQL (the server of PGURL, else a private
 * one that tests/pg.sh starts). The same cases run on both. Scripts go around the code under test. */
#ifndef TESTS_UNIT_DIST_DB_H
#define TESTS_UNIT_DIST_DB_H

#include "common/buf.h"
#include "dist/meta.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct db {
	bool pg;
	char dir[64];	  /* the files and the private server */
	char server[512]; /* PostgreSQL's URL */
	bool started;
	unsigned schemas;
	char url[640]; /* of the fresh database */
	PGconn *side;  /* for scripts */
	sqlite3 *file;
	struct meta *meta;
};

static struct db db;

static inline void db_shell(const char *fmt, ...) ATTR_PRINTF(1, 2);
static inline void db_shell(const char *fmt, ...)
{
	char command[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	if (system(command) != 0)
		fail_msg("%s", command);
}

static inline int db_collect(void *arg, int n, char **values, char **names)
{
	(void)names;
	for (int i = 0; i < n; i++)
		buf_addf(arg, "%s%s", i ? "|" : "", values[i] ? values[i] : "NULL");
	buf_adds(arg, "\n");
	return 0;
}

/* Runs statements beside the code under test; rows come as "a|b\n". */
static inline void db_rows(struct buf *out, const char *sql)
{
	if (!db.pg) {
		char *error = NULL;

		if (sqlite3_exec(db.file, sql, db_collect, out, &error) != SQLITE_OK)
			fail_msg("%s: %s", sql, error);
		return;
	}
	PGresult *res = PQexec(db.side, sql);
	ExecStatusType status = PQresultStatus(res);

	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(db.side));
	for (int r = 0; r < PQntuples(res); r++) {
		for (int i = 0; i < PQnfields(res); i++)
			buf_addf(out, "%s%s", i ? "|" : "",
				PQgetisnull(res, r, i) ? "NULL" : PQgetvalue(res, r, i));
		buf_adds(out, "\n");
	}
	PQclear(res);
}

static inline void db_script(const char *sql)
{
	struct buf out = BUF_INIT;

	db_rows(&out, sql);
	buf_release(&out);
}

static inline long long db_number(const char *sql)
{
	struct buf out = BUF_INIT;
	long long n;

	db_rows(&out, sql);
	n = atoll(buf_str(&out));
	buf_release(&out);
	return n;
}

/* Scripts and db.url go to the database number n. */
static inline void db_use(unsigned n)
{
	char sql[64];

	if (!db.pg) {
		(void)snprintf(db.url, sizeof(db.url), "sqlite://%s/%u.db", db.dir, n);
		(void)sqlite3_close(db.file);
		assert_int_equal(sqlite3_open(db.url + strlen("sqlite://"), &db.file), SQLITE_OK);
		(void)sqlite3_busy_timeout(db.file, 5000);
		return;
	}
	(void)snprintf(sql, sizeof(sql), "SET search_path TO unit_%d_%u", (int)getpid(), n);
	db_script(sql);
	(void)snprintf(db.url, sizeof(db.url), "%s%coptions=-csearch_path%%3Dunit_%d_%u", db.server,
		strchr(db.server, '?') ? '&' : '?', (int)getpid(), n);
}

/* The next one, empty. */
static inline void db_fresh(void)
{
	char sql[64];

	db.schemas++;
	(void)snprintf(sql, sizeof(sql), "CREATE SCHEMA unit_%d_%u", (int)getpid(), db.schemas);
	if (db.pg)
		db_script(sql);
	db_use(db.schemas);
}

static inline void db_connect(void)
{
	db.side = PQconnectdb(db.server);
	assert_int_equal(PQstatus(db.side), CONNECTION_OK);
	db_script("SET client_min_messages TO warning");
}

static inline void db_open(void)
{
	struct meta_conf conf = { .url = db.url };
	char error[300];

	if (meta_open(&conf, &db.meta, error, sizeof(error)) < 0)
		fail_msg("%s: %s", db.url, error);
}

static inline void db_read_line(const char *path, char *out, size_t cap)
{
	FILE *f = fopen(path, "r");

	if (!f || !fgets(out, (int)cap, f))
		fail_msg("%s", path);
	(void)fclose(f);
	out[strcspn(out, "\n")] = '\0';
}

/* Group set-ups. */
static inline int db_sqlite(void **state)
{
	(void)state;
	db = (struct db){ .pg = false, .dir = "/tmp/meta-test.XXXXXX" };
	assert_non_null(mkdtemp(db.dir));
	db_fresh();
	db_open();
	return 0;
}

static inline int db_postgresql(void **state)
{
	const char *url = getenv("PGURL");
	char path[80];

	(void)state;
	db = (struct db){ .pg = true, .dir = "/tmp/meta-test.XXXXXX" };
	assert_non_null(mkdtemp(db.dir));
	assert_int_equal(chmod(db.dir, 0755), 0); /* the server may run as another user */
	if (url && *url) {
		(void)snprintf(db.server, sizeof(db.server), "%s", url);
	} else {
		db_shell("tests/pg.sh start %s/pg > %s/url", db.dir, db.dir);
		db.started = true;
		(void)snprintf(path, sizeof(path), "%s/url", db.dir);
		db_read_line(path, db.server, sizeof(db.server));
	}
	db_connect();
	db_fresh();
	db_open();
	return 0;
}

static inline int db_end(void **state)
{
	char sql[80];

	(void)state;
	meta_close(&db.meta);
	for (unsigned i = 1; db.side && !db.started && i <= db.schemas; i++) {
		(void)snprintf(
			sql, sizeof(sql), "DROP SCHEMA unit_%d_%u CASCADE", (int)getpid(), i);
		db_script(sql);
	}
	(void)sqlite3_close(db.file);
	PQfinish(db.side);
	if (db.started)
		db_shell("tests/pg.sh stop %s/pg", db.dir);
	db_shell("rm -rf %s", db.dir);
	return 0;
}

/* All that a failed operation must leave alone. */
static inline void db_dump(struct buf *out)
{
	db_rows(out,
		"SELECT id, mode, uid, gid, nlink, size, rdev, atime, mtime, ctime, xattrs FROM "
		"inode"
		" ORDER BY id");
	db_rows(out, "SELECT parent, name, inode FROM dentry ORDER BY parent, name");
	db_rows(out, "SELECT id, filename, size, uri, stamp, etag, content_type, mtime FROM content"
		     " ORDER BY id");
	db_rows(out, "SELECT content, part, node, stamp FROM replica ORDER BY content, part, node");
	db_rows(out, "SELECT node, content, part, stamp FROM reclaim ORDER BY seq");
	db_rows(out, "SELECT inode, name, value FROM xattr ORDER BY inode, name");
}

/* What holds between any two transactions. */
static inline void db_check(void)
{
	static const char *const never[] = {
		"SELECT id FROM inode i WHERE mode / 4096 = 4 AND nlink <> 2 + (SELECT count(*) "
		"FROM "
		"dentry d JOIN inode c ON c.id = d.inode WHERE d.parent = i.id AND c.mode / 4096 = "
		"4)",
		"SELECT id FROM inode i WHERE mode / 4096 <> 4 AND nlink <> "
		"(SELECT count(*) FROM dentry d WHERE d.inode = i.id)",
		"SELECT id FROM inode i WHERE mode / 4096 = 4 AND id <> 1 AND 1 <> "
		"(SELECT count(*) FROM dentry d WHERE d.inode = i.id)",
		"SELECT inode FROM dentry d WHERE NOT EXISTS "
		"(SELECT 1 FROM inode i WHERE i.id = d.inode)",
		"SELECT parent FROM dentry d WHERE NOT EXISTS "
		"(SELECT 1 FROM inode i WHERE i.id = d.parent AND i.mode / 4096 = 4)",
		"SELECT id FROM inode i WHERE mode / 4096 = 8 AND NOT EXISTS "
		"(SELECT 1 FROM content c WHERE c.id = i.id AND c.size = i.size AND c.mtime = "
		"i.mtime)",
		"SELECT id FROM content c WHERE NOT EXISTS (SELECT 1 FROM inode i WHERE i.id = "
		"c.id)",
		"SELECT content FROM replica r WHERE NOT EXISTS "
		"(SELECT 1 FROM content c WHERE c.id = r.content AND c.stamp = r.stamp)",
		"SELECT content FROM reclaim g JOIN replica r USING (content, part, node, stamp)",
		"SELECT id FROM inode i WHERE (xattrs = 0) <> (NOT EXISTS "
		"(SELECT 1 FROM xattr x WHERE x.inode = i.id))",
		"SELECT inode FROM xattr x WHERE NOT EXISTS "
		"(SELECT 1 FROM inode i WHERE i.id = x.inode)",
		/* a loop hangs in the air: it cannot be reached from the root */
		"WITH RECURSIVE below (id) AS (SELECT CAST(1 AS BIGINT) UNION SELECT d.inode FROM "
		"dentry d JOIN below b ON d.parent = b.id) SELECT id FROM inode WHERE id NOT IN "
		"(SELECT id FROM below)",
	};
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(never); i++) {
		buf_clear(&out);
		db_rows(&out, never[i]);
		if (out.len)
			fail_msg("%s: %s", never[i], buf_str(&out));
	}
	buf_release(&out);
}

/* Before each test: nothing but the root. */
static inline int db_wipe(void **state)
{
	(void)state;
	db_script("DELETE FROM dentry; DELETE FROM inode WHERE id <> 1; DELETE FROM content;"
		  "DELETE FROM xattr; DELETE FROM replica; DELETE FROM part; DELETE FROM reclaim; "
		  "DELETE FROM session;"
		  "DELETE FROM file_lock; DELETE FROM lock_session;"
		  "UPDATE inode SET nlink = 2, mode = 16877, gid = 0, xattrs = 0");
	return 0;
}

static inline int db_verify(void **state)
{
	(void)state;
	db_check();
	return 0;
}

/* Runs `tests` (an array) on both; how many failed. */
#define DB_RUN(tests)                                                                              \
	(cmocka_run_group_tests_name("SQLite", tests, db_sqlite, db_end) +                         \
		cmocka_run_group_tests_name("PostgreSQL", tests, db_postgresql, db_end))
#define DB_TEST(f) cmocka_unit_test_setup_teardown(f, db_wipe, db_verify)

#endif
