/* SQLite in WAL mode: one connection that writes, under a lock, and a few that read beside it.
 *
 * Commits never wait for the disk (synchronous=NORMAL). A durable one syncs the log file afterwards, without the writer's
 * lock, so that commits which finish together share one fdatasync: it covers every frame written before it began.
 * Frames that a checkpoint moved meanwhile are on disk already: SQLite syncs both files then. */
#include "dist/meta_driver.h"

#include "common/clock.h"
#include "dist/meta_wal.h"
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUSY_MS 5000
#define WAL_PAUSE_MS 20
#define COLUMNS 32
#define READERS_MAX 64

enum control { BEGIN_READ, BEGIN_WRITE, COMMIT, ROLLBACK, CONTROL_COUNT };
static const char *const control_text[CONTROL_COUNT] = {
	"BEGIN",
	"BEGIN IMMEDIATE",
	"COMMIT",
	"ROLLBACK",
};

struct conn {
	struct meta_conn base;
	sqlite3 *db;
	enum meta_mode mode; /* of the transaction that runs */
	sqlite3_stmt *stmt[SQL_COUNT];
	sqlite3_stmt *control[CONTROL_COUNT];
};

/* base is the first member. */
static struct conn *conn_of(struct meta_conn *c)
{
	assert(c->driver == &meta_sqlite);
	return (struct conn *)c;
}

struct pool {
	char *path;
	bool memory;			/* no file: everything goes through the writer */
	unsigned nreaders, max_readers; /* lock: opened, at most */
	struct conn *idle[READERS_MAX]; /* lock */
	unsigned nidle;			/* lock */
	pthread_mutex_t lock;
	pthread_cond_t freed;
	pthread_mutex_t writing; /* held from begin to commit: the transaction itself */
	struct conn *writer;	 /* writing */
	struct meta_wal wal;
};

static int fail(struct conn *c, const char *what)
{
	int code = sqlite3_errcode(c->db);

	meta_set_error("%s: %s", what, sqlite3_errmsg(c->db));
	return code == SQLITE_BUSY || code == SQLITE_LOCKED ? -EAGAIN : -EIO;
}

/* SQLite numbers ?1, not $1, and has no row locks. */
static void to_sqlite(const char *sql, char *out, size_t cap)
{
	static const char lock[] = " FOR UPDATE", of[] = " OF ";
	size_t n = 0;

	while (*sql && n + 1 < cap) {
		if (strncmp(sql, lock, sizeof(lock) - 1) == 0) {
			sql += sizeof(lock) - 1;
			if (strncmp(sql, of, sizeof(of) - 1) == 0) {
				sql += sizeof(of) - 1;
				sql += strcspn(sql, " ");
			}
			continue;
		}
		out[n++] = *sql == '$' ? '?' : *sql;
		sql++;
	}
	out[n] = '\0';
}

static int prepare(struct conn *c, const char *sql, sqlite3_stmt **out)
{
	char text[2048];

	to_sqlite(sql, text, sizeof(text));
	if (sqlite3_prepare_v3(c->db, text, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) != SQLITE_OK)
		return fail(c, text);
	return 0;
}

static int control(struct conn *c, enum control which)
{
	int rc = 0;

	if (!c->control[which])
		rc = prepare(c, control_text[which], &c->control[which]);
	if (rc < 0)
		return rc;
	if (sqlite3_step(c->control[which]) != SQLITE_DONE)
		rc = fail(c, control_text[which]);
	(void)sqlite3_reset(c->control[which]); /* repeats the step's error */
	return rc;
}

static void conn_close(struct conn *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < SQL_COUNT; i++)
		(void)sqlite3_finalize(c->stmt[i]); /* repeats the last step's error */
	for (size_t i = 0; i < CONTROL_COUNT; i++)
		(void)sqlite3_finalize(c->control[i]);
	(void)sqlite3_close(c->db); /* nothing is left open on it */
	free(c);
}

static int pragma(struct conn *c, const char *sql)
{
	if (sqlite3_exec(c->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return fail(c, sql);
	return 0;
}

/* Tried again while another program is about to do the same: SQLite does not wait for the lock by itself here. */
static int use_wal(struct conn *c)
{
	int64_t until = clock_ms() + BUSY_MS;
	int rc;

	while ((rc = pragma(c, "PRAGMA journal_mode=WAL")) == -EAGAIN && clock_ms() < until)
		(void)sqlite3_sleep(WAL_PAUSE_MS); /* what it slept does not matter */
	return rc;
}

static int conn_open(struct pool *p, bool writer, struct conn **out)
{
	struct conn *c = calloc(1, sizeof(*c));
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	int rc = -ENOMEM;

	if (!c)
		return -ENOMEM;
	c->base.driver = &meta_sqlite;
	if (sqlite3_open_v2(p->path, &c->db, flags, NULL) != SQLITE_OK) {
		meta_set_error("%s: %s", p->path, sqlite3_errmsg(c->db));
		rc = -EIO;
		goto fail;
	}
	(void)sqlite3_busy_timeout(c->db, BUSY_MS); /* cannot fail on an open handle */
	/* Small pages: a change touches six of them, and each goes into the log whole. Names still fit. */
	rc = pragma(c, writer ? "PRAGMA page_size=2048; PRAGMA cache_size=-16384"
			      : "PRAGMA cache_size=-2048");
	if (rc == 0 && writer)
		rc = use_wal(c);
	if (rc == 0)
		rc = pragma(c, "PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=8000;"
			       "PRAGMA journal_size_limit=67108864; PRAGMA temp_store=MEMORY");
	if (rc == 0 && !writer)
		rc = pragma(c, "PRAGMA query_only=ON");
	if (rc < 0)
		goto fail;
	*out = c;
	return 0;
fail:
	conn_close(c);
	return rc;
}

/* "sqlite:///abs", "sqlite:///./rel", "sqlite://rel", "sqlite::memory:" */
static const char *path_of(const char *url)
{
	const char *path = url + strlen("sqlite:");

	if (strncmp(path, "//", 2) == 0)
		path += 2;
	return strncmp(path, "/./", 3) == 0 ? path + 1 : path;
}

static void pool_close(void *pool)
{
	struct pool *p = pool;

	meta_wal_release(&p->wal);
	while (p->nidle)
		conn_close(p->idle[--p->nidle]);
	conn_close(p->writer);
	(void)pthread_mutex_destroy(&p->lock); /* nobody uses the pool any more */
	(void)pthread_mutex_destroy(&p->writing);
	(void)pthread_cond_destroy(&p->freed);
	free(p->path);
	free(p);
}

static int pool_open(const struct meta_conf *conf, void **pool, char version[META_VERSION_SIZE],
	char *error, size_t cap)
{
	struct pool *p = calloc(1, sizeof(*p));
	int rc = -ENOMEM;

	if (!p)
		return -ENOMEM;
	(void)pthread_mutex_init(&p->lock, NULL); /* default attributes cannot fail on Linux */
	(void)pthread_mutex_init(&p->writing, NULL);
	(void)pthread_cond_init(&p->freed, NULL);
	meta_wal_init(&p->wal);
	p->path = strdup(path_of(conf->url));
	if (!p->path)
		goto fail;
	p->memory = strcmp(p->path, ":memory:") == 0;
	p->max_readers = conf->connections < READERS_MAX ? conf->connections : READERS_MAX;
	(void)snprintf(version, META_VERSION_SIZE, "SQLite %s", sqlite3_libversion());
	rc = conn_open(p, true, &p->writer);
	if (rc == 0 && !p->memory)
		rc = meta_wal_attach(&p->wal, p->writer->db);
	if (rc < 0)
		goto fail;
	*pool = p;
	return 0;
fail:
	(void)snprintf(error, cap, "the database file cannot be opened: %s",
		rc == -ENOMEM ? "out of memory" : meta_error());
	pool_close(p);
	return rc;
}

static int begin_write(struct pool *p, enum meta_mode mode, struct meta_conn **out)
{
	int rc;

	(void)pthread_mutex_lock(&p->writing);
	rc = control(p->writer, mode == META_READ ? BEGIN_READ : BEGIN_WRITE);
	if (rc < 0) {
		(void)pthread_mutex_unlock(&p->writing);
		return rc;
	}
	p->writer->mode = mode;
	*out = &p->writer->base;
	return 0;
}

static void give_back(struct pool *p, struct conn *c)
{
	(void)pthread_mutex_lock(&p->lock);
	p->idle[p->nidle++] = c;
	(void)pthread_cond_signal(&p->freed);
	(void)pthread_mutex_unlock(&p->lock);
}

/* An idle reader, or a new one while there may be more; waits otherwise. */
static int take_reader(struct pool *p, struct conn **out)
{
	struct conn *c = NULL;
	int rc;

	(void)pthread_mutex_lock(&p->lock);
	while (!p->nidle && p->nreaders == p->max_readers)
		(void)pthread_cond_wait(&p->freed, &p->lock);
	if (p->nidle)
		c = p->idle[--p->nidle];
	else
		p->nreaders++;
	(void)pthread_mutex_unlock(&p->lock);
	if (c) {
		*out = c;
		return 0;
	}
	rc = conn_open(p, false, out);
	if (rc < 0) {
		(void)pthread_mutex_lock(&p->lock);
		p->nreaders--;
		(void)pthread_cond_signal(&p->freed);
		(void)pthread_mutex_unlock(&p->lock);
	}
	return rc;
}

static int pool_begin(void *pool, enum meta_mode mode, struct meta_conn **out)
{
	struct pool *p = pool;
	struct conn *c;
	int rc;

	if (mode != META_READ || p->memory)
		return begin_write(p, mode, out);
	rc = take_reader(p, &c);
	if (rc < 0)
		return rc;
	rc = control(c, BEGIN_READ);
	if (rc < 0) {
		give_back(p, c);
		return rc;
	}
	c->mode = META_READ;
	*out = &c->base;
	return 0;
}

static void end(struct pool *p, struct conn *c)
{
	if (c == p->writer)
		(void)pthread_mutex_unlock(&p->writing);
	else
		give_back(p, c);
}

static void pool_rollback(void *pool, struct meta_conn *mc)
{
	struct conn *c = conn_of(mc);

	/* After some errors SQLite has rolled back by itself. */
	if (!sqlite3_get_autocommit(c->db))
		(void)control(c, ROLLBACK); /* fails only when there is nothing to roll back */
	end(pool, c);
}

static int pool_commit(void *pool, struct meta_conn *mc)
{
	struct pool *p = pool;
	struct conn *c = conn_of(mc);
	enum meta_mode mode = c->mode;
	uint64_t number = 0;
	int rc = control(c, COMMIT);

	if (rc < 0) {
		pool_rollback(pool, mc);
		return rc;
	}
	if (mode != META_READ)
		number = meta_wal_committed(&p->wal);
	end(p, c);
	return mode == META_DURABLE ? meta_wal_sync(&p->wal, number) : 0;
}

static void bind(sqlite3_stmt *s, int i, const struct meta_value *v)
{
	/* Fails on a wrong index or too long a value alone: the step then misses it and fails. */
	switch (v->type) {
	case META_INT:
		(void)sqlite3_bind_int64(s, i, v->number);
		break;
	case META_TEXT:
		(void)sqlite3_bind_text(s, i, v->data, (int)v->len, SQLITE_STATIC);
		break;
	case META_BYTES:
		(void)sqlite3_bind_blob(s, i, v->len ? v->data : "", (int)v->len, SQLITE_STATIC);
		break;
	case META_NULL:
		(void)sqlite3_bind_null(s, i);
		break;
	}
}

static struct meta_value column(sqlite3_stmt *s, int i)
{
	switch (sqlite3_column_type(s, i)) {
	case SQLITE_INTEGER:
		return V_INT(sqlite3_column_int64(s, i));
	case SQLITE_TEXT:
		return (struct meta_value){ .type = META_TEXT,
			.data = (const char *)sqlite3_column_text(s, i),
			.len = (size_t)sqlite3_column_bytes(s, i) };
	case SQLITE_BLOB:
		return (struct meta_value){ .type = META_BYTES,
			.data = sqlite3_column_blob(s, i),
			.len = (size_t)sqlite3_column_bytes(s, i) };
	default:
		return V_NULL;
	}
}

/* Steps to the end, or until the callback has enough. */
static int deliver(struct conn *c, sqlite3_stmt *s, meta_row_fn row, void *arg)
{
	struct meta_value col[COLUMNS];
	int ncol = sqlite3_column_count(s), rows = 0, rc;

	assert(ncol <= COLUMNS);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		rows++;
		if (!row)
			continue;
		for (int i = 0; i < ncol; i++)
			col[i] = column(s, i);
		rc = row(arg, col, (size_t)ncol);
		if (rc < 0)
			return rc;
		if (rc > 0)
			return rows;
	}
	if (rc != SQLITE_DONE)
		return fail(c, sqlite3_sql(s));
	return ncol ? rows : sqlite3_changes(c->db);
}

static int exec(struct meta_conn *mc, enum sql_id id, const struct meta_value *args, size_t nargs,
	meta_row_fn row, void *arg)
{
	struct conn *c = conn_of(mc);
	sqlite3_stmt *s;
	int rc = 0;

	if (!c->stmt[id])
		rc = prepare(c, sql_text[id], &c->stmt[id]);
	if (rc < 0)
		return rc;
	s = c->stmt[id];
	assert((size_t)sqlite3_bind_parameter_count(s) == nargs);
	for (size_t i = 0; i < nargs; i++)
		bind(s, (int)i + 1, &args[i]);
	rc = deliver(c, s, row, arg);
	(void)sqlite3_reset(s); /* repeats the step's error */
	return rc;
}

static int script(struct meta_conn *mc, const char *sql)
{
	return pragma(conn_of(mc), sql);
}

static int pool_sync(void *pool)
{
	struct pool *p = pool;

	return meta_wal_sync(&p->wal, meta_wal_last(&p->wal));
}

static const char *const tokens[][2] = {
	{ "@POSTGRES@", NULL },
	{ "@INODE_ID@", "INTEGER PRIMARY KEY AUTOINCREMENT" },
	{ "@CONTENT_ID@", "INTEGER PRIMARY KEY" },
	{ "@SERIAL@", "INTEGER PRIMARY KEY AUTOINCREMENT" },
	{ "@BYTES@", "BLOB" },
	{ "@TIME@", "TEXT" },
	{ "@NOW@", "(strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000+00:00')" },
	{ "@NOW_NS@", "(CAST(strftime('%s', 'now') AS INTEGER) * 1000000000)" },
	{ "@CLUSTERED@", "WITHOUT ROWID" },
	{ NULL, NULL },
};

const struct meta_driver meta_sqlite = {
	.name = "sqlite",
	.open = pool_open,
	.close = pool_close,
	.begin = pool_begin, /* IMMEDIATE, which is the only lock there is */
	.commit = pool_commit,
	.rollback = pool_rollback,
	.exec = exec,
	.script = script,
	.sync = pool_sync,
	.tokens = tokens,
};
