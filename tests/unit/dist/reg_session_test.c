#include "dist/reg.h"

#include "db.h"
#include <errno.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		DB_TEST(batches_are_applied_once),
		DB_TEST(sessions_are_forgotten),
	};

	return DB_RUN(tests);
}
