#include "dist/meta.h"

#include "common/clock.h"
#include "common/origin.h"
#include "common/request_id.h"
#include "dist/changes.h"
#include "dist/meta_counts.h"
#include "dist/meta_driver.h"
#include "dist/meta_migrate.h"
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TRIES 40       /* of one transaction; with the pauses about two seconds of conflicts */
#define TRIES_MS 10000 /* when each of them waits long for a lock */

struct meta {
	const struct meta_driver *driver;
	void *pool;
	char version[META_VERSION_SIZE];
	atomic_uint_fast64_t committed; /* META_WRITE commits */
	atomic_uint_fast64_t durable;	/* of these, how many are known to be on disk */
	struct meta_counts counts;
	void (*on_change)(void *arg, const struct changes *changes); /* NULL: nobody asks */
	void *on_change_arg;
	char *url;
	char self[REQUEST_ID_TEXT]; /* among the programs on this database */
	_Atomic bool tells;
};

struct meta_tx {
	const struct meta_driver *driver;
	struct meta_conn *conn;
	int failed; /* the first driver error, which the function may not outlive; or 0 */
	bool told;  /* somebody asks for changes */
	struct changes changes;
};

static _Thread_local char error_text[512];

void meta_set_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(error_text, sizeof(error_text), fmt, ap); /* cut is good enough */
	va_end(ap);
}

const char *meta_error(void)
{
	return error_text;
}

struct meta_value meta_text(const char *s)
{
	if (!s)
		return V_NULL;
	return (struct meta_value){ .type = META_TEXT, .data = s, .len = strlen(s) };
}

static const struct meta_driver *driver_of(const char *url)
{
	if (strncmp(url, "sqlite:", 7) == 0)
		return &meta_sqlite;
	if (strncmp(url, "postgresql://", 13) == 0 || strncmp(url, "postgres://", 11) == 0)
		return &meta_pg;
	return NULL;
}

int meta_open(const struct meta_conf *conf, struct meta **out, char *error, size_t cap)
{
	struct meta_conf c = *conf;
	struct meta *m = calloc(1, sizeof(*m));
	int rc = -ENOMEM;

	if (!m) {
		(void)snprintf(error, cap, "out of memory");
		goto fail;
	}
	if (!c.connections)
		c.connections = 8;
	request_id_new(m->self);
	m->url = strdup(c.url);
	if (!m->url) {
		(void)snprintf(error, cap, "out of memory");
		goto fail;
	}
	m->driver = driver_of(c.url);
	if (!m->driver) {
		(void)snprintf(error, cap,
			"the database URL must begin with postgresql://, postgres:// or "
			"sqlite:///");
		rc = -EINVAL;
		goto fail;
	}
	rc = m->driver->open(&c, &m->pool, m->version, error, cap);
	if (rc < 0)
		goto fail;
	rc = meta_migrate(m->driver, m->pool, error, cap);
	if (rc < 0)
		goto fail;
	*out = m;
	return 0;
fail:
	meta_close(&m);
	return rc;
}

void meta_close(struct meta **m)
{
	if (!*m)
		return;
	if ((*m)->pool)
		(*m)->driver->close((*m)->pool);
	free((*m)->url);
	free(*m);
	*m = NULL;
}

const char *meta_name(const struct meta *m)
{
	return m->version;
}

/* Two transactions that ran into each other must not do so again in step. */
static void pause_randomly(int tries)
{
	static _Thread_local unsigned seed;
	long most = 1000L * (tries < 6 ? 1L << tries : 64); /* us */

	if (!seed)
		seed = (unsigned)clock_real_ns() ^ (unsigned)(uintptr_t)&seed;
	struct timespec t = { .tv_nsec = 1000L * (rand_r(&seed) % most) };
	(void)nanosleep(&t, NULL); /* woken early is fine */
}

static void durable_up_to(struct meta *m, uint_fast64_t n)
{
	uint_fast64_t seen = atomic_load(&m->durable);

	while (seen < n && !atomic_compare_exchange_weak(&m->durable, &seen, n))
		;
}

/* What the transaction changed, in pieces. */
static int tell_others(struct meta *m, struct meta_tx *tx)
{
	const char *origin = origin_get()[0] ? origin_get() : "-";
	struct buf text = BUF_INIT;
	size_t at = 0;
	int rc = 0;

	while (rc == 0 && changes_any(&tx->changes) && at <= tx->changes.n) {
		buf_clear(&text);
		buf_addf(&text, "%s %s ", m->self, origin);
		at = changes_part(&tx->changes, at, META_NOTICE, &text);
		rc = buf_error(&text);
		if (rc == 0)
			rc = m->driver->notify(tx->conn, buf_str(&text));
	}
	buf_release(&text);
	return rc;
}

static int try_once(
	struct meta *m, enum meta_mode mode, int (*fn)(struct meta_tx *tx, void *arg), void *arg)
{
	struct meta_tx tx = { .driver = m->driver, .told = m->on_change && mode != META_READ };
	uint_fast64_t before = atomic_load(&m->committed);
	int result;
	int rc = m->driver->begin(m->pool, mode, &tx.conn);

	if (rc < 0)
		return rc;
	result = fn(&tx, arg);
	if (tx.failed)
		result = tx.failed;
	if (result >= 0 && m->driver->notify && atomic_load(&m->tells)) {
		rc = tell_others(m, &tx);
		result = rc < 0 ? rc : result;
	}
	if (result < 0) {
		m->driver->rollback(m->pool, tx.conn);
		changes_release(&tx.changes);
		return result;
	}
	rc = m->driver->commit(m->pool, tx.conn);
	if (changes_any(&tx.changes)) /* also when it failed: it may have been done */
		m->on_change(m->on_change_arg, &tx.changes);
	changes_release(&tx.changes);
	if (rc < 0)
		return rc;
	if (mode == META_WRITE)
		atomic_fetch_add(&m->committed, 1);
	else if (mode == META_DURABLE)
		durable_up_to(m, before);
	return result;
}

int meta_run(
	struct meta *m, enum meta_mode mode, int (*fn)(struct meta_tx *tx, void *arg), void *arg)
{
	int64_t began = clock_ns(), end = clock_ms() + TRIES_MS;
	int tries = 0, rc = -EAGAIN;

	while (rc == -EAGAIN && tries < TRIES && clock_ms() < end) {
		rc = try_once(m, mode, fn, arg);
		if (rc == -EAGAIN)
			pause_randomly(tries);
		tries++;
	}
	if (rc == -EAGAIN)
		rc = -EIO;
	meta_counts_note(&m->counts, mode, rc, clock_ns() - began, (unsigned)tries);
	return rc;
}

void meta_metrics(const struct meta *m, struct buf *out)
{
	meta_counts_text(&m->counts, out);
}

static int note(struct meta_tx *tx, int rc)
{
	if ((rc == -EAGAIN || rc == -EIO) && !tx->failed)
		tx->failed = rc;
	return rc;
}

/* A row on its way to who asked for it. */
struct passing {
	struct meta_tx *tx;
	enum sql_id id;
	meta_row_fn row; /* NULL: nobody did */
	void *arg;
};

static int pass_row(void *arg, const struct meta_value *col, size_t ncol)
{
	const struct passing *p = arg;

	changes_row(&p->tx->changes, p->id, col, ncol);
	return p->row ? p->row(p->arg, col, ncol) : 0;
}

int meta_exec(struct meta_tx *tx, enum sql_id id, const struct meta_value *args, size_t nargs,
	meta_row_fn row, void *arg)
{
	struct passing p = { tx, id, row, arg };

	if (tx->told)
		changes_note(&tx->changes, id, args, nargs);
	if (tx->told && sql_touches[id].rows)
		return note(tx, tx->driver->exec(tx->conn, id, args, nargs, pass_row, &p));
	return note(tx, tx->driver->exec(tx->conn, id, args, nargs, row, arg));
}

int meta_post(struct meta_tx *tx, enum sql_id id, const struct meta_value *args, size_t nargs,
	meta_row_fn row, void *arg)
{
	int rc;

	if (tx->driver->post && !sql_touches[id].rows) {
		if (tx->told)
			changes_note(&tx->changes, id, args, nargs);
		return note(tx, tx->driver->post(tx->conn, id, args, nargs, row, arg));
	}
	rc = meta_exec(tx, id, args, nargs, row, arg);
	return rc < 0 ? rc : 0;
}

int meta_again(struct meta_tx *tx)
{
	meta_set_error("rows changed while they were looked at");
	return note(tx, -EAGAIN);
}

struct keeper {
	struct meta_value *out;
	size_t n;
	struct buf *keep;
};

/* Copies a row; texts go into keep, and are pointed to once it has stopped moving. */
static int keep_row(void *arg, const struct meta_value *col, size_t ncol)
{
	struct keeper *k = arg;
	size_t n = k->n < ncol ? k->n : ncol, pos = 0;

	for (size_t i = 0; i < n; i++) {
		k->out[i] = col[i];
		if (col[i].type == META_TEXT || col[i].type == META_BYTES) {
			buf_add(k->keep, col[i].data, col[i].len);
			buf_add(k->keep, "", 1);
		}
	}
	for (size_t i = n; i < k->n; i++)
		k->out[i] = V_NULL;
	if (buf_error(k->keep))
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (k->out[i].type != META_TEXT && k->out[i].type != META_BYTES)
			continue;
		k->out[i].data = k->keep->data + pos;
		pos += k->out[i].len + 1;
	}
	return 1;
}

int meta_get(struct meta_tx *tx, enum sql_id id, const struct meta_value *args, size_t nargs,
	struct meta_value *out, size_t n, struct buf *keep)
{
	struct keeper k = { .out = out, .n = n, .keep = keep };

	buf_clear(keep);
	return meta_exec(tx, id, args, nargs, keep_row, &k);
}

void meta_on_change(struct meta *m, void (*fn)(void *arg, const struct changes *changes), void *arg)
{
	m->on_change = fn;
	m->on_change_arg = arg;
}

bool meta_is_shared(const struct meta *m)
{
	return m->driver->notify;
}

void meta_tell_others(struct meta *m, bool on)
{
	atomic_store(&m->tells, on);
}

bool meta_is_self(const struct meta *m, const char *who, size_t len)
{
	return len == strlen(m->self) && memcmp(who, m->self, len) == 0;
}

const char *meta_url(const struct meta *m)
{
	return m->url;
}

int meta_sync(struct meta *m)
{
	uint_fast64_t want = atomic_load(&m->committed);
	int rc;

	if (atomic_load(&m->durable) >= want)
		return 0;
	rc = m->driver->sync(m->pool);
	if (rc < 0)
		return rc;
	durable_up_to(m, want);
	return 0;
}
