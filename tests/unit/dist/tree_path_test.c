#include "tree_call.h"

struct list {
	struct buf names;
	unsigned n, stop_after;
	bool more;
	int rc;
	uint64_t dir;
	const char *after;
	size_t after_len;
	unsigned limit;
};

static int list_entry(void *arg, const char *name, size_t len, const struct attr *a)
{
	struct list *l = arg;

	assert_true(a->id > 0);
	buf_add(&l->names, name, len);
	buf_adds(&l->names, "/");
	return ++l->n == l->stop_after ? 1 : 0;
}

static int list_body(struct meta_tx *tx, void *arg)
{
	struct list *l = arg;

	buf_clear(&l->names);
	l->n = 0;
	l->rc = tree_readdir(tx, l->dir, l->after, l->after_len, l->limit, list_entry, l, &l->more);
	return 0;
}

static void readdir_is_bytewise_and_paged(void **state)
{
	struct list l = { .dir = ROOT_ID, .after = "", .limit = 3 };

	(void)state;
	(void)file(ROOT_ID, "b");
	(void)file(ROOT_ID, "B");
	(void)file(ROOT_ID, "\xff");
	(void)file(ROOT_ID, "b\x01");
	uint64_t a = file(ROOT_ID, "a");

	assert_int_equal(meta_run(db.meta, META_READ, list_body, &l), 0);
	assert_string_equal(buf_str(&l.names), "B/a/b/");
	assert_true(l.more);
	l.after = "b";
	l.after_len = 1;
	assert_int_equal(meta_run(db.meta, META_READ, list_body, &l), 0);
	assert_string_equal(buf_str(&l.names), "b\x01/\xff/");
	assert_false(l.more);
	l.limit = 2;
	assert_int_equal(meta_run(db.meta, META_READ, list_body, &l), 0);
	assert_false(l.more);
	l.stop_after = 1;
	assert_int_equal(meta_run(db.meta, META_READ, list_body, &l), 0);
	assert_true(l.more);
	l.dir = a;
	assert_int_equal(meta_run(db.meta, META_READ, list_body, &l), 0);
	assert_int_equal(l.rc, -ENOTDIR);
	l.dir = 99999;
	assert_int_equal(meta_run(db.meta, META_READ, list_body, &l), 0);
	assert_int_equal(l.rc, -ENOENT);
	buf_release(&l.names);
}

static void paths_resolve(void **state)
{
	uint64_t id;

	(void)state;
	uint64_t d = folder(ROOT_ID, "d"), e = folder(d, "e"), f = file(e, "f");

	assert_int_equal(resolve("", &id), 0);
	assert_int_equal(id, ROOT_ID);
	assert_int_equal(resolve("///", &id), 0);
	assert_int_equal(id, ROOT_ID);
	assert_int_equal(resolve("d/e/f", &id), 0);
	assert_int_equal(id, f);
	assert_int_equal(resolve("/d//./e/../e/f", &id), 0);
	assert_int_equal(id, f);
	assert_int_equal(resolve("../../d/", &id), 0);
	assert_int_equal(id, d);
	assert_int_equal(resolve("d/no", NULL), -ENOENT);
	assert_int_equal(resolve("d/e/f/x", NULL), -ENOTDIR);
	assert_int_equal(resolve("d/e/f/", NULL), -ENOTDIR);
	assert_int_equal(resolve("d/e/f/..", NULL), -ENOTDIR);
	struct call c = { .what = PATH, .id = f };

	assert_int_equal(checked(&c), 0);
	assert_string_equal(buf_str(&c.text), "/d/e/f");
	c.id = ROOT_ID;
	assert_int_equal(checked(&c), 0);
	assert_string_equal(buf_str(&c.text), "/");
	c.id = 99999;
	assert_int_equal(checked(&c), -ENOENT);
	buf_release(&c.text);
}

static void paths_follow_links(void **state)
{
	uint64_t id;

	(void)state;
	uint64_t d = folder(ROOT_ID, "d"), f = file(d, "f");

	symlink_to(ROOT_ID, "to_d", "d");
	symlink_to(d, "up", "../d/f");
	symlink_to(d, "out", "/d/f");
	symlink_to(d, "loop", "loop");
	symlink_to(d, "dangling", "nowhere");
	assert_int_equal(resolve("to_d/f", &id), 0);
	assert_int_equal(id, f);
	assert_int_equal(resolve("to_d/up", &id), 0);
	assert_int_equal(id, f);
	assert_int_equal(resolve("d/up/", NULL), -ENOTDIR);
	assert_int_equal(resolve("d/out", NULL), -ENOENT);
	assert_int_equal(resolve("d/loop", NULL), -ELOOP);
	assert_int_equal(resolve("d/dangling", NULL), -ENOENT);
}

static void paths_have_limits(void **state)
{
	char path[LIMIT_PATH + 2];

	(void)state;
	memset(path, '/', sizeof(path));
	path[LIMIT_PATH] = '\0';
	assert_int_equal(resolve(path, NULL), 0);
	path[LIMIT_PATH] = '/';
	path[LIMIT_PATH + 1] = '\0';
	assert_int_equal(resolve(path, NULL), -ENAMETOOLONG);
	struct call c = { .what = PARENT, .path = path };

	assert_int_equal(checked(&c), -ENAMETOOLONG);
}

static void parents_resolve(void **state)
{
	struct call c = { .what = PARENT, .path = "/d/new" };

	(void)state;
	uint64_t d = folder(ROOT_ID, "d");

	(void)file(ROOT_ID, "f");
	assert_int_equal(checked(&c), 0);
	assert_int_equal(c.at.dir, d);
	assert_int_equal(c.at.len, 3);
	assert_memory_equal(c.at.name, "new", 3);
	c.path = "new//";
	assert_int_equal(checked(&c), 0);
	assert_int_equal(c.at.dir, ROOT_ID);
	assert_int_equal(c.at.len, 3);
	c.path = "/";
	assert_int_equal(checked(&c), -EBUSY);
	c.path = "d/..";
	assert_int_equal(checked(&c), -EINVAL);
	c.path = "no/new";
	assert_int_equal(checked(&c), -ENOENT);
	c.path = "f/new";
	assert_int_equal(checked(&c), -ENOTDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DB_TEST(readdir_is_bytewise_and_paged),
		DB_TEST(paths_resolve),
		DB_TEST(paths_follow_links),
		DB_TEST(paths_have_limits),
		DB_TEST(parents_resolve),
	};

	return DB_RUN(tests);
}
