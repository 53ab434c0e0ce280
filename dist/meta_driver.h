/* meta_driver - what a database driver must do. Only meta_run.c and meta_migrate.c call it. */
#ifndef DIST_META_DRIVER_H
#define DIST_META_DRIVER_H

#include "dist/meta.h"

#define META_VERSION_SIZE 64
#define META_NOTICE 7900

/* Embedded by each driver's connection as its first member. */
struct meta_conn {
	const struct meta_driver *driver;
};

struct meta_driver {
	const char *name;
	/* Opens a pool and says which database it is; migrations are applied by meta_migrate.c through `script`. */
	int (*open)(const struct meta_conf *conf, void **pool, char version[META_VERSION_SIZE],
		char *error, size_t cap);
	void (*close)(void *pool);
	/* A free connection with a transaction begun on it, or -EHOSTDOWN. Waits while all are busy. */
	int (*begin)(void *pool, enum meta_mode mode, struct meta_conn **out);
	/* Takes the lock under which migrations run, until the transaction ends. NULL: begin did. */
	int (*lock)(struct meta_conn *c);
	/* Ends it and gives the connection back. commit may return -EAGAIN (run it all again). */
	int (*commit)(void *pool, struct meta_conn *c);
	void (*rollback)(void *pool, struct meta_conn *c);
	/* As meta_exec. -EAGAIN: serialisation failure, deadlock or lost connection; -EIO else. */
	int (*exec)(struct meta_conn *c, enum sql_id id, const struct meta_value *args,
		size_t nargs, meta_row_fn row, void *arg);
	/* As meta_post. NULL: exec does not wait. */
	int (*post)(struct meta_conn *c, enum sql_id id, const struct meta_value *args,
		size_t nargs, meta_row_fn row, void *arg);
	/* Runs one statement of a migration, as is. Tokens were replaced by the driver's words already. */
	int (*script)(struct meta_conn *c, const char *sql);
	int (*sync)(void *pool);
	/* Tells other programs on this database, when the transaction is committed; text below META_NOTICE bytes. NULL: there
	 * are none. Does not wait. */
	int (*notify)(struct meta_conn *c, const char *text);
	/* The driver's words for the tokens of dist/schema: { "@SERIAL@", "BIGSERIAL" }, … ended by a NULL token. A
	 * statement with a token whose word is NULL is not for this driver. */
	const char *const (*tokens)[2];
};

extern const struct meta_driver meta_pg, meta_sqlite;

/* Sets what meta_error() returns on this thread. */
void meta_set_error(const char *fmt, ...) ATTR_PRINTF(1, 2);

#endif
