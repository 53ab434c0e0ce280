#include "dist/reg.h"

#include "db.h"
#include "dist/tree.h"
#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>

struct batch {
	const char *session;
	uint32_t slot;
	uint64_t seq;
	int64_t now;
	const char *reply;
	int begun;
	struct buf got;
};

static int batch_body(struct meta_tx *tx, void *arg)
{
	struct batch *b = arg;

	buf_clear(&b->got);
	b->begun = session_begin(tx, b->session, b->slot, b->seq, &b->got);
	if (b->begun)
		return b->begun < 0 ? b->begun : 0;
	return session_record(
		tx, b->session, b->slot, b->seq, "host", b->now, b->reply, strlen(b->reply));
}

static void batches_are_applied_once(void **state)
{
	struct batch b = { .session = "s", .slot = 3, .seq = 5, .reply = "{\"a\":1}" };

	(void)state;
	assert_int_equal(meta_run(db.meta, META_WRITE, batch_body, &b), 0);
	assert_int_equal(b.begun, 0);
	b.reply = "other";
	assert_int_equal(meta_run(db.meta, META_WRITE, batch_body, &b), 0);
	assert_int_equal(b.begun, 1);
	assert_string_equal(buf_str(&b.got), "{\"a\":1}");
	b.seq = 4;
	assert_int_equal(meta_run(db.meta, META_WRITE, batch_body, &b), -ESTALE);
	b.slot = 4;
	assert_int_equal(meta_run(db.meta, META_WRITE, batch_body, &b), 0);
	assert_int_equal(b.begun, 0);
	b.slot = 3;
	b.seq = 6;
	b.reply = "";
	assert_int_equal(meta_run(db.meta, META_WRITE, batch_body, &b), 0);
	assert_int_equal(b.begun, 0);
	assert_int_equal(meta_run(db.meta, META_WRITE, batch_body, &b), 0);
	assert_int_equal(b.begun, 1);
	assert_int_equal(b.got.len, 0);
	b.slot = 5;
	b.seq = 0;
	assert_int_equal(meta_run(db.meta, META_WRITE, batch_body, &b), 0);
	assert_int_equal(b.begun, 0);
	buf_release(&b.got);
}

static int expire_body(struct meta_tx *tx, void *arg)
{
	return session_expire(tx, *(int64_t *)arg);
}

static void sessions_are_forgotten(void **state)
{
	struct batch b = { .session = "s", .seq = 1, .now = 50, .reply = "r" };
	int64_t before = 50;

	(void)state;
	assert_int_equal(meta_run(db.meta, META_WRITE, batch_body, &b), 0);
	assert_int_equal(meta_run(db.meta, META_WRITE, expire_body, &before), 0);
	before = 51;
	assert_int_equal(meta_run(db.meta, META_WRITE, expire_body, &before), 1);
	assert_int_equal(meta_run(db.meta, META_WRITE, expire_body, &before), 0);
	buf_release(&b.got);
}

/* A batch that makes a file, and loses its connection before its end the first time. */
struct making {
	struct batch b;
	int runs;
};

static int making_body(struct meta_tx *tx, void *arg)
{
	struct making *m = arg;
	struct tree_new n = { .at = { .dir = ROOT_ID, .name = "f", .len = 1 },
		.mode = S_IFREG | 0644,
		.exclusive = true,
		.now = 1 };
	struct attr a;
	int rc;

	m->runs++;
	buf_clear(&m->b.got);
	rc = m->b.begun = session_begin(tx, m->b.session, 0, m->b.seq, &m->b.got);
	if (rc)
		return rc < 0 ? rc : 0;
	rc = tree_create(tx, &n, &a, NULL);
	if (rc < 0)
		return rc;
	if (db.pg && m->runs == 1)
		db_script("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
			  "WHERE application_name = 'cdn-dist'");
	return session_record(tx, m->b.session, 0, m->b.seq, "host", 1, "made", 4);
}

static void lost_batches_are_applied_once(void **state)
{
	struct making m = { .b = { .session = "s", .seq = 1 } };

	(void)state;
	assert_int_equal(meta_run(db.meta, META_WRITE, making_body, &m), 0);
	assert_int_equal(m.b.begun, 0);
	assert_int_equal(m.runs, db.pg ? 2 : 1);
	/* the client did not hear of it and sends it again */
	assert_int_equal(meta_run(db.meta, META_WRITE, making_body, &m), 0);
	assert_int_equal(m.b.begun, 1);
	assert_string_equal(buf_str(&m.b.got), "made");
	assert_int_equal(db_number("SELECT count(*) FROM dentry"), 1);
	assert_int_equal(db_number("SELECT count(*) FROM content"), 1);
	buf_release(&m.b.got);
}

struct sender {
	struct making m;
	pthread_barrier_t *start;
	int rc;
};

static void *send_in_thread(void *arg)
{
	struct sender *s = arg;

	(void)pthread_barrier_wait(s->start); /* tells one of them apart */
	s->rc = meta_run(db.meta, META_WRITE, making_body, &s->m);
	return NULL;
}

static void one_of_equal_batches_is_applied(void **state)
{
	(void)state;
	for (int round = 0; round < 10; round++) {
		struct sender s[4];
		pthread_barrier_t start;
		pthread_t t[4];
		int applied = 0;

		assert_int_equal(pthread_barrier_init(&start, NULL, 4), 0);
		for (int i = 0; i < 4; i++) {
			s[i] = (struct sender){ .m = { .b = { .session = "s", .seq = 1 },
							.runs = 1 },
				.start = &start };
			assert_int_equal(pthread_create(&t[i], NULL, send_in_thread, &s[i]), 0);
		}
		for (int i = 0; i < 4; i++)
			assert_int_equal(pthread_join(t[i], NULL), 0);
		(void)pthread_barrier_destroy(&start);
		for (int i = 0; i < 4; i++) {
			assert_int_equal(s[i].rc, 0);
			applied += s[i].m.b.begun == 0;
			if (s[i].m.b.begun == 1)
				assert_string_equal(buf_str(&s[i].m.b.got), "made");
			buf_release(&s[i].m.b.got);
		}
		assert_int_equal(applied, 1);
		(void)db_wipe(NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DB_TEST(batches_are_applied_once),
		DB_TEST(sessions_are_forgotten),
		DB_TEST(lost_batches_are_applied_once),
		DB_TEST(one_of_equal_batches_is_applied),
	};

	return DB_RUN(tests);
}
