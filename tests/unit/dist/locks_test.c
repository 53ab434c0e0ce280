#include "dist/locks.h"

#include "db.h"
#include <errno.h>

#define END LIMIT_NUMBER
#define SECOND INT64_C(1000000000)

static int64_t now = 100 * SECOND;
static bool grace;

struct call {
	struct lock_ask ask;
	enum { SET, TEST, RENEW, DROP } what;
	struct lock_held held;
	int rc;
};

static int body(struct meta_tx *tx, void *arg)
{
	struct call *c = arg;

	if (c->what == SET)
		c->rc = locks_set(tx, &c->ask);
	else if (c->what == TEST)
		c->rc = locks_test(tx, &c->ask, &c->held);
	else if (c->what == RENEW)
		c->rc = locks_renew(tx, c->ask.session, c->ask.now);
	else
		c->rc = locks_drop(tx, c->ask.session);
	return c->rc == -EBUSY || c->rc == -ENOLCK || c->rc == -EINVAL || c->rc == -ESTALE ? 0
											   : c->rc;
}

static int run(struct call *c)
{
	int rc;

	c->ask.now = now;
	c->ask.grace = grace;
	rc = meta_run(db.meta, c->what == TEST ? META_READ : META_WRITE, body, c);
	if (rc < 0)
		fail_msg("%d %s", rc, meta_error());
	return c->rc;
}

static int set(
	const char *session, uint64_t owner, enum lock_type type, uint64_t first, uint64_t last)
{
	struct call c = { .what = SET,
		.ask = { .id = 1,
			.session = session,
			.owner = owner,
			.pid = 7,
			.type = type,
			.first = first,
			.last = last } };

	return run(&c);
}

static struct lock_held test(
	const char *session, uint64_t owner, enum lock_type type, uint64_t first, uint64_t last)
{
	struct call c = { .what = TEST,
		.ask = { .id = 1,
			.session = session,
			.owner = owner,
			.type = type,
			.first = first,
			.last = last } };

	assert_int_equal(run(&c), 0);
	return c.held;
}

static int whole(int what, const char *session)
{
	struct call c = { .what = what, .ask = { .session = session } };

	return run(&c);
}

/* The rows as "owner first-last rw,…" of session a. */
static void rows_are(const char *want)
{
	struct buf out = BUF_INIT;

	db_rows(&out,
		"SELECT owner, first_byte, last_byte, is_write FROM file_lock WHERE session = 'a'"
		" ORDER BY owner, first_byte");
	assert_string_equal(buf_str(&out), want);
	buf_release(&out);
}

static void split_and_join(void **state)
{
	(void)state;
	assert_int_equal(set("a", 1, LOCK_READ, 0, 99), 0);
	rows_are("1|0|99|0\n");
	assert_int_equal(set("a", 1, LOCK_WRITE, 10, 19), 0);
	rows_are("1|0|9|0\n1|10|19|1\n1|20|99|0\n");
	assert_int_equal(set("a", 1, LOCK_NONE, 15, 30), 0);
	rows_are("1|0|9|0\n1|10|14|1\n1|31|99|0\n");
	assert_int_equal(set("a", 1, LOCK_READ, 10, 30), 0);
	rows_are("1|0|99|0\n");
	assert_int_equal(set("a", 1, LOCK_READ, 100, END), 0);
	rows_are("1|0|9007199254740991|0\n");
	assert_int_equal(set("a", 1, LOCK_NONE, 0, END), 0);
	rows_are("");
	assert_int_equal(set("a", 1, LOCK_NONE, 0, END), 0);
}

static void readers_share_writers_do_not(void **state)
{
	struct lock_held h;

	(void)state;
	assert_int_equal(set("a", 1, LOCK_READ, 0, 9), 0);
	assert_int_equal(set("b", 1, LOCK_READ, 0, 9), 0);
	assert_int_equal(set("a", 2, LOCK_WRITE, 9, 20), -EBUSY);
	assert_int_equal(set("a", 1, LOCK_WRITE, 0, 0), -EBUSY);
	assert_int_equal(set("a", 2, LOCK_WRITE, 10, 20), 0);
	assert_int_equal(set("b", 1, LOCK_READ, 20, 20), -EBUSY);
	h = test("b", 1, LOCK_READ, 15, 30);
	assert_int_equal(h.type, LOCK_WRITE);
	assert_int_equal(h.first, 10);
	assert_int_equal(h.last, 20);
	assert_int_equal(h.pid, 7);
	assert_false(h.same_session);
	assert_true(test("a", 3, LOCK_READ, 15, 30).same_session);
	assert_int_equal(test("b", 1, LOCK_READ, 0, 9).type, LOCK_NONE);
	assert_int_equal(test("a", 2, LOCK_WRITE, 10, 99).type, LOCK_NONE);
}

static void flock_does_not_meet_fcntl(void **state)
{
	struct call c = { .what = SET,
		.ask = { .id = 1,
			.session = "a",
			.owner = 1,
			.flock = true,
			.type = LOCK_WRITE,
			.last = END } };

	(void)state;
	assert_int_equal(set("b", 1, LOCK_WRITE, 0, END), 0);
	assert_int_equal(run(&c), 0);
	c.ask.session = "b";
	assert_int_equal(run(&c), -EBUSY);
	c.ask.id = 2; /* which is no inode: another open file that lost its name */
	assert_int_equal(run(&c), 0);
}

static void refuses(void **state)
{
	(void)state;
	assert_int_equal(set("", 1, LOCK_READ, 0, 0), -EINVAL);
	assert_int_equal(set("a", 1, LOCK_READ, 1, 0), -EINVAL);
	assert_int_equal(set("a", UINT64_MAX, LOCK_READ, 1, 1), 0);
	rows_are("-1|1|1|0\n");
}

static void so_many_and_no_more(void **state)
{
	char sql[200];

	(void)state;
	for (int i = 0; i < LIMIT_LOCKS - 1; i += 64) {
		struct buf all = BUF_INIT;

		for (int k = i; k < i + 64 && k < LIMIT_LOCKS - 1; k++) {
			(void)snprintf(sql, sizeof(sql),
				"INSERT INTO file_lock VALUES (1, 0, 'a', 1, %d, %d, 0, 0);",
				4 * k + 1, 4 * k + 3);
			buf_adds(&all, sql);
		}
		db_script(buf_str(&all));
		buf_release(&all);
	}
	assert_int_equal(set("a", 2, LOCK_READ, 0, 0), 0);
	assert_int_equal(set("a", 3, LOCK_READ, 0, 0), -ENOLCK);
	assert_int_equal(set("a", 1, LOCK_NONE, 2, 2), -ENOLCK);
	assert_int_equal(set("a", 1, LOCK_NONE, 1, 2), 0);
	assert_int_equal(set("a", 1, LOCK_NONE, 0, END), 0);
	assert_int_equal(set("a", 3, LOCK_READ, 0, 0), 0);
}

static void the_dead_lose_theirs(void **state)
{
	(void)state;
	assert_int_equal(set("a", 1, LOCK_WRITE, 0, 9), 0);
	assert_int_equal(set("a", 2, LOCK_WRITE, 10, 19), 0);
	assert_int_equal(whole(RENEW, "nobody"), -ESTALE);
	now += LOCK_LEASE_NS;
	assert_int_equal(set("b", 1, LOCK_WRITE, 0, 9), -EBUSY);
	assert_int_equal(whole(RENEW, "a"), 0);
	now += LOCK_LEASE_NS;
	assert_int_equal(set("b", 1, LOCK_WRITE, 0, 9), -EBUSY);
	now += 1;
	grace = true;
	assert_int_equal(set("b", 1, LOCK_WRITE, 0, 9), -EBUSY);
	grace = false;
	assert_int_equal(test("b", 1, LOCK_WRITE, 0, 9).type, LOCK_NONE);
	rows_are("1|0|9|1\n2|10|19|1\n"); /* to test takes nothing */
	assert_int_equal(set("b", 1, LOCK_READ, 100, 100), 0);
	assert_int_equal(set("a", 2, LOCK_NONE, 10, 14), 0);
	assert_int_equal(set("b", 1, LOCK_WRITE, 0, 9), 0);
	rows_are("");
	assert_int_equal(whole(RENEW, "a"), -ESTALE);
	assert_int_equal(whole(RENEW, "b"), 0);
}

static void a_session_ends(void **state)
{
	(void)state;
	assert_int_equal(set("a", 1, LOCK_WRITE, 0, 9), 0);
	assert_int_equal(set("b", 1, LOCK_WRITE, 10, 19), 0);
	assert_int_equal(whole(DROP, "a"), 0);
	assert_int_equal(whole(RENEW, "a"), -ESTALE);
	assert_int_equal(set("b", 2, LOCK_WRITE, 0, 9), 0);
	assert_int_equal(db_number("SELECT count(*) FROM file_lock"), 2);
	assert_int_equal(db_number("SELECT count(*) FROM lock_session"), 1);
}

/* Random calls, with an array of bytes as the model. */
#define BYTES 24
#define OWNERS 4
static char model[OWNERS][BYTES]; /* 0, 'r' or 'w' */

static bool model_excludes(int owner, char type, unsigned first, unsigned last)
{
	for (int o = 0; o < OWNERS; o++)
		for (unsigned b = first; o != owner && type && b <= last; b++)
			if (model[o][b] == 'w' || (model[o][b] && type == 'w'))
				return true;
	return false;
}

static void random_calls(void **state)
{
	static const char *const sessions[OWNERS] = { "a", "a", "b", "b" };
	static const char types[] = { 0, 'r', 'w' };

	(void)state;
	memset(model, 0, sizeof(model));
	for (unsigned i = 0, seed = 1; i < 500; i++) {
		seed = seed * 1103515245 + 12345;
		int o = (int)(seed >> 16) % OWNERS;
		unsigned first = (seed >> 5) % BYTES, last = first + (seed >> 11) % (BYTES - first);
		enum lock_type type = (seed >> 20) % 3;
		bool refused = model_excludes(o, types[type], first, last);

		if (set(sessions[o], (uint64_t)o % 2 + 1, type, first, last) !=
			(refused ? -EBUSY : 0))
			fail_msg("call %u", i);
		if (!refused)
			memset(model[o] + first, types[type], last - first + 1);
		for (unsigned b = 0; b < BYTES; b++)
			if ((test("z", 1, LOCK_WRITE, b, b).type != LOCK_NONE) !=
				(model[0][b] || model[1][b] || model[2][b] || model[3][b]))
				fail_msg("call %u, byte %u", i, b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DB_TEST(split_and_join),
		DB_TEST(readers_share_writers_do_not),
		DB_TEST(flock_does_not_meet_fcntl),
		DB_TEST(refuses),
		DB_TEST(so_many_and_no_more),
		DB_TEST(the_dead_lose_theirs),
		DB_TEST(a_session_ends),
		DB_TEST(random_calls),
	};

	return DB_RUN(tests);
}
