/* meta_call - small transactions for tests of the drivers. */
#ifndef TESTS_UNIT_DIST_META_CALL_H
#define TESTS_UNIT_DIST_META_CALL_H

#include "db.h"
#include "dist/meta.h"

/* A change: one session row. The reply is the value. */
struct put {
	const char *id;
	int64_t slot, seq;
	struct meta_value reply;
	int calls, again, result;
	void (*between)(void); /* after the first statement */
};

static inline int put_body(struct meta_tx *tx, void *arg)
{
	struct put *p = arg;
	struct meta_value args[] = { V_TEXT(p->id), V_INT(p->slot), V_INT(p->seq), V_TEXT("host"),
		V_INT(7), p->reply };
	int rc = meta_exec(tx, SQL_SESSION_PUT, args, 6, NULL, NULL);

	p->calls++;
	if (rc < 0)
		return rc;
	assert_int_equal(rc, 1);
	if (p->between)
		p->between();
	if (p->calls <= p->again)
		return meta_again(tx);
	rc = meta_post(tx, SQL_MUTEX_TOUCH, NULL, 0, NULL, NULL);
	return rc < 0 ? rc : p->result;
}

static inline int put(enum meta_mode mode, const char *id, int64_t seq)
{
	struct put p = { .id = id, .seq = seq, .reply = V_NULL };

	return meta_run(db.meta, mode, put_body, &p);
}

static inline long long sessions(void)
{
	return db_number("SELECT count(*) FROM session");
}

static inline int nothing_body(struct meta_tx *tx, void *arg)
{
	(void)tx;
	return *(int *)arg;
}

struct get {
	const char *id;
	struct meta_value out[3];
	struct buf keep;
	int rc;
};

static inline int get_body(struct meta_tx *tx, void *arg)
{
	struct get *g = arg;
	struct meta_value args[] = { V_TEXT(g->id), V_INT(0) };

	g->rc = meta_get(tx, SQL_SESSION_GET, args, 2, g->out, 3, &g->keep);
	return g->rc < 0 ? g->rc : 0;
}

#endif
