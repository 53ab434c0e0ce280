#include "dist/meta_pg_listen.h"

#include "common/clock.h"
#include "dist/meta_driver.h"
#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>

#define ANSWER_MS 2000

struct pg_ear {
	PGconn *pg;
};

static int lost(const struct pg_ear *e)
{
	meta_set_error("%.400s", e->pg ? PQerrorMessage(e->pg) : "out of memory");
	return -EHOSTDOWN;
}

/* Takes in what comes within ms. */
static int take_in(struct pg_ear *e, int64_t ms)
{
	struct pollfd p = { .fd = PQsocket(e->pg), .events = POLLIN };

	if (poll(&p, 1, ms > 0 ? (int)ms : 0) < 0 && errno != EINTR)
		return lost(e);
	return PQconsumeInput(e->pg) ? 0 : lost(e);
}

/* One statement's first column of its first row; -EHOSTDOWN when there is no answer in time. */
static int ask(struct pg_ear *e, const char *sql, int *number)
{
	int64_t until = clock_ms() + ANSWER_MS;
	PGresult *res;
	int rc = PQsendQuery(e->pg, sql) ? 0 : lost(e);

	while (rc == 0 && PQisBusy(e->pg)) {
		if (clock_ms() >= until) {
			meta_set_error("PostgreSQL is silent");
			return -EHOSTDOWN;
		}
		rc = take_in(e, until - clock_ms());
	}
	while (rc == 0 && (res = PQgetResult(e->pg))) {
		ExecStatusType status = PQresultStatus(res);

		if (status == PGRES_TUPLES_OK && number && PQntuples(res) == 1)
			*number = atoi(PQgetvalue(res, 0, 0));
		else if (status != PGRES_COMMAND_OK)
			rc = lost(e);
		PQclear(res);
	}
	return rc;
}

int pg_ear_open(const char *url, struct pg_ear **out)
{
	const char *const keys[] = { "connect_timeout", "keepalives_idle", "tcp_user_timeout",
		"dbname", "application_name", "client_encoding", NULL };
	const char *const values[] = { "2", "10", "10000", url, PG_LISTENER, "UTF8", NULL };
	struct pg_ear *e = calloc(1, sizeof(*e));
	int rc;

	if (!e) {
		meta_set_error("out of memory");
		return -EHOSTDOWN;
	}
	e->pg = PQconnectdbParams(keys, values, 1);
	rc = e->pg && PQstatus(e->pg) == CONNECTION_OK ? 0 : lost(e);
	if (rc == 0)
		rc = ask(e, "LISTEN " PG_CHANNEL, NULL);
	if (rc < 0) {
		pg_ear_close(&e);
		return rc;
	}
	*out = e;
	return 0;
}

void pg_ear_close(struct pg_ear **e)
{
	if (*e)
		PQfinish((*e)->pg);
	free(*e);
	*e = NULL;
}

int pg_ear_wait(struct pg_ear *e, int64_t ms, void (*fn)(void *arg, const char *text), void *arg)
{
	PGnotify *n = PQnotifies(e->pg);
	int rc = n ? 0 : take_in(e, ms);

	if (!n)
		n = PQnotifies(e->pg);
	for (; n; n = PQnotifies(e->pg)) {
		fn(arg, n->extra);
		PQfreemem(n);
	}
	return rc;
}

int pg_ear_count(struct pg_ear *e)
{
	int n = 0;
	int rc = ask(e,
		"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
		" AND application_name = '" PG_LISTENER "'",
		&n);

	return rc < 0 ? rc : n;
}
