#include "tree_call.h"

static void rename_plain_and_replace(void **state)
{
	struct attr a;

	(void)state;
	uint64_t d = folder(ROOT_ID, "d"), f = file(ROOT_ID, "f"), g = file(d, "g");

	assert_int_equal(move(ROOT_ID, "f", ROOT_ID, "f2", 0), 0);
	assert_int_equal(attr_of(f).ctime, now);
	assert_int_equal(db_number("SELECT count(*) FROM content WHERE filename = 'f2'"), 1);
	assert_int_equal(move(ROOT_ID, "f2", d, "g", RENAME_NO_REPLACE), -EEXIST);
	assert_int_equal(move(ROOT_ID, "f2", d, "g", 0), 0);
	assert_int_equal(look(d, "g", &a), 0);
	assert_int_equal(a.id, f);
	assert_int_equal(look(ROOT_ID, "f2", NULL), -ENOENT);
	struct call c = { .what = GETATTR, .id = g };

	assert_int_equal(checked(&c), -ENOENT);
	assert_int_equal(attr_of(d).mtime, now);
	assert_int_equal(attr_of(ROOT_ID).mtime, now);
	assert_int_equal(move(d, "g", ROOT_ID, "h", RENAME_NO_REPLACE), 0);
}

static void rename_refuses(void **state)
{
	(void)state;
	uint64_t d = folder(ROOT_ID, "d"), e = folder(d, "e"), f = file(ROOT_ID, "f");

	assert_int_equal(move(ROOT_ID, "no", ROOT_ID, "x", 0), -ENOENT);
	assert_int_equal(move(99999, "f", ROOT_ID, "x", 0), -ENOENT);
	assert_int_equal(move(ROOT_ID, "f", 99999, "x", 0), -ENOENT);
	assert_int_equal(move(ROOT_ID, "f", f, "x", 0), -ENOTDIR);
	assert_int_equal(move(f, "x", ROOT_ID, "y", 0), -ENOTDIR);
	assert_int_equal(move(ROOT_ID, "f", ROOT_ID, "d", 0), -EISDIR);
	assert_int_equal(move(ROOT_ID, "d", ROOT_ID, "f", 0), -ENOTDIR);
	assert_int_equal(move(ROOT_ID, "d", e, "x", 0), -EINVAL);
	assert_int_equal(move(ROOT_ID, "d", d, "x", 0), -EINVAL);
	assert_int_equal(move(ROOT_ID, "f", ROOT_ID, "", 0), -EINVAL);
	assert_int_equal(move(ROOT_ID, "..", ROOT_ID, "x", 0), -EINVAL);
	assert_int_equal(move(ROOT_ID, "f", ROOT_ID, "x", 7), -EINVAL);
	assert_int_equal(
		move(ROOT_ID, "f", ROOT_ID, "x", RENAME_SWAP | RENAME_NO_REPLACE), -EINVAL);
	assert_int_equal(move(d, "e", ROOT_ID, "d", 0), -ENOTEMPTY);
	assert_int_equal(move(ROOT_ID, "f", ROOT_ID, "x", RENAME_SWAP), -ENOENT);
	assert_int_equal(move(ROOT_ID, "d", d, "e", RENAME_SWAP), -EINVAL);
	assert_int_equal(move(d, "e", ROOT_ID, "d", RENAME_SWAP), -EINVAL);
}

static void rename_same_inode_is_nothing(void **state)
{
	struct buf before = BUF_INIT, after = BUF_INIT;

	(void)state;
	uint64_t f = file(ROOT_ID, "f");

	assert_int_equal(link_at(f, ROOT_ID, "g"), 0);
	db_dump(&before);
	assert_int_equal(move(ROOT_ID, "f", ROOT_ID, "g", 0), 0);
	assert_int_equal(move(ROOT_ID, "f", ROOT_ID, "f", 0), 0);
	assert_int_equal(move(ROOT_ID, "f", ROOT_ID, "g", RENAME_SWAP), 0);
	db_dump(&after);
	assert_string_equal(buf_str(&before), buf_str(&after));
	assert_int_equal(move(ROOT_ID, "f", ROOT_ID, "g", RENAME_NO_REPLACE), -EEXIST);
	buf_release(&before);
	buf_release(&after);
}

static void rename_directories_keep_link_counts(void **state)
{
	struct attr a;

	(void)state;
	uint64_t x = folder(ROOT_ID, "x"), y = folder(ROOT_ID, "y"), d = folder(x, "d");

	(void)file(d, "inside");
	(void)folder(y, "empty");
	assert_int_equal(move(x, "d", y, "d2", 0), 0);
	assert_int_equal(attr_of(x).nlink, 2);
	assert_int_equal(attr_of(y).nlink, 4);
	assert_int_equal(look(d, "..", &a), 0);
	assert_int_equal(a.id, y);
	/* over an empty directory, in another and in the same parent */
	assert_int_equal(move(ROOT_ID, "x", y, "empty", 0), 0);
	assert_int_equal(attr_of(y).nlink, 4);
	assert_int_equal(attr_of(ROOT_ID).nlink, 3);
	assert_int_equal(move(y, "d2", y, "empty", 0), 0);
	assert_int_equal(attr_of(y).nlink, 3);
	assert_int_equal(look(d, "inside", NULL), 0);
	assert_int_equal(move(ROOT_ID, "y", ROOT_ID, "z", 0), 0);
}

static void rename_exchange(void **state)
{
	struct attr a;

	(void)state;
	uint64_t x = folder(ROOT_ID, "x"), d = folder(x, "d"), f = file(ROOT_ID, "f"),
		 g = file(x, "g");

	assert_int_equal(move(x, "d", ROOT_ID, "f", RENAME_SWAP), 0);
	assert_int_equal(look(x, "d", &a), 0);
	assert_int_equal(a.id, f);
	assert_int_equal(look(ROOT_ID, "f", &a), 0);
	assert_int_equal(a.id, d);
	assert_int_equal(attr_of(ROOT_ID).nlink, 4);
	assert_int_equal(attr_of(x).nlink, 2);
	assert_int_equal(move(x, "d", x, "g", RENAME_SWAP), 0);
	assert_int_equal(look(x, "g", &a), 0);
	assert_int_equal(a.id, f);
	assert_int_equal(look(x, "d", &a), 0);
	assert_int_equal(a.id, g);
	assert_int_equal(db_number("SELECT count(*) FROM content WHERE filename = 'g'"), 1);
	assert_int_equal(move(ROOT_ID, "x", ROOT_ID, "f", RENAME_SWAP), 0);
	assert_int_equal(attr_of(ROOT_ID).nlink, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DB_TEST(rename_plain_and_replace),
		DB_TEST(rename_refuses),
		DB_TEST(rename_same_inode_is_nothing),
		DB_TEST(rename_directories_keep_link_counts),
		DB_TEST(rename_exchange),
	};

	return DB_RUN(tests);
}
