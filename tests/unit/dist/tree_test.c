#include "dist/tree.h"

#include "common/name.h"
#include "db.h"
#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>

/* One call of tree.h with all it may need, run in a transaction of its own that commits even when the rule refuses: a
 * refusal must have changed nothing. */
enum what { CREATE, LINK, UNLINK, RMDIR, RENAME, LOOKUP, GETATTR, SETATTR, RESOLVE, PARENT, PATH };
struct call {
	enum what what;
	struct tree_new create;
	struct tree_name at, to;
	uint64_t id;
	unsigned flags;
	struct attr_change change;
	const char *path;
	int64_t now;
	/* answers */
	int rc;
	struct attr attr;
	bool existed;
	struct tree_gone gone;
	struct buf text;
};

static int dispatch(struct meta_tx *tx, struct call *c)
{
	switch (c->what) {
	case CREATE:
		return tree_create(tx, &c->create, &c->attr, &c->existed);
	case LINK:
		return tree_link(tx, c->id, &c->at, c->now, &c->attr);
	case UNLINK:
		return tree_unlink(tx, &c->at, c->now, &c->gone);
	case RMDIR:
		return tree_rmdir(tx, &c->at, c->now, &c->gone);
	case RENAME:
		return tree_rename(tx, &c->at, &c->to, c->flags, c->now);
	case LOOKUP:
		return tree_lookup(tx, &c->at, &c->attr);
	case GETATTR:
		return tree_getattr(tx, c->id, &c->attr);
	case SETATTR:
		return tree_setattr(tx, c->id, &c->change, &c->attr);
	case RESOLVE:
		return tree_resolve(tx, c->path, strlen(c->path), &c->attr);
	case PARENT:
		return tree_resolve_parent(tx, c->path, strlen(c->path), &c->at);
	case PATH:
		buf_clear(&c->text);
		return tree_path(tx, c->id, &c->text);
	}
	return -ENOSYS;
}

static int body(struct meta_tx *tx, void *arg)
{
	struct call *c = arg;

	c->rc = dispatch(tx, c);
	return 0;
}

static bool reads(enum what w)
{
	return w == LOOKUP || w == GETATTR || w == RESOLVE || w == PARENT || w == PATH;
}

static int run(struct call *c)
{
	int rc = meta_run(db.meta, reads(c->what) ? META_READ : META_WRITE, body, c);

	if (rc < 0)
		fail_msg("transaction: %d %s", rc, meta_error());
	return c->rc;
}

/* Runs it, and when it fails proves that nothing changed. */
static int checked(struct call *c)
{
	struct buf before = BUF_INIT, after = BUF_INIT;
	int rc;

	db_dump(&before);
	rc = run(c);
	db_dump(&after);
	if (rc < 0)
		assert_string_equal(buf_str(&before), buf_str(&after));
	buf_release(&before);
	buf_release(&after);
	return rc;
}

static struct tree_name in(uint64_t dir, const char *name)
{
	return (struct tree_name){ .dir = dir, .name = name, .len = strlen(name) };
}

static int64_t now = 1000;

static int create(uint64_t dir, const char *name, uint32_t mode, uint64_t *id)
{
	struct call c = { .what = CREATE,
		.create = { .at = in(dir, name),
			.mode = mode,
			.uid = 10,
			.gid = 20,
			.rdev = 0x103,
			.exclusive = true,
			.now = ++now } };

	if (S_ISLNK(mode)) {
		c.create.target = "target";
		c.create.target_len = 6;
	}
	int rc = checked(&c);

	if (rc == 0 && id)
		*id = c.attr.id;
	return rc;
}

static uint64_t made(uint64_t dir, const char *name, uint32_t mode)
{
	uint64_t id = 0;

	assert_int_equal(create(dir, name, mode, &id), 0);
	return id;
}

static uint64_t file(uint64_t dir, const char *name)
{
	return made(dir, name, S_IFREG | 0644);
}

static uint64_t folder(uint64_t dir, const char *name)
{
	return made(dir, name, S_IFDIR | 0755);
}

static int unlink_at(uint64_t dir, const char *name)
{
	struct call c = { .what = UNLINK, .at = in(dir, name), .now = ++now };

	return checked(&c);
}

static int rmdir_at(uint64_t dir, const char *name)
{
	struct call c = { .what = RMDIR, .at = in(dir, name), .now = ++now };

	return checked(&c);
}

static int move(uint64_t from, const char *name, uint64_t to, const char *toname, unsigned flags)
{
	struct call c = { .what = RENAME,
		.at = in(from, name),
		.to = in(to, toname),
		.flags = flags,
		.now = ++now };

	return checked(&c);
}

static int link_at(uint64_t id, uint64_t dir, const char *name)
{
	struct call c = { .what = LINK, .id = id, .at = in(dir, name), .now = ++now };

	return checked(&c);
}

static int look(uint64_t dir, const char *name, struct attr *out)
{
	struct call c = { .what = LOOKUP, .at = in(dir, name) };
	int rc = checked(&c);

	if (rc == 0 && out)
		*out = c.attr;
	return rc;
}

static struct attr attr_of(uint64_t id)
{
	struct call c = { .what = GETATTR, .id = id };

	assert_int_equal(checked(&c), 0);
	return c.attr;
}

static int resolve(const char *path, uint64_t *id)
{
	struct call c = { .what = RESOLVE, .path = path };
	int rc = checked(&c);

	if (rc == 0 && id)
		*id = c.attr.id;
	return rc;
}

static void symlink_to(uint64_t dir, const char *name, const char *target)
{
	struct call c = { .what = CREATE,
		.create = { .at = in(dir, name),
			.mode = S_IFLNK | 0777,
			.target = target,
			.target_len = strlen(target),
			.exclusive = true,
			.now = ++now } };

	assert_int_equal(checked(&c), 0);
}

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

/* --- rename --- */
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

/* --- listing and paths --- */
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
		DB_TEST(rename_plain_and_replace),
		DB_TEST(rename_refuses),
		DB_TEST(rename_same_inode_is_nothing),
		DB_TEST(rename_directories_keep_link_counts),
		DB_TEST(rename_exchange),
		DB_TEST(readdir_is_bytewise_and_paged),
		DB_TEST(paths_resolve),
		DB_TEST(paths_follow_links),
		DB_TEST(paths_have_limits),
		DB_TEST(parents_resolve),
		DB_TEST(inodes_are_counted),
	};

	return DB_RUN(tests);
}
