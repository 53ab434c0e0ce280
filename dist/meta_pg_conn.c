#include "dist/meta_pg_conn.h"

#include "common/clock.h"
#include "dist/meta_pg_listen.h"
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OID_BOOL 16
#define OID_BYTEA 17
#define OID_INT8 20
#define OID_INT2 21
#define OID_INT4 23
#define COLUMNS 32
#define PARAMS 16
#define ANSWER_MS 25000 /* past statement_timeout: the server is not there any more */

static const char *const control_text[] = {
	[PG_BEGIN - SQL_COUNT] = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
	[PG_BEGIN_READ - SQL_COUNT] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
	[PG_ASYNC - SQL_COUNT] = "SET LOCAL synchronous_commit TO off",
	[PG_COMMIT - SQL_COUNT] = "COMMIT",
	[PG_ROLLBACK - SQL_COUNT] = "ROLLBACK",
	[PG_NOTIFY - SQL_COUNT] = ("SELECT pg_notify('" PG_CHANNEL "', $1)"),
};

/* Plans must not depend on statistics, which a young database lacks: every statement is served by an index, so the
 * planner is told to use them. Deadlocks are rare and run again: a superuser's are found sooner than in a second. */
static const char settings[] =
	"SELECT set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO', false),"
	" set_config('bytea_output', 'hex', false), set_config('statement_timeout', '20s', false),"
	" set_config('lock_timeout', '5s', false),"
	" set_config('idle_in_transaction_session_timeout', '60s', false),"
	" set_config('plan_cache_mode', 'force_generic_plan', false),"
	" set_config('enable_seqscan', 'off', false), set_config('enable_hashjoin', 'off', false),"
	" set_config('enable_mergejoin', 'off', false),"
	" set_config('enable_bitmapscan', 'off', false), set_config('jit', 'off', false),"
	" CASE WHEN (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"
	" THEN set_config('deadlock_timeout', '50ms', false) END";

static void no_notice(void *arg, const PGresult *res)
{
	(void)arg;
	(void)res; /* "relation already exists, skipping" is no news */
}

static int lost(struct pg_link *c, const char *why)
{
	c->broken = true;
	meta_set_error("connection to PostgreSQL lost: %.300s", why);
	return -EAGAIN;
}

void pg_close(struct pg_link **c)
{
	if (!*c)
		return;
	PQfinish((*c)->pg);
	buf_release(&(*c)->bytes);
	free(*c);
	*c = NULL;
}

static int set_up(struct pg_link *c)
{
	int rc;

	if (PQsetnonblocking(c->pg, 1) < 0 || !PQenterPipelineMode(c->pg))
		return lost(c, PQerrorMessage(c->pg));
	c->begun = true; /* outside of any transaction */
	rc = pg_send_script(c, settings);
	if (rc == 0)
		rc = pg_settle(c);
	c->begun = false;
	return rc < 0 ? rc : 0;
}

int pg_check_version(int version)
{
	if (version >= PG_VERSION_MIN)
		return 0;
	meta_set_error("PostgreSQL %d is too old: %d or newer is needed", version / 10000,
		PG_VERSION_MIN / 10000);
	return -ENOTSUP;
}

/* libpq's own sentence about a URL that it does not understand may hold the whole of it, and so the password. */
static int check_url(const char *url)
{
	PQconninfoOption *parts = PQconninfoParse(url, NULL);

	if (!parts) {
		meta_set_error(
			"the database URL is none: postgresql://USER:PASSWORD@HOST:PORT/NAME,"
			" with %%40 for @, %%3A for :, %%2F for /, %%25 for %%");
		return -EINVAL;
	}
	PQconninfoFree(parts);
	return 0;
}

int pg_open(const char *url, struct pg_link **out)
{
	/* What stands before the URL is what it may override. */
	const char *const keys[] = { "connect_timeout", "keepalives_idle", "tcp_user_timeout",
		"fallback_application_name", "dbname", "client_encoding", NULL };
	const char *const values[] = { "2", "10", "10000", "cdn-dist", url, "UTF8", NULL };
	struct pg_link *c = calloc(1, sizeof(*c));
	int rc = -EHOSTDOWN;

	if (!c) {
		meta_set_error("out of memory");
		return rc;
	}
	c->base.driver = &meta_pg;
	rc = check_url(url);
	if (rc < 0)
		goto fail;
	rc = -EHOSTDOWN;
	c->pg = PQconnectdbParams(keys, values, 1);
	if (!c->pg || PQstatus(c->pg) != CONNECTION_OK) {
		meta_set_error("%.400s", c->pg ? PQerrorMessage(c->pg) : "out of memory");
		goto fail;
	}
	rc = pg_check_version(PQserverVersion(c->pg));
	if (rc < 0)
		goto fail;
	rc = -EHOSTDOWN;
	(void)PQsetNoticeReceiver(c->pg, no_notice, NULL); /* returns the one before */
	if (set_up(c) < 0)
		goto fail;
	*out = c;
	return 0;
fail:
	pg_close(&c);
	return rc;
}

/* sqlstate → whether the transaction may be run again, and whether the connection is good for it. */
static const struct {
	const char *prefix;
	bool again, broken;
} states[] = {
	{ "40", true, false },	  /* serialisation failure, deadlock */
	{ "55P03", true, false }, /* lock time-out */
	{ "23505", true, false }, /* somebody inserted it first: now it will be seen */
	{ "57P", true, true },	  /* the server shuts down */
	{ "08", true, true },	  /* connection */
	{ "25006", true, true },  /* a standby: the primary went elsewhere */
	{ "25P03", true, true },  /* idle in transaction */
	{ "26000", true, true },  /* prepared statements are gone (pooler) */
	{ "0A000", true, true },  /* a table changed under a prepared statement */
};

static int failure(struct pg_link *c, const PGresult *res)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

	if (!state || PQstatus(c->pg) == CONNECTION_BAD)
		return lost(c, PQresultErrorMessage(res));
	meta_set_error("PostgreSQL %s: %.400s", state, text ? text : "");
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		if (strncmp(state, states[i].prefix, strlen(states[i].prefix)) != 0)
			continue;
		if (c->mode == META_READ && strcmp(states[i].prefix, "25006") == 0)
			return -EIO; /* a change in a reader is a mistake of ours */
		c->broken |= states[i].broken;
		return states[i].again ? -EAGAIN : -EIO;
	}
	return -EIO;
}

static struct pg_pending *push(struct pg_link *c, unsigned statement)
{
	assert(c->nqueue < PG_QUEUE);
	c->queue[c->nqueue] = (struct pg_pending){ .statement = statement };
	return &c->queue[c->nqueue++];
}

/* Leaves room for one statement and all that it may drag along. */
static int make_room(struct pg_link *c)
{
	int rc;

	if (c->broken)
		return -EAGAIN;
	if (c->nqueue + 10 < PG_QUEUE)
		return 0;
	rc = pg_settle(c);
	return rc < 0 ? rc : 0;
}

static const char *text_of(unsigned statement)
{
	return statement < SQL_COUNT ? sql_text[statement] : control_text[statement - SQL_COUNT];
}

/* Arguments as libpq wants them. Numbers travel as text. */
struct params {
	const char *value[PARAMS];
	int length[PARAMS], format[PARAMS];
	char number[PARAMS][24];
};

static void convert(struct params *p, const struct meta_value *args, size_t nargs)
{
	assert(nargs <= PARAMS);
	for (size_t i = 0; i < nargs; i++) {
		p->length[i] = (int)args[i].len;
		p->format[i] = args[i].type == META_BYTES;
		p->value[i] = args[i].type == META_NULL ? NULL : args[i].data;
		if (args[i].type == META_BYTES && !args[i].len)
			p->value[i] = "";
		if (args[i].type == META_INT) {
			(void)snprintf(p->number[i], sizeof(p->number[i]), "%lld",
				(long long)args[i].number);
			p->value[i] = p->number[i];
		}
	}
}

static int send_prepared(struct pg_link *c, unsigned statement, const struct params *p,
	size_t nargs, meta_row_fn row, void *arg)
{
	struct pg_pending *pending;
	char name[16];

	(void)snprintf(name, sizeof(name), "s%u", statement);
	if (!c->prepared[statement]) {
		if (!PQsendPrepare(c->pg, name, text_of(statement), 0, NULL))
			return lost(c, PQerrorMessage(c->pg));
		push(c, PG_PREPARE)->prepares = statement;
		c->prepared[statement] = true;
	}
	if (!PQsendQueryPrepared(c->pg, name, (int)nargs, nargs ? p->value : NULL,
		    nargs ? p->length : NULL, nargs ? p->format : NULL, 0))
		return lost(c, PQerrorMessage(c->pg));
	pending = push(c, statement);
	pending->row = row;
	pending->arg = arg;
	return 0;
}

/* BEGIN goes out with the first statement. */
static int begin_lazily(struct pg_link *c)
{
	unsigned how = c->mode == META_READ ? PG_BEGIN_READ : PG_BEGIN;
	int rc;

	if (c->begun)
		return 0;
	c->begun = true;
	rc = send_prepared(c, how, NULL, 0, NULL, NULL);
	if (rc == 0 && c->mode == META_WRITE)
		rc = send_prepared(c, PG_ASYNC, NULL, 0, NULL, NULL);
	return rc;
}

int pg_send(struct pg_link *c, unsigned statement, const struct meta_value *args, size_t nargs,
	meta_row_fn row, void *arg)
{
	struct params p;
	int rc = make_room(c);

	if (rc == 0)
		rc = begin_lazily(c);
	if (rc < 0)
		return rc;
	convert(&p, args, nargs);
	return send_prepared(c, statement, &p, nargs, row, arg);
}

int pg_send_script(struct pg_link *c, const char *sql)
{
	int rc = make_room(c);

	if (rc == 0)
		rc = begin_lazily(c);
	if (rc < 0)
		return rc;
	if (!PQsendQueryParams(c->pg, sql, 0, NULL, NULL, NULL, NULL, 0))
		return lost(c, PQerrorMessage(c->pg));
	(void)push(c, PG_SCRIPT); /* no rows are wanted */
	return 0;
}

int pg_sync_point(struct pg_link *c)
{
	if (c->broken)
		return -EAGAIN;
	if (!PQpipelineSync(c->pg) || PQflush(c->pg) < 0)
		return lost(c, PQerrorMessage(c->pg));
	(void)push(c, PG_SYNC);
	return 0;
}

/* The next result, or NULL at the end of a statement's. broken is set when none can come any more. */
static PGresult *next(struct pg_link *c, int64_t deadline)
{
	while (PQisBusy(c->pg)) {
		int unsent = PQflush(c->pg);
		struct pollfd fd = { .fd = PQsocket(c->pg),
			.events = unsent > 0 ? POLLIN | POLLOUT : POLLIN };
		int64_t left = deadline - clock_ms();

		if (left <= 0) {
			(void)lost(c, "no answer in time");
			return NULL;
		}
		if (poll(&fd, 1, (int)left) < 0 && errno != EINTR) {
			(void)lost(c, strerror(errno));
			return NULL;
		}
		if (!PQconsumeInput(c->pg)) {
			(void)lost(c, PQerrorMessage(c->pg));
			return NULL;
		}
	}
	return PQgetResult(c->pg);
}

static int digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* "\x00ff" into the row's bytes, which have room. */
static struct meta_value decode(struct buf *bytes, const char *hex, size_t len)
{
	char *start = bytes->data + bytes->len;
	size_t n = 0;

	for (size_t i = 2; i + 1 < len; i += 2)
		start[n++] = (char)(digit(hex[i]) << 4 | digit(hex[i + 1]));
	bytes->len += n;
	return V_BYTES(start, n);
}

static struct meta_value column(struct buf *bytes, const PGresult *res, int row, int i)
{
	const char *text = PQgetvalue(res, row, i);
	size_t len = (size_t)PQgetlength(res, row, i);

	if (PQgetisnull(res, row, i))
		return V_NULL;
	switch (PQftype(res, i)) {
	case OID_INT2:
	case OID_INT4:
	case OID_INT8:
		return V_INT(strtoll(text, NULL, 10));
	case OID_BYTEA:
		return decode(bytes, text, len);
	default:
		return (struct meta_value){ .type = META_TEXT, .data = text, .len = len };
	}
}

static int deliver(struct pg_link *c, const PGresult *res, const struct pg_pending *p)
{
	struct meta_value col[COLUMNS];
	int rows = PQntuples(res), ncol = PQnfields(res);

	if (!p->row || p->old)
		return rows;
	assert(ncol <= COLUMNS);
	for (int r = 0; r < rows; r++) {
		size_t most = 1;
		int rc;

		buf_clear(&c->bytes);
		for (int i = 0; i < ncol; i++)
			most += (size_t)PQgetlength(res, r, i);
		if (buf_reserve(&c->bytes, most) < 0)
			return -ENOMEM;
		for (int i = 0; i < ncol; i++)
			col[i] = column(&c->bytes, res, r, i);
		rc = p->row(p->arg, col, (size_t)ncol);
		if (rc < 0)
			return rc;
		if (rc > 0)
			return r + 1;
	}
	return rows;
}

/* What one result means: a count or an error. `dead`: an error came before, rows are wanted no more. */
static int judge(struct pg_link *c, const PGresult *res, const struct pg_pending *p, bool dead)
{
	switch (PQresultStatus(res)) {
	case PGRES_TUPLES_OK:
		return dead ? 0 : deliver(c, res, p);
	case PGRES_COMMAND_OK:
		if (p->statement == PG_COMMIT &&
			strcmp(PQcmdStatus((PGresult *)res), "COMMIT") != 0)
			return -EAGAIN; /* it was rolled back: a failure was overlooked */
		return atoi(PQcmdTuples((PGresult *)res));
	case PGRES_PIPELINE_SYNC:
		return 0;
	case PGRES_PIPELINE_ABORTED:
		if (p->statement == PG_PREPARE)
			c->prepared[p->prepares] = false;
		return dead || p->old ? 0 : -EIO;
	default:
		if (p->statement == PG_PREPARE)
			c->prepared[p->prepares] = false;
		return failure(c, res);
	}
}

static int read_one(struct pg_link *c, const struct pg_pending *p, int64_t deadline, bool dead)
{
	PGresult *res = next(c, deadline);
	int rc;

	if (!res)
		return c->broken ? -EAGAIN : lost(c, "a result is missing");
	rc = judge(c, res, p, dead);
	PQclear(res);
	if (p->statement == PG_SYNC || c->broken)
		return rc;
	res = next(c, deadline);
	if (res) {
		PQclear(res);
		return lost(c, "more results than statements");
	}
	return c->broken ? -EAGAIN : rc;
}

int pg_settle(struct pg_link *c)
{
	int64_t deadline = clock_ms() + ANSWER_MS;
	int error = pg_sync_point(c), count = 0;

	for (size_t i = 0; i < c->nqueue && !c->broken; i++) {
		const struct pg_pending *p = &c->queue[i];
		int rc = read_one(c, p, deadline, error < 0);

		if (rc < 0 && p->old)
			c->broken = true; /* COMMIT or ROLLBACK failed: who knows what runs there */
		if (rc < 0 && error == 0)
			error = c->broken ? -EAGAIN : rc;
		if (p->statement != PG_SYNC)
			count = rc;
	}
	c->nqueue = 0;
	return error < 0 ? error : count;
}
