/* meta_pg_conn - one PostgreSQL connection in pipeline mode. Statements are sent without waiting and settled together:
 * a round trip is paid for each pg_settle, not for each statement. Used by one thread at a time. */
#ifndef DIST_META_PG_CONN_H
#define DIST_META_PG_CONN_H

#include "common/buf.h"
#include "dist/meta_driver.h"
#include <libpq-fe.h>

/* Statements of the driver itself, numbered behind those of sql.h. */
enum pg_control {
	PG_BEGIN = SQL_COUNT,
	PG_BEGIN_READ,
	PG_ASYNC,
	PG_COMMIT,
	PG_ROLLBACK,
	PG_NOTIFY,
	PG_STATEMENTS,
	PG_SCRIPT, /* text without a name */
	PG_PREPARE,
	PG_SYNC
};

#define PG_QUEUE 256

struct pg_pending {
	unsigned statement;
	unsigned prepares; /* PG_PREPARE: which */
	bool old;	   /* of the transaction before: nobody waits for it any more */
	meta_row_fn row;
	void *arg;
};

/* Not pg_conn: that is libpq's. */
struct pg_link {
	struct meta_conn base;
	PGconn *pg;
	bool broken;		      /* not to be used again */
	bool begun;		      /* BEGIN was sent */
	enum meta_mode mode;	      /* of the transaction that runs */
	unsigned generation;	      /* of the pool when it was opened */
	bool prepared[PG_STATEMENTS]; /* sent, at least */
	struct pg_pending queue[PG_QUEUE];
	size_t nqueue;
	struct buf bytes; /* decoded columns of one row */
};

#define PG_VERSION_MIN 140000 /* PQserverVersion(): 14, the oldest that the tests were run on */
/* 0; -ENOTSUP with meta_error() when the server is older. */
int pg_check_version(int version);
/* 0, -EHOSTDOWN or -ENOTSUP; the reason in meta_error(). */
int pg_open(const char *url, struct pg_link **out);
void pg_close(struct pg_link **c);

/* Queues a statement. 0, -EAGAIN (connection lost) or -EIO. */
int pg_send(struct pg_link *c, unsigned statement, const struct meta_value *args, size_t nargs,
	meta_row_fn row, void *arg);
int pg_send_script(struct pg_link *c, const char *sql);
/* Ends what was queued so far, so that its failure does not touch what follows; does not wait. */
int pg_sync_point(struct pg_link *c);
/* Waits for all that was queued. Returns the last statement's count, -EAGAIN, -EIO, or what a row callback returned
 * if that was < 0. */
int pg_settle(struct pg_link *c);

#endif
