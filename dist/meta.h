/* meta - the database behind one small interface: transactions and prepared statements. Two drivers, PostgreSQL
 * (libpq) and SQLite, run the same SQL from sql.c; what differs is in the drivers and in the tokens of schema/.
 *
 * Transactions are functions, so that they can be run again: after a serialisation failure, a deadlock or a lost
 * connection meta_run() starts over. The function must therefore reset whatever it filled in. */
#ifndef DIST_META_H
#define DIST_META_H

#include "common/buf.h"
#include "dist/sql.h"
#include <stdbool.h>
#include <stdint.h>

struct meta;
struct meta_tx;

enum meta_mode {
	META_READ, /* one snapshot, no changes */
	META_WRITE, /* survives the death of any process; may be lost to a power cut within a second */
	META_DURABLE /* on disk when meta_run returns */
};

/* A value of a statement's parameter or of a result's column. */
enum meta_type { META_NULL, META_INT, META_TEXT, META_BYTES };
struct meta_value {
	enum meta_type type;
	int64_t number;
	const char *
		data; /* TEXT (NUL-terminated too) and BYTES; in results valid until the next step */
	size_t len;
};
#define V_NULL ((struct meta_value){ .type = META_NULL })
#define V_INT(n) ((struct meta_value){ .type = META_INT, .number = (int64_t)(n) })
#define V_TEXT(s) meta_text(s)
#define V_BYTES(p, l) ((struct meta_value){ .type = META_BYTES, .data = (p), .len = (l) })
struct meta_value meta_text(const char *s); /* NULL gives META_NULL */

struct meta_conf {
	const char *url; /* postgresql://…, postgres://…, sqlite:///path, sqlite::memory: */
	unsigned connections; /* PostgreSQL: most of them; SQLite: readers. 0: 8 */
};

/* Connects and applies the migrations under a lock. A sentence in error on failure. */
int meta_open(const struct meta_conf *conf, struct meta **out, char *error, size_t cap);
void meta_close(struct meta **m);	     /* NULL-safe */
const char *meta_name(const struct meta *m); /* "PostgreSQL 15.8" or "SQLite 3.40.1" */

/* Runs fn in a transaction and commits when it returns >= 0, else rolls back. Returns fn's result, or
 * -EHOSTDOWN when the database cannot be reached (within ~2 s), -EIO for an error that is ours (logged by the caller with
 * meta_error). */
int meta_run(
	struct meta *m, enum meta_mode mode, int (*fn)(struct meta_tx *tx, void *arg), void *arg);
/* The reason of the last failure on this thread, for log lines. */
const char *meta_error(void);

/* One statement. A row callback gets the columns; it returns 0 to go on, > 0 to stop, < 0 to fail.
 * The callback runs no statement itself. Returns the number of rows delivered (SELECT, RETURNING) or changed (else), or < 0, after which fn must return
 * that value. */
typedef int (*meta_row_fn)(void *arg, const struct meta_value *col, size_t ncol);
int meta_exec(struct meta_tx *tx, enum sql_id id, const struct meta_value *args, size_t nargs,
	meta_row_fn row, void *arg);
/* As meta_exec, but nobody waits: rows come, and a failure shows, with the next meta_exec or meta_get of this
 * transaction, or at its commit. args are copied; what row and arg point to must live until then. For changes whose
 * count is of no interest, and for reads that the next statement does not depend on. 0 or < 0. */
int meta_post(struct meta_tx *tx, enum sql_id id, const struct meta_value *args, size_t nargs,
	meta_row_fn row, void *arg);
/* Has the whole transaction run again: what was read turned out to be old. Returns -EAGAIN, for fn to return. */
int meta_again(struct meta_tx *tx);
/* One row into out[0..n-1]; TEXT and BYTES are copied into `keep` (cleared first) and stay valid with it.
 * 1, 0 (no row) or < 0. */
int meta_get(struct meta_tx *tx, enum sql_id id, const struct meta_value *args, size_t nargs,
	struct meta_value *out, size_t n, struct buf *keep);

/* Has fn called after each commit that changed something that mounts remember, also after one of which nobody knows whether
 * it was done; on the thread of meta_run, before that returns. Set before the first transaction. */
struct changes;
void meta_on_change(
	struct meta *m, void (*fn)(void *arg, const struct changes *changes), void *arg);
/* Several programs may work on one database. True when they can, and tell one another what they change while
 * meta_tell_others says so: each as "WHO ORIGIN JSON" (changes.h), WHO being this program of meta_is_self. */
bool meta_is_shared(const struct meta *m);
void meta_tell_others(struct meta *m, bool on);
bool meta_is_self(const struct meta *m, const char *who, size_t len);
const char *meta_url(const struct meta *m);
/* Makes what was committed so far durable, if anything was committed without. Called each second and by fsync. */
int meta_sync(struct meta *m);
/* Transactions so far, as text for Prometheus. */
void meta_metrics(const struct meta *m, struct buf *out);

#endif
