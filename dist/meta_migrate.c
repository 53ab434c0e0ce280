#include "dist/meta_migrate.h"

#include "common/clock.h"
#include "dist/schema.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIES 5

static const char version_table[] = "CREATE TABLE IF NOT EXISTS schema_version ("
				    "number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, "
				    "applied_at @TIME@ NOT NULL DEFAULT @NOW@)";

/* Adds the statement with its tokens replaced. False: it is not for this driver. */
static bool translate(
	const struct meta_driver *driver, const char *sql, size_t len, struct buf *out)
{
	const char *end = sql + len;

	while (sql < end) {
		const char *at = memchr(sql, '@', (size_t)(end - sql));
		size_t plain = (size_t)((at ? at : end) - sql), i;

		buf_add(out, sql, plain);
		sql += plain;
		if (!at)
			break;
		for (i = 0; driver->tokens[i][0]; i++)
			if (strncmp(sql, driver->tokens[i][0], strlen(driver->tokens[i][0])) == 0)
				break;
		if (!driver->tokens[i][0]) {
			buf_add(out, sql++, 1);
			continue;
		}
		if (!driver->tokens[i][1])
			return false;
		buf_adds(out, driver->tokens[i][1]);
		sql += strlen(driver->tokens[i][0]);
	}
	return true;
}

static int run_statement(
	const struct meta_driver *driver, struct meta_conn *c, const char *sql, size_t len)
{
	struct buf text = BUF_INIT;
	int rc = 0;

	if (translate(driver, sql, len, &text)) {
		rc = buf_error(&text);
		if (rc == 0)
			rc = driver->script(c, buf_str(&text));
	}
	buf_release(&text);
	return rc;
}

static int run_step(
	const struct meta_driver *driver, struct meta_conn *c, const struct schema_step *s)
{
	struct meta_value args[] = { V_INT(s->number), V_TEXT(s->name) };
	const char *sql = s->sql, *end;
	int rc;

	while ((end = strstr(sql, ";\n"))) {
		rc = run_statement(driver, c, sql, (size_t)(end - sql));
		if (rc < 0)
			return rc;
		sql = end + 2;
	}
	rc = driver->exec(c, SQL_SCHEMA_ADD, args, 2, NULL, NULL);
	return rc < 0 ? rc : 0;
}

static int number_row(void *arg, const struct meta_value *col, size_t ncol)
{
	(void)ncol;
	*(int64_t *)arg = col[0].number;
	return 0;
}

static int apply(
	const struct meta_driver *driver, struct meta_conn *c, int64_t newest, int64_t *found)
{
	int rc = driver->lock ? driver->lock(c) : 0;

	if (rc == 0)
		rc = run_statement(driver, c, version_table, sizeof(version_table) - 1);
	if (rc == 0)
		rc = driver->exec(c, SQL_SCHEMA_NUMBER, NULL, 0, number_row, found);
	if (rc < 0)
		return rc;
	if (*found > newest)
		return -EPROTO;
	for (size_t i = 0; i < nschema_steps; i++) {
		if (schema_steps[i].number <= *found)
			continue;
		rc = run_step(driver, c, &schema_steps[i]);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int apply_once(const struct meta_driver *driver, void *pool, int64_t newest, int64_t *found)
{
	struct meta_conn *c;
	int rc = driver->begin(pool, META_DURABLE, &c);

	if (rc < 0)
		return rc;
	rc = apply(driver, c, newest, found);
	if (rc < 0) {
		driver->rollback(pool, c);
		return rc;
	}
	return driver->commit(pool, c);
}

int meta_migrate(const struct meta_driver *driver, void *pool, char *error, size_t cap)
{
	int64_t newest = nschema_steps ? schema_steps[nschema_steps - 1].number : 0, found = 0;
	int rc = -EAGAIN;

	for (int tries = 0; rc == -EAGAIN && tries < TRIES; tries++)
		rc = apply_once(driver, pool, newest, &found);
	if (rc == -EPROTO)
		(void)snprintf(error, cap,
			"the database has schema %" PRId64 ", this program knows only %" PRId64
			": use a newer program",
			found, newest);
	else if (rc == -EHOSTDOWN)
		(void)snprintf(error, cap, "the database cannot be reached: %s", meta_error());
	else if (rc < 0)
		(void)snprintf(error, cap, "the database's schema cannot be brought up to date: %s",
			meta_error());
	return rc == -EAGAIN ? -EIO : rc;
}
