#include "dist/tree.h"

#include "tree_call.h"

/* --- create --- */
static void create_gives_attributes(void **state)
{
	(void)state;
	uint64_t id = file(ROOT_ID, "f");
	struct attr a = attr_of(id), root = attr_of(ROOT_ID);

	assert_int_equal(a.mode, S_IFREG | 0644);
	assert_int_equal(a.uid, 10);
	assert_int_equal(a.gid, 20);
	assert_int_equal(a.nlink, 1);
	assert_int_equal(a.size, 0);
	assert_int_equal(a.rdev, 0);
	assert_int_equal(a.mtime, now);
	assert_int_equal(a.stamp, 0);
	assert_string_equal(a.etag, "");
	assert_string_equal(a.node, "");
	assert_int_equal(root.mtime, now);
	assert_int_equal(root.ctime, now);
	assert_int_equal(root.nlink, 2);
	assert_int_equal(db_number("SELECT count(*) FROM content WHERE filename = 'f'"), 1);
}

static void create_every_type(void **state)
{
	static const uint32_t types[] = { S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK, S_IFLNK };
	char name[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		(void)snprintf(name, sizeof(name), "n%zu", i);
		struct attr a = attr_of(made(ROOT_ID, name, types[i] | 0600));
		bool device = types[i] == S_IFCHR || types[i] == S_IFBLK;

		assert_int_equal(a.mode, types[i] | 0600);
		assert_int_equal(a.rdev, device ? 0x103 : 0);
		assert_string_equal(a.target, types[i] == S_IFLNK ? "target" : "");
		assert_int_equal(a.size, types[i] == S_IFLNK ? 6 : 0);
	}
	uint64_t d = folder(ROOT_ID, "d");

	assert_int_equal(attr_of(d).nlink, 2);
	assert_int_equal(attr_of(ROOT_ID).nlink, 3);
	assert_int_equal(db_number("SELECT count(*) FROM content"), 0);
	assert_int_equal(create(ROOT_ID, "x", 0644, NULL), -EINVAL);
}

static void create_refuses(void **state)
{
	char name[LIMIT_NAME + 2];

	(void)state;
	uint64_t f = file(ROOT_ID, "f");

	assert_int_equal(create(ROOT_ID, "f", S_IFREG | 0644, NULL), -EEXIST);
	assert_int_equal(create(ROOT_ID, "f", S_IFDIR | 0755, NULL), -EEXIST);
	assert_int_equal(create(f, "x", S_IFREG | 0644, NULL), -ENOTDIR);
	assert_int_equal(create(987654, "x", S_IFREG | 0644, NULL), -ENOENT);
	assert_int_equal(create(ROOT_ID, "", S_IFREG | 0644, NULL), -EINVAL);
	assert_int_equal(create(ROOT_ID, "a/b", S_IFREG | 0644, NULL), -EINVAL);
	assert_int_equal(create(ROOT_ID, "..", S_IFDIR | 0755, NULL), -EINVAL);
	memset(name, 'n', sizeof(name));
	name[LIMIT_NAME + 1] = '\0';
	assert_int_equal(create(ROOT_ID, name, S_IFREG | 0644, NULL), -ENAMETOOLONG);
	name[LIMIT_NAME] = '\0';
	assert_int_equal(create(ROOT_ID, name, S_IFREG | 0644, NULL), 0);
}

static void create_may_find_a_file(void **state)
{
	(void)state;
	uint64_t f = file(ROOT_ID, "f");
	struct call c = { .what = CREATE,
		.create = { .at = in(ROOT_ID, "f"), .mode = S_IFREG | 0600, .now = ++now } };

	assert_int_equal(checked(&c), 0);
	assert_true(c.existed);
	assert_int_equal(c.attr.id, f);
	assert_int_equal(c.attr.mode, S_IFREG | 0644);
	c.create.at = in(ROOT_ID, "g");
	assert_int_equal(checked(&c), 0);
	assert_false(c.existed);
	(void)folder(ROOT_ID, "d");
	c.create.at = in(ROOT_ID, "d");
	assert_int_equal(checked(&c), -EISDIR);
	symlink_to(ROOT_ID, "l", "f");
	c.create.at = in(ROOT_ID, "l");
	assert_int_equal(checked(&c), -EEXIST);
}

static void symlink_targets(void **state)
{
	char target[LIMIT_TARGET + 2];
	struct call c = { .what = CREATE,
		.create = { .at = in(ROOT_ID, "l"),
			.mode = S_IFLNK | 0777,
			.target = target,
			.exclusive = true } };

	(void)state;
	memset(target, 't', sizeof(target));
	assert_int_equal(checked(&c), -ENOENT);
	c.create.target_len = LIMIT_TARGET + 1;
	assert_int_equal(checked(&c), -ENAMETOOLONG);
	c.create.target_len = LIMIT_TARGET;
	assert_int_equal(checked(&c), 0);
	assert_int_equal(strlen(attr_of(c.attr.id).target), LIMIT_TARGET);
	target[5] = '\0';
	c.create.at = in(ROOT_ID, "m");
	assert_int_equal(checked(&c), -EINVAL);
}

static void names_are_bytes(void **state)
{
	static const char *const names[] = { "\xff\xfe", "a b", "new\nline", "\xc3\xa9", "%41",
		"'\"\\", "\\x41" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		uint64_t id = file(ROOT_ID, names[i]);
		struct attr a;

		assert_int_equal(look(ROOT_ID, names[i], &a), 0);
		assert_int_equal(a.id, id);
	}
	assert_int_equal(look(ROOT_ID, "A", NULL), -ENOENT);
}

static void set_group_id_is_handed_on(void **state)
{
	struct attr_change change = { .set = SET_MODE | SET_GID, .mode = 02775, .gid = 77 };
	struct call c = { .what = SETATTR, .change = change };

	(void)state;
	c.id = folder(ROOT_ID, "d");
	assert_int_equal(checked(&c), 0);
	assert_int_equal(attr_of(file(c.id, "f")).gid, 77);
	struct attr a = attr_of(folder(c.id, "s"));

	assert_int_equal(a.gid, 77);
	assert_int_equal(a.mode, S_IFDIR | 02755);
}

/* --- lookup --- */
static void lookup_errors_and_dots(void **state)
{
	struct attr a;

	(void)state;
	uint64_t d = folder(ROOT_ID, "d"), e = folder(d, "e"), f = file(d, "f");

	assert_int_equal(look(d, "no", NULL), -ENOENT);
	assert_int_equal(look(f, "x", NULL), -ENOTDIR);
	assert_int_equal(look(f, ".", NULL), -ENOTDIR);
	assert_int_equal(look(99999, "x", NULL), -ENOENT);
	assert_int_equal(look(99999, "..", NULL), -ENOENT);
	assert_int_equal(look(d, "", NULL), -EINVAL);
	assert_int_equal(look(e, ".", &a), 0);
	assert_int_equal(a.id, e);
	assert_int_equal(look(e, "..", &a), 0);
	assert_int_equal(a.id, d);
	assert_int_equal(look(ROOT_ID, "..", &a), 0);
	assert_int_equal(a.id, ROOT_ID);
	struct call c = { .what = GETATTR, .id = 99999 };

	assert_int_equal(checked(&c), -ENOENT);
}

/* --- setattr --- */
static void setattr_changes_what_is_set(void **state)
{
	struct attr_change change = { .set = SET_MODE | SET_UID | SET_ATIME,
		.mode = 0123,
		.uid = 4294967294U,
		.gid = 5,
		.atime = -5,
		.now = 7 };
	struct call c = { .what = SETATTR, .change = change };

	(void)state;
	c.id = file(ROOT_ID, "f");
	int64_t mtime = now;

	assert_int_equal(checked(&c), 0);
	struct attr a = attr_of(c.id);

	assert_int_equal(a.mode, S_IFREG | 0123);
	assert_int_equal(a.uid, 4294967294U);
	assert_int_equal(a.gid, 20);
	assert_int_equal(a.atime, -5);
	assert_int_equal(a.mtime, mtime);
	assert_int_equal(a.ctime, 7);
	c.change = (struct attr_change){ .set = SET_MTIME | SET_CTIME, .mtime = 8, .ctime = 9 };
	assert_int_equal(checked(&c), 0);
	assert_int_equal(c.attr.mtime, 8);
	assert_int_equal(attr_of(c.id).ctime, 9);
	c.id = 4711;
	assert_int_equal(checked(&c), -ENOENT);
}

static void setattr_size_zero_drops_bytes(void **state)
{
	struct call c = { .what = SETATTR, .change = { .set = SET_SIZE, .now = 50 } };
	char sql[300];

	(void)state;
	c.id = file(ROOT_ID, "f");
	(void)snprintf(sql, sizeof(sql),
		"UPDATE inode SET size = 5 WHERE id = %llu;"
		"UPDATE content SET size = 5, stamp = 77, etag = 'e', uri = 'u' WHERE id = %llu;"
		"INSERT INTO replica (content, part, node, stamp) VALUES (%llu, 0, 'node1', 77)",
		(unsigned long long)c.id, (unsigned long long)c.id, (unsigned long long)c.id);
	db_script(sql);
	struct attr a = attr_of(c.id);

	assert_int_equal(a.stamp, 77);
	assert_string_equal(a.node, "node1");
	assert_string_equal(a.etag, "e");
	assert_int_equal(checked(&c), 0);
	a = attr_of(c.id);
	assert_int_equal(a.size, 0);
	assert_int_equal(a.stamp, 0);
	assert_string_equal(a.node, "");
	assert_string_equal(a.etag, "");
	assert_int_equal(a.mtime, 50);
	assert_int_equal(
		db_number("SELECT count(*) FROM reclaim WHERE node = 'node1' AND stamp = 77"), 1);
	c.change.size = 1;
	assert_int_equal(checked(&c), -EINVAL);
	c.id = ROOT_ID;
	assert_int_equal(checked(&c), -EISDIR);
	c.id = made(ROOT_ID, "p", S_IFIFO | 0600);
	c.change.size = 0;
	assert_int_equal(checked(&c), -EINVAL);
}

/* --- link, unlink, rmdir --- */
static void links_count(void **state)
{
	(void)state;
	uint64_t d = folder(ROOT_ID, "d"), f = file(ROOT_ID, "f");
	struct call c = { .what = UNLINK, .at = in(ROOT_ID, "f"), .now = 5 };

	assert_int_equal(link_at(f, d, "g"), 0);
	assert_int_equal(attr_of(f).nlink, 2);
	assert_int_equal(attr_of(f).ctime, now);
	assert_int_equal(attr_of(d).mtime, now);
	assert_int_equal(link_at(f, d, "g"), -EEXIST);
	assert_int_equal(link_at(d, ROOT_ID, "h"), -EPERM);
	assert_int_equal(link_at(99999, ROOT_ID, "h"), -ENOENT);
	assert_int_equal(link_at(f, 99999, "h"), -ENOENT);
	assert_int_equal(link_at(f, f, "h"), -ENOTDIR);
	assert_int_equal(link_at(f, d, ""), -EINVAL);
	assert_int_equal(checked(&c), 0);
	assert_int_equal(c.gone.id, f);
	assert_int_equal(c.gone.nlink, 1);
	assert_int_equal(attr_of(f).nlink, 1);
	c.at = in(d, "g");
	assert_int_equal(checked(&c), 0);
	assert_int_equal(c.gone.nlink, 0);
	assert_int_equal(db_number("SELECT count(*) FROM inode"), 2);
	assert_int_equal(db_number("SELECT count(*) FROM content"), 0);
}

static void unlink_reclaims(void **state)
{
	char sql[300];

	(void)state;
	uint64_t f = file(ROOT_ID, "f");

	(void)snprintf(sql, sizeof(sql),
		"UPDATE content SET stamp = 78 WHERE id = %llu;"
		"INSERT INTO replica (content, part, node, stamp) VALUES (%llu, 0, 'a', 78), "
		"(%llu, 0, 'b', 78)",
		(unsigned long long)f, (unsigned long long)f, (unsigned long long)f);
	db_script(sql);
	assert_int_equal(unlink_at(ROOT_ID, "f"), 0);
	assert_int_equal(db_number("SELECT count(*) FROM reclaim WHERE stamp = 78"), 2);
	assert_int_equal(db_number("SELECT count(*) FROM replica"), 0);
	/* a number is never used again */
	assert_true(file(ROOT_ID, "f") > f);
}

static void unlink_and_rmdir_refuse(void **state)
{
	(void)state;
	uint64_t d = folder(ROOT_ID, "d"), f = file(d, "f");

	assert_int_equal(unlink_at(ROOT_ID, "d"), -EISDIR);
	assert_int_equal(unlink_at(ROOT_ID, "no"), -ENOENT);
	assert_int_equal(unlink_at(f, "no"), -ENOTDIR);
	assert_int_equal(unlink_at(99999, "no"), -ENOENT);
	assert_int_equal(unlink_at(d, ".."), -EINVAL);
	assert_int_equal(rmdir_at(ROOT_ID, "d"), -ENOTEMPTY);
	assert_int_equal(rmdir_at(d, "f"), -ENOTDIR);
	assert_int_equal(rmdir_at(d, "no"), -ENOENT);
	assert_int_equal(rmdir_at(f, "no"), -ENOTDIR);
	assert_int_equal(unlink_at(d, "f"), 0);
	assert_int_equal(rmdir_at(ROOT_ID, "d"), 0);
	assert_int_equal(attr_of(ROOT_ID).nlink, 2);
	assert_int_equal(attr_of(ROOT_ID).mtime, now);
	assert_int_equal(look(ROOT_ID, "d", NULL), -ENOENT);
}

static int count_body(struct meta_tx *tx, void *arg)
{
	return tree_count(tx, arg);
}

static void inodes_are_counted(void **state)
{
	uint64_t n;

	(void)state;
	(void)folder(ROOT_ID, "d");
	(void)file(ROOT_ID, "f");
	assert_int_equal(meta_run(db.meta, META_READ, count_body, &n), 0);
	assert_int_equal(n, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DB_TEST(create_gives_attributes),
		DB_TEST(create_every_type),
		DB_TEST(create_refuses),
		DB_TEST(create_may_find_a_file),
		DB_TEST(symlink_targets),
		DB_TEST(names_are_bytes),
		DB_TEST(set_group_id_is_handed_on),
		DB_TEST(lookup_errors_and_dots),
		DB_TEST(setattr_changes_what_is_set),
		DB_TEST(setattr_size_zero_drops_bytes),
		DB_TEST(links_count),
		DB_TEST(unlink_reclaims),
		DB_TEST(unlink_and_rmdir_refuse),
		DB_TEST(inodes_are_counted),
	};

	return DB_RUN(tests);
}
