#include "reg_call.h"

/* --- delete, list --- */
static void delete_takes_every_entry(void **state)
{
	(void)state;
	uint64_t d = folder(ROOT_ID, "d");
	struct content_new n = upload("f", 100);
	struct call c = { .what = DELETE, .id = store(&n).id };
	struct call link = { .what = LINK, .id = c.id, .at = in(d, "second") };

	assert_int_equal(run(&link), 0);
	assert_int_equal(run(&c), 0);
	assert_int_equal(c.content.stamp, 100);
	assert_string_equal(c.content.node, "node1");
	assert_int_equal(entry(ROOT_ID, "f"), 0);
	assert_int_equal(entry(d, "second"), 0);
	assert_int_equal(reclaimed("node1", 100), 1);
	assert_int_equal(db_number("SELECT min(mtime) FROM inode"), 99);
	assert_int_equal(run(&c), -ENOENT);
	c.id = d;
	assert_int_equal(run(&c), -ENOENT);
}

struct ids {
	uint64_t after;
	unsigned limit, n;
	uint64_t last;
};

static int list_row(void *arg, const struct content *c)
{
	struct ids *l = arg;

	assert_true(c->id > l->last);
	l->last = c->id;
	l->n++;
	return 0;
}

static int list_body(struct meta_tx *tx, void *arg)
{
	struct ids *l = arg;

	l->n = 0;
	l->last = l->after;
	return reg_list(tx, l->after, l->limit, list_row, l);
}

static void list_is_paged(void **state)
{
	struct ids l = { .limit = 3 };

	(void)state;
	for (int i = 0; i < 5; i++)
		(void)store(&(struct content_new){ .now = 1 });
	assert_int_equal(meta_run(db.meta, META_READ, list_body, &l), 0);
	assert_int_equal(l.n, 3);
	l.after = l.last;
	assert_int_equal(meta_run(db.meta, META_READ, list_body, &l), 0);
	assert_int_equal(l.n, 2);
	l.after = l.last;
	assert_int_equal(meta_run(db.meta, META_READ, list_body, &l), 0);
	assert_int_equal(l.n, 0);
}

/* --- reclaim --- */
struct blobs {
	const char *node;
	unsigned limit, n;
	struct reclaim last;
	int64_t seqs[8];
};

static int blob_row(void *arg, const struct reclaim *r)
{
	struct blobs *b = arg;

	b->seqs[b->n++] = r->seq;
	b->last = *r;
	return 0;
}

static int blobs_body(struct meta_tx *tx, void *arg)
{
	struct blobs *b = arg;

	b->n = 0;
	return reclaim_list(tx, b->node, b->limit, blob_row, b);
}

static int done_body(struct meta_tx *tx, void *arg)
{
	struct blobs *b = arg;

	return reclaim_done(tx, b->node, b->seqs, b->n);
}

static void reclaim_by_node(void **state)
{
	struct blobs b = { .node = "node1", .limit = 8 };

	(void)state;
	for (uint64_t stamp = 100; stamp < 103; stamp++) {
		struct content_new n = upload(NULL, stamp);

		n.node = stamp == 101 ? "node2" : "node1";
		struct call c = { .what = DELETE, .id = store(&n).id };

		assert_int_equal(run(&c), 0);
	}
	assert_int_equal(meta_run(db.meta, META_READ, blobs_body, &b), 0);
	assert_int_equal(b.n, 2);
	assert_int_equal(b.last.stamp, 102);
	assert_int_equal(b.last.part, 0);
	assert_true(b.last.id > 1);
	b.node = "node2"; /* another node's numbers do nothing */
	assert_int_equal(meta_run(db.meta, META_WRITE, done_body, &b), 0);
	assert_int_equal(db_number("SELECT count(*) FROM reclaim"), 3);
	b.node = "node1";
	assert_int_equal(meta_run(db.meta, META_WRITE, done_body, &b), 0);
	assert_int_equal(db_number("SELECT count(*) FROM reclaim"), 1);
	b.node = "node2";
	b.limit = 1;
	assert_int_equal(meta_run(db.meta, META_READ, blobs_body, &b), 0);
	assert_int_equal(b.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DB_TEST(delete_takes_every_entry),
		DB_TEST(list_is_paged),
		DB_TEST(reclaim_by_node),
	};

	return DB_RUN(tests);
}
