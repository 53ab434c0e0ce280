#include "dist/reg.h"

#include "reg_call.h"

/* --- store --- */
static void store_shows_the_record(void **state)
{
	struct content_new n = upload("photo.jpg", 100);
	struct call c = { .what = STORE, .new = n };

	(void)state;
	assert_int_equal(run(&c), 0);
	assert_true(c.created);
	assert_string_equal(c.old.node, "");
	assert_string_equal(c.content.filename, "photo.jpg");
	assert_true(c.content.has_filename);
	assert_int_equal(c.content.size, 5);
	assert_string_equal(c.content.created, "2022-08-29T06:03:04.181883+00:00");
	assert_string_equal(c.content.status, "OK");
	assert_string_equal(c.content.node, "node1");
	assert_string_equal(c.content.uri, "");
	assert_string_equal(c.content.type, "text/plain");
	assert_string_equal(c.content.etag, n.etag);
	assert_int_equal(c.content.stamp, 100);
	assert_int_equal(c.content.mtime, n.now);
	assert_int_equal(c.content.ctime, n.now);
	assert_int_equal(entry(ROOT_ID, "photo.jpg"), c.content.id);
	struct call get = { .what = GET, .id = c.content.id };

	assert_int_equal(run(&get), 0);
	assert_string_equal(get.content.created, c.content.created);
	get = (struct call){ .what = GET, .id = 99999 };
	assert_int_equal(run(&get), -ENOENT);
	get = (struct call){ .what = BY_STAMP, .id = 100 };
	assert_int_equal(run(&get), 0);
	assert_int_equal(get.content.id, c.content.id);
	get.id = 101;
	assert_int_equal(run(&get), -ENOENT);
}

static void store_twice_is_once(void **state)
{
	struct call c = { .what = STORE, .new = upload("f", 100) };

	(void)state;
	assert_int_equal(run(&c), 0);
	uint64_t id = c.content.id;

	c.new.filename = "other";
	assert_int_equal(run(&c), 0);
	assert_false(c.created);
	assert_int_equal(c.content.id, id);
	assert_string_equal(c.content.filename, "f");
	assert_int_equal(db_number("SELECT count(*) FROM content"), 1);
}

static void store_by_hand(void **state)
{
	struct call c = { .what = STORE,
		.new = { .has_filename = true,
			.filename = "by/hand",
			.has_size = true,
			.size = 3072,
			.has_uri = true,
			.uri = "http://192.168.0.4:8003",
			.now = 5 } };
	char name[24];

	(void)state;
	assert_int_equal(run(&c), 0);
	assert_string_equal(c.content.uri, "http://192.168.0.4:8003");
	assert_string_equal(c.content.filename, "by/hand");
	assert_string_equal(c.content.created, "1970-01-01T00:00:00.000000+00:00");
	assert_int_equal(c.content.stamp, 0);
	/* no name for an entry: the id is */
	(void)snprintf(name, sizeof(name), "%" PRIu64, c.content.id);
	assert_int_equal(entry(ROOT_ID, name), c.content.id);
	/* stamps are unique, none is not */
	assert_int_equal(run(&c), 0);
	assert_int_equal(db_number("SELECT count(*) FROM content"), 2);
}

static void taken_names_get_the_id(void **state)
{
	char name[LIMIT_NAME + 32], expect[LIMIT_NAME + 32];

	(void)state;
	uint64_t a = store(&(struct content_new){ .has_filename = true, .filename = "f" }).id;
	uint64_t b = store(&(struct content_new){ .has_filename = true, .filename = "f" }).id;

	assert_int_equal(entry(ROOT_ID, "f"), a);
	(void)snprintf(name, sizeof(name), "f~%" PRIu64, b);
	assert_int_equal(entry(ROOT_ID, name), b);
	/* NULL is the id, and that may be taken too */
	uint64_t d = store(&(struct content_new){ .now = 1 }).id;

	(void)snprintf(name, sizeof(name), "%" PRIu64, d);
	assert_int_equal(entry(ROOT_ID, name), d);
	(void)snprintf(name, sizeof(name), "%" PRIu64, d + 2);
	assert_int_equal(
		store(&(struct content_new){ .has_filename = true, .filename = name }).id, d + 1);
	assert_int_equal(store(&(struct content_new){ .now = 1 }).id, d + 2);
	(void)snprintf(expect, sizeof(expect), "%" PRIu64 "~%" PRIu64, d + 2, d + 2);
	assert_int_equal(entry(ROOT_ID, expect), d + 2);
}

static void long_names_are_cut_between_characters(void **state)
{
	char name[LIMIT_NAME + 1], expect[LIMIT_NAME + 1];

	(void)state;
	/* 85 characters of three bytes */
	for (size_t i = 0; i < LIMIT_NAME; i += 3)
		memcpy(name + i, "\xe2\x82\xac", 3);
	name[LIMIT_NAME] = '\0';
	struct content_new n = { .has_filename = true, .filename = name };
	uint64_t a = store(&n).id, b = store(&n).id;

	assert_int_equal(entry(ROOT_ID, name), a);
	(void)snprintf(expect, sizeof(expect), "~%" PRIu64, b);
	size_t keep = (LIMIT_NAME - strlen(expect)) / 3 * 3;

	(void)snprintf(expect, sizeof(expect), "%.*s~%" PRIu64, (int)keep, name, b);
	assert_int_equal(entry(ROOT_ID, expect), b);
}

static void entry_name_wins_over_filename(void **state)
{
	struct call c = { .what = STORE, .new = upload("caf\xc3\xa9", 100) };

	(void)state;
	c.new.name = "caf\xe9";
	c.new.name_len = 4;
	assert_int_equal(run(&c), 0);
	assert_int_equal(entry(ROOT_ID, "caf\xe9"), c.content.id);
	assert_string_equal(c.content.filename, "caf\xc3\xa9");
	c.new.stamp = 101;
	c.new.name = "a/b";
	c.new.name_len = 3;
	assert_int_equal(run(&c), -EINVAL);
}

static void equal_stamps_of_other_bytes_are_two_contents(void **state)
{
	struct content_new n = upload("a", 100);
	uint64_t a = store(&n).id;

	(void)state;
	n.etag = "ffffffffffffffffffffffffffffffff";
	assert_int_not_equal(store(&n).id, a);
	assert_int_equal(db_number("SELECT count(*) FROM content"), 2);
}

static struct call store_at(const char *path, uint64_t stamp)
{
	struct call c = { .what = STORE, .new = upload("upload.tmp", stamp) };

	c.new.has_filename = false;
	c.new.path = path;
	c.new.path_len = strlen(path);
	return c;
}

static void store_at_a_path(void **state)
{
	(void)state;
	uint64_t d = folder(ROOT_ID, "d");
	struct call c = store_at("/d/new.txt", 100);

	assert_int_equal(run(&c), 0);
	assert_true(c.created);
	assert_string_equal(c.content.filename, "new.txt");
	assert_int_equal(entry(d, "new.txt"), c.content.id);
	uint64_t id = c.content.id;

	c = store_at("d/new.txt", 101);
	c.new.has_filename = true; /* the path is the name */
	c.new.node = "node2";
	assert_int_equal(run(&c), 0);
	assert_false(c.created);
	assert_int_equal(c.content.id, id);
	assert_string_equal(c.content.filename, "new.txt");
	assert_string_equal(c.content.node, "node2");
	assert_string_equal(c.old.node, "node1");
	assert_int_equal(c.old.stamp, 100);
	assert_int_equal(reclaimed("node1", 100), 1);
	assert_int_equal(entry(d, "new.txt"), id);
	/* again: applied already */
	assert_int_equal(run(&c), 0);
	assert_string_equal(c.old.node, "");
	assert_int_equal(reclaimed("node2", 101), 0);
}

static void store_at_a_path_refuses(void **state)
{
	struct call l = { .what = SYMLINK, .at = in(ROOT_ID, "dangling") };

	(void)state;
	(void)folder(ROOT_ID, "d");
	assert_int_equal(run(&l), 0);
	struct call c = store_at("d", 1);

	assert_int_equal(run(&c), -EISDIR);
	c = store_at("d/x/", 1);
	assert_int_equal(run(&c), -EISDIR);
	c = store_at("", 1);
	assert_int_equal(run(&c), -EISDIR);
	c = store_at("no/x", 1);
	assert_int_equal(run(&c), -ENOENT);
	c = store_at("dangling", 1);
	assert_int_equal(run(&c), -EEXIST);
	c = store_at("d/..", 1);
	assert_int_equal(run(&c), -EISDIR);
	c = store_at("d/f", 1);
	assert_int_equal(run(&c), 0);
	c = store_at("d/f/g", 2);
	assert_int_equal(run(&c), -ENOTDIR);
}

/* --- replace --- */
static void replace_changes_bytes(void **state)
{
	struct call c = { .what = REPLACE, .new = upload(NULL, 200) };

	(void)state;
	struct content_new first = upload("f", 100);

	c.id = store(&first).id;
	c.new.size = 9;
	c.new.node = "node2";
	c.new.has_mtime = true;
	c.new.mtime = 77;
	c.new.now = 88;
	assert_int_equal(run(&c), 0);
	assert_string_equal(c.content.filename, "f");
	assert_int_equal(c.content.size, 9);
	assert_string_equal(c.content.node, "node2");
	assert_int_equal(c.content.mtime, 77);
	assert_int_equal(c.content.ctime, 88);
	assert_string_equal(c.old.node, "node1");
	assert_int_equal(c.old.stamp, 100);
	assert_int_equal(reclaimed("node1", 100), 1);
	assert_int_equal(db_number("SELECT size FROM inode WHERE size = 9"), 9);
	/* the same again */
	assert_int_equal(run(&c), 0);
	assert_string_equal(c.old.node, "");
	assert_int_equal(db_number("SELECT count(*) FROM reclaim"), 1);
	/* the node that keeps the new version loses the old one too */
	c.new.stamp = 201;
	assert_int_equal(run(&c), 0);
	assert_int_equal(reclaimed("node2", 200), 1);
	assert_int_equal(reclaimed("node2", 201), 0);
}

static void replace_renames_the_entry(void **state)
{
	struct call c = { .what = REPLACE, .new = upload("g", 200) };

	(void)state;
	uint64_t d = folder(ROOT_ID, "d");
	struct call first = store_at("d/f", 100);

	assert_int_equal(run(&first), 0);
	c.id = first.content.id;
	assert_int_equal(run(&c), 0);
	assert_int_equal(entry(d, "g"), c.id);
	assert_int_equal(entry(d, "f"), 0);
	assert_string_equal(c.content.filename, "g");
	/* taken */
	struct call other = store_at("d/h", 101);
	char name[32];

	assert_int_equal(run(&other), 0);
	c.new.filename = "h";
	c.new.stamp = 202;
	assert_int_equal(run(&c), 0);
	(void)snprintf(name, sizeof(name), "h~%" PRIu64, c.id);
	assert_int_equal(entry(d, name), c.id);
	assert_string_equal(c.content.filename, "h");
	/* of two names none changes */
	struct call link = { .what = LINK, .id = c.id, .at = in(ROOT_ID, "second") };

	assert_int_equal(run(&link), 0);
	c.new.filename = "i";
	c.new.stamp = 203;
	assert_int_equal(run(&c), 0);
	assert_int_equal(entry(d, name), c.id);
	assert_string_equal(c.content.filename, "i");
}

static void replace_by_hand(void **state)
{
	struct call c = { .what = REPLACE,
		.new = { .has_filename = true, .has_uri = true, .uri = "http://h:1", .now = 9 } };

	(void)state;
	struct content_new first = upload("f", 100);

	c.id = store(&first).id;
	assert_int_equal(run(&c), 0);
	assert_false(c.content.has_filename);
	assert_int_equal(entry(ROOT_ID, "f"), c.id);
	assert_string_equal(c.content.uri, "http://h:1");
	assert_string_equal(c.content.node, "node1");
	assert_int_equal(c.content.size, 5);
	assert_int_equal(c.content.mtime, first.now);
	assert_int_equal(c.old.stamp, 0);
	c.new = (struct content_new){ .has_size = true, .size = 6, .now = 10 };
	assert_int_equal(run(&c), 0);
	assert_int_equal(c.content.size, 6);
	assert_int_equal(c.content.stamp, 100);
	assert_int_equal(db_number("SELECT count(*) FROM reclaim"), 0);
}

static uint64_t allocated_of(const char *name)
{
	struct call c = { .what = LOOKUP, .at = in(ROOT_ID, name) };

	assert_int_equal(run(&c), 0);
	return c.attr.allocated;
}

static void data_without_holes(void **state)
{
	struct content_new n = upload("f", 100);
	struct call c = { .what = REPLACE, .new = upload(NULL, 101) };

	(void)state;
	n.allocated = 2;
	c.id = store(&n).id;
	assert_int_equal(allocated_of("f"), 2);
	c.new.allocated = c.new.size; /* as when it is not told */
	assert_int_equal(run(&c), 0);
	assert_int_equal(c.content.allocated, 5);
	assert_int_equal(db_number("SELECT count(*) FROM content WHERE allocated IS NULL"), 1);
	assert_int_equal(allocated_of("f"), 5); /* as of rows from before there was the column */
	c.new.stamp = 102;
	c.new.allocated = 0;
	assert_int_equal(run(&c), 0);
	assert_int_equal(c.content.allocated, 0);
	assert_int_equal(allocated_of("f"), 0);
}

static void replace_refuses(void **state)
{
	struct call c = { .what = REPLACE, .id = 99999, .new = upload("f", 100) };

	(void)state;
	assert_int_equal(run(&c), -ENOENT);
	c.id = folder(ROOT_ID, "d");
	assert_int_equal(run(&c), -EISDIR);
	c.id = ROOT_ID;
	assert_int_equal(run(&c), -EISDIR);
	struct content_new n = upload("f", 100);

	c.id = store(&n).id;
	c.new.stamp = 101;
	c.new.name = "..";
	c.new.name_len = 2;
	assert_int_equal(run(&c), -EINVAL);
}

static void replace_on_a_base(void **state)
{
	(void)state;
	struct content_new n = upload("f", 100);
	struct call c = { .what = REPLACE, .id = store(&n).id, .new = upload(NULL, 101) };

	c.new.has_base = true;
	c.new.base = 99;
	assert_int_equal(run(&c), -ESTALE);
	c.new.base = 0; /* it is not empty */
	assert_int_equal(run(&c), -ESTALE);
	c.new.base = 100;
	assert_int_equal(run(&c), 0);
	assert_int_equal(c.content.stamp, 101);
	/* a repeat is known by its stamp, whatever its base */
	assert_int_equal(run(&c), 0);
	assert_string_equal(c.old.node, "");
}

static int expire(struct meta_tx *tx, void *arg)
{
	return reg_applied_expire(tx, *(const int64_t *)arg);
}

static void replace_once_for_a_stamp(void **state)
{
	(void)state;
	struct content_new n = upload("f", 100);
	uint64_t id = store(&n).id;
	struct call c = { .what = REPLACE, .id = id, .new = upload(NULL, 101) };
	struct call later = { .what = REPLACE, .id = id, .new = upload(NULL, 102) };
	int64_t before = c.new.now;

	c.new.once = c.new.has_base = true;
	c.new.base = 100;
	assert_int_equal(run(&c), 0);
	assert_int_equal(run(&later), 0);
	/* neither applied again nor refused, and told what is current */
	assert_int_equal(run(&c), 0);
	assert_int_equal(c.content.stamp, 102);
	assert_string_equal(c.old.node, "");
	assert_int_equal(reclaimed("node1", 102), 0);
	assert_int_equal(meta_run(db.meta, META_WRITE, expire, &before), 0);
	assert_int_equal(run(&c), 0);
	before++;
	assert_int_equal(meta_run(db.meta, META_WRITE, expire, &before), 1);
	assert_int_equal(run(&c), -ESTALE); /* forgotten */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DB_TEST(store_shows_the_record),
		DB_TEST(store_twice_is_once),
		DB_TEST(store_by_hand),
		DB_TEST(taken_names_get_the_id),
		DB_TEST(long_names_are_cut_between_characters),
		DB_TEST(entry_name_wins_over_filename),
		DB_TEST(equal_stamps_of_other_bytes_are_two_contents),
		DB_TEST(store_at_a_path),
		DB_TEST(store_at_a_path_refuses),
		DB_TEST(replace_changes_bytes),
		DB_TEST(replace_renames_the_entry),
		DB_TEST(replace_by_hand),
		DB_TEST(data_without_holes),
		DB_TEST(replace_refuses),
		DB_TEST(replace_on_a_base),
		DB_TEST(replace_once_for_a_stamp),
	};

	return DB_RUN(tests);
}
