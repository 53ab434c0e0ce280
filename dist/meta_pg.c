/* PostgreSQL: a bounded pool of pipelined connections.
 *
 * A transaction's BEGIN travels with its first statement, and the COMMIT of a reader or a ROLLBACK is not waited for. So a
 * read costs one round trip, a change as many as it has meta_exec calls, and one for its COMMIT with all posted ones. */
#include "dist/meta_driver.h"

#include "common/clock.h"
#include "dist/meta_pg_conn.h"
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS_MAX 64
#define DOWN_MS 200   /* after a failed connect nobody tries again for so long */
#define WAIT_MS 10000 /* for a connection that others use */

struct pool {
	char *url;
	unsigned max;
	pthread_mutex_t lock;
	pthread_cond_t freed;
	struct pg_link *idle[CONNECTIONS_MAX]; /* lock */
	unsigned nidle, nopen;		       /* lock */
	unsigned generation;		       /* lock: grows with each connection that breaks */
	int64_t down_until;		       /* lock, ms */
};

static void drop(struct pool *p, struct pg_link *c)
{
	(void)pthread_mutex_lock(&p->lock);
	p->nopen--;
	if (c->generation == p->generation)
		p->generation++; /* the server may be gone: its other connections are too */
	(void)pthread_cond_signal(&p->freed);
	(void)pthread_mutex_unlock(&p->lock);
	pg_close(&c);
}

static void give_back(struct pool *p, struct pg_link *c)
{
	if (c->broken) {
		drop(p, c);
		return;
	}
	c->begun = false;
	for (size_t i = 0; i < c->nqueue; i++)
		c->queue[i].old = true;
	(void)pthread_mutex_lock(&p->lock);
	p->idle[p->nidle++] = c;
	(void)pthread_cond_signal(&p->freed);
	(void)pthread_mutex_unlock(&p->lock);
}

/* Waits until a connection is idle or another may be opened. */
static int wait_for_room_locked(struct pool *p)
{
	int64_t until = clock_ms() + WAIT_MS;
	int rc = 0;

	while (rc == 0 && !p->nidle && p->nopen == p->max)
		rc = clock_wait(&p->freed, &p->lock, until);
	if (!p->nidle && p->nopen == p->max) {
		meta_set_error("all %u connections to PostgreSQL are busy", p->max);
		return -EHOSTDOWN;
	}
	return 0;
}

/* An idle connection; *out stays NULL when the caller shall open one (it is counted already). */
static int take_locked(struct pool *p, struct pg_link **out, struct pg_link **stale)
{
	int rc = wait_for_room_locked(p);

	if (rc < 0)
		return rc;
	if (!p->nidle) {
		if (clock_ms() < p->down_until) {
			meta_set_error("PostgreSQL could not be reached a moment ago");
			return -EHOSTDOWN;
		}
		p->nopen++;
		return 0;
	}
	*out = p->idle[--p->nidle];
	if ((*out)->generation != p->generation) {
		*stale = *out;
		*out = NULL;
	}
	return 0;
}

static int connect_new(struct pool *p, unsigned generation, struct pg_link **out)
{
	int rc = pg_open(p->url, out);

	if (rc == 0) {
		(*out)->generation = generation;
		return 0;
	}
	(void)pthread_mutex_lock(&p->lock);
	p->nopen--;
	p->down_until = clock_ms() + DOWN_MS;
	(void)pthread_cond_signal(&p->freed);
	(void)pthread_mutex_unlock(&p->lock);
	return rc;
}

static int take(struct pool *p, struct pg_link **out)
{
	struct pg_link *stale = NULL;
	unsigned generation;
	int rc;

	*out = NULL;
	(void)pthread_mutex_lock(&p->lock);
	rc = take_locked(p, out, &stale);
	generation = p->generation;
	(void)pthread_mutex_unlock(&p->lock);
	pg_close(&stale); /* its place goes to the new one */
	if (rc < 0 || *out)
		return rc;
	return connect_new(p, generation, out);
}

static int pool_begin(void *pool, enum meta_mode mode, struct meta_conn **out)
{
	struct pg_link *c;
	int rc = take(pool, &c);

	if (rc < 0)
		return rc;
	c->mode = mode;
	*out = &c->base;
	return 0;
}

/* base is the first member. */
static struct pg_link *conn_of(struct meta_conn *c)
{
	assert(c->driver == &meta_pg);
	return (struct pg_link *)c;
}

/* Sends the last word of a transaction without waiting for the answer. */
static void end_without_waiting(struct pg_link *c, unsigned how)
{
	if (c->begun && !c->broken && pg_send(c, how, NULL, 0, NULL, NULL) == 0)
		(void)pg_sync_point(c); /* a failure marks the connection as broken */
}

static void pool_rollback(void *pool, struct meta_conn *mc)
{
	struct pg_link *c = conn_of(mc);

	/* What was posted and not settled may point into a function that has returned. */
	for (size_t i = 0; i < c->nqueue; i++)
		c->queue[i].old = true;
	if (c->nqueue)
		c->broken |= pg_sync_point(c) < 0;
	end_without_waiting(c, PG_ROLLBACK);
	give_back(pool, c);
}

static int pool_commit(void *pool, struct meta_conn *mc)
{
	struct pg_link *c = conn_of(mc);
	int rc = 0;

	if (c->mode == META_READ) {
		end_without_waiting(c, PG_COMMIT);
		give_back(pool, c);
		return 0;
	}
	if (c->begun) {
		rc = pg_send(c, PG_COMMIT, NULL, 0, NULL, NULL);
		if (rc == 0)
			rc = pg_settle(c);
	}
	if (rc < 0) {
		pool_rollback(pool, mc);
		return rc;
	}
	give_back(pool, c);
	return 0;
}

static int exec(struct meta_conn *mc, enum sql_id id, const struct meta_value *args, size_t nargs,
	meta_row_fn row, void *arg)
{
	struct pg_link *c = conn_of(mc);
	int rc = pg_send(c, id, args, nargs, row, arg);

	return rc < 0 ? rc : pg_settle(c);
}

static int post(struct meta_conn *mc, enum sql_id id, const struct meta_value *args, size_t nargs,
	meta_row_fn row, void *arg)
{
	return pg_send(conn_of(mc), id, args, nargs, row, arg);
}

static int script(struct meta_conn *mc, const char *sql)
{
	struct pg_link *c = conn_of(mc);
	int rc = pg_send_script(c, sql);

	if (rc == 0)
		rc = pg_settle(c);
	return rc < 0 ? rc : 0;
}

static int notify(struct meta_conn *mc, const char *text)
{
	const struct meta_value arg = V_TEXT(text);

	return pg_send(conn_of(mc), PG_NOTIFY, &arg, 1, NULL, NULL);
}

static int lock_schema(struct meta_conn *mc)
{
	return script(mc, "SELECT pg_advisory_xact_lock(7163562)");
}

/* A commit that waits for the disk takes all before it along. */
static int pool_sync(void *pool)
{
	struct meta_conn *c;
	int rc = pool_begin(pool, META_DURABLE, &c);

	if (rc < 0)
		return rc;
	rc = exec(c, SQL_MUTEX_TOUCH, NULL, 0, NULL, NULL);
	if (rc < 0) {
		pool_rollback(pool, c);
		return rc;
	}
	return pool_commit(pool, c);
}

static void pool_close(void *pool)
{
	struct pool *p = pool;

	while (p->nidle)
		pg_close(&p->idle[--p->nidle]);
	(void)pthread_mutex_destroy(&p->lock); /* nobody uses the pool any more */
	(void)pthread_cond_destroy(&p->freed);
	free(p->url);
	free(p);
}

/* The first connection shows whether there is a server, and which. */
static int look(struct pool *p, char version[META_VERSION_SIZE])
{
	struct pg_link *c;
	const char *number;
	int rc = take(p, &c);

	if (rc < 0)
		return rc;
	number = PQparameterStatus(c->pg, "server_version");
	(void)snprintf(version, META_VERSION_SIZE, "PostgreSQL %.*s",
		number ? (int)strcspn(number, " ") : 1, number ? number : "?");
	give_back(p, c);
	return 0;
}

static int pool_open(const struct meta_conf *conf, void **pool, char version[META_VERSION_SIZE],
	char *error, size_t cap)
{
	struct pool *p = calloc(1, sizeof(*p));
	int rc = -ENOMEM;

	if (!p)
		return -ENOMEM;
	(void)pthread_mutex_init(&p->lock, NULL); /* default attributes cannot fail on Linux */
	clock_cond_init(&p->freed);
	p->max = conf->connections < CONNECTIONS_MAX ? conf->connections : CONNECTIONS_MAX;
	p->url = strdup(conf->url);
	if (!p->url)
		goto fail;
	rc = look(p, version);
	if (rc < 0)
		goto fail;
	*pool = p;
	return 0;
fail:
	(void)snprintf(error, cap, "the database cannot be reached: %s",
		rc == -ENOMEM ? "out of memory" : meta_error());
	pool_close(p);
	return rc;
}

static const char *const tokens[][2] = {
	{ "@POSTGRES@", "" },
	{ "@INODE_ID@", "BIGINT PRIMARY KEY DEFAULT nextval('inode_id')" },
	{ "@CONTENT_ID@", "BIGINT PRIMARY KEY DEFAULT nextval('inode_id')" },
	{ "@SERIAL@", "BIGINT PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY" },
	{ "@BYTES@", "BYTEA" },
	{ "@TIME@", "TIMESTAMP WITH TIME ZONE" },
	{ "@NOW@", "now()" },
	{ "@NOW_NS@", "(CAST(extract(epoch FROM now()) * 1000000 AS BIGINT) * 1000)" },
	{ "@CLUSTERED@", "" },
	{ NULL, NULL },
};

const struct meta_driver meta_pg = {
	.name = "postgresql",
	.open = pool_open,
	.close = pool_close,
	.begin = pool_begin,
	.lock = lock_schema,
	.commit = pool_commit,
	.rollback = pool_rollback,
	.exec = exec,
	.post = post,
	.script = script,
	.sync = pool_sync,
	.notify = notify,
	.tokens = tokens,
};
