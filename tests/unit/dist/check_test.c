#include "dist/check.h"

#include "common/limits.h"
#include "tree_call.h"

static int run_it(struct meta_tx *tx, void *arg)
{
	return check_run(tx, arg);
}

static struct check found(void)
{
	struct check c = { .sentences = BUF_INIT };

	assert_int_equal(meta_run(db.meta, META_READ, run_it, &c), 0);
	return c;
}

static void is_clean(void)
{
	struct check c = found();

	assert_string_equal(buf_str(&c.sentences), "");
	assert_int_equal(c.findings, 0);
	buf_release(&c.sentences);
}

/* A folder d (with a folder and two names of a file) and one of each other kind. */
static uint64_t d, f, link_id, fifo;
static void build(void)
{
	d = folder(ROOT_ID, "d");
	(void)folder(d, "below");
	f = file(d, "f");
	assert_int_equal(link_at(f, ROOT_ID, "g"), 0);
	link_id = made(ROOT_ID, "l", S_IFLNK | 0777);
	fifo = made(ROOT_ID, "p", S_IFIFO | 0600);
	(void)made(ROOT_ID, "c", S_IFCHR | 0600);
}

static void counts_what_it_saw(void **state)
{
	struct check c;

	(void)state;
	build();
	c = found();
	assert_int_equal(c.findings, 0);
	assert_int_equal(c.inodes, 7);
	assert_int_equal(c.entries, 7);
	assert_int_equal(c.contents, 1);
	buf_release(&c.sentences);
}

/* Does the damage, of which exactly the checks `names` ("a b") must tell; then all is built anew, with other ids. */
static void damage(const char *names, const char *fmt, ...) ATTR_PRINTF(2, 3);
static void damage(const char *names, const char *fmt, ...)
{
	char sql[300], want[200];
	struct check c;
	va_list ap;
	size_t kinds = 1;

	va_start(ap, fmt);
	(void)vsnprintf(sql, sizeof(sql), fmt, ap);
	va_end(ap);
	db_script(sql);
	c = found();
	for (const char *name = names; *name; name += *name == ' ') {
		size_t len = strcspn(name, " ");

		(void)snprintf(want, sizeof(want), "\"check\":\"%.*s\"", (int)len, name);
		if (!strstr(buf_str(&c.sentences), want))
			fail_msg("%s: no %s in %s", sql, want, buf_str(&c.sentences));
		name += len;
		kinds += *name == ' ';
	}
	if (c.findings != kinds)
		fail_msg("%s: %s", sql, buf_str(&c.sentences));
	buf_release(&c.sentences);
	(void)db_wipe(NULL);
	build();
	is_clean();
}

#define ID "%llu"
#define N(id) ((unsigned long long)(id))

static void tells_damage_of_inodes(void **state)
{
	(void)state;
	build();
	damage("type", "UPDATE inode SET mode = 420 WHERE id = " ID, N(fifo));
	damage("number links", "UPDATE inode SET nlink = 0 WHERE id = " ID, N(fifo));
	damage("number size", "UPDATE inode SET size = -1 WHERE id = " ID, N(f));
	damage("device", "UPDATE inode SET rdev = 3 WHERE id = " ID, N(f));
	damage("target", "UPDATE inode SET target = NULL WHERE id = " ID, N(link_id));
	damage("target", "UPDATE inode SET size = 7 WHERE id = " ID, N(link_id));
	damage("links", "UPDATE inode SET nlink = 3 WHERE id = " ID, N(f));
	damage("folder-links", "UPDATE inode SET nlink = 4 WHERE id = " ID, N(d));
}

static void tells_damage_of_entries(void **state)
{
	const char *slash = db.pg ? "'\\x2f'" : "x'2f'", *x = db.pg ? "'\\x78'" : "x'78'";

	(void)state;
	build();
	damage("unnamed links", "DELETE FROM dentry WHERE inode = " ID, N(fifo));
	damage("entry-inode", "INSERT INTO dentry VALUES (1, %s, 12345)", x);
	damage("entry-parent links", "INSERT INTO dentry VALUES (12345, %s, " ID ")", x, N(f));
	damage("entry-parent links", "INSERT INTO dentry VALUES (" ID ", %s, " ID ")", N(fifo), x,
		N(f));
	damage("root-entry folder-links", "INSERT INTO dentry VALUES (" ID ", %s, 1)", N(d), x);
	damage("folder-names folder-links", "INSERT INTO dentry VALUES (1, %s, " ID ")", x, N(d));
	damage("name links", "INSERT INTO dentry VALUES (1, %s, " ID ")", slash, N(f));
	damage("unreachable unreachable folder-links folder-links",
		"UPDATE dentry SET parent = " ID " WHERE inode = " ID, N(d), N(d));
}

static void tells_damage_of_the_register(void **state)
{
	(void)state;
	build();
	damage("file-record", "DELETE FROM content WHERE id = " ID, N(f));
	damage("record-file", "INSERT INTO content (id, size) VALUES (12345, 0)");
	damage("size", "UPDATE content SET size = 5 WHERE id = " ID, N(f));
	damage("time", "UPDATE content SET mtime = 5 WHERE id = " ID, N(f));
	damage("bytes", "UPDATE content SET stamp = 5 WHERE id = " ID, N(f));
	damage("replica-record",
		"INSERT INTO replica (content, part, node, stamp) VALUES (12345, 0, 'n', 5)");
	damage("replica-version",
		"INSERT INTO replica (content, part, node, stamp) VALUES (" ID ", 0, 'n', 5)",
		N(f));
	damage("replica-version reclaim",
		"INSERT INTO replica (content, part, node, stamp) VALUES (" ID ", 0, 'n', 5);"
		"INSERT INTO reclaim (node, content, part, stamp) VALUES ('n', " ID ", 0, 5)",
		N(f), N(f));
	damage("xattr", "INSERT INTO xattr VALUES (12345, %s, %s)", db.pg ? "'a'" : "x'61'",
		db.pg ? "'b'" : "x'62'");
	damage("xattrs", "UPDATE inode SET xattrs = 1 WHERE id = " ID, N(f));
	damage("part", "INSERT INTO part VALUES (12345, 1, 5, 0, '')");
}

static void tells_that_the_root_is_missing(void **state)
{
	struct check c;

	(void)state;
	db_script("DELETE FROM inode WHERE id = 1");
	c = found();
	assert_int_equal(c.findings, 1);
	assert_non_null(strstr(buf_str(&c.sentences), "\"check\":\"root\",\"id\":1"));
	buf_release(&c.sentences);
	db_script("INSERT INTO inode (id, mode, uid, gid, nlink, atime, mtime, ctime)"
		  " VALUES (1, 16877, 0, 0, 2, 0, 0, 0)");
}

static void tells_so_many_of_a_kind(void **state)
{
	struct check c;

	(void)state;
	for (int i = 0; i < LIMIT_FINDINGS + 5; i++) {
		char sql[100];

		(void)snprintf(sql, sizeof(sql), "INSERT INTO content (id, size) VALUES (%d, 0)",
			50000 + i);
		db_script(sql);
	}
	c = found();
	assert_int_equal(c.findings, LIMIT_FINDINGS);
	buf_release(&c.sentences);
	(void)db_wipe(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DB_TEST(counts_what_it_saw),
		DB_TEST(tells_damage_of_inodes),
		DB_TEST(tells_damage_of_entries),
		DB_TEST(tells_damage_of_the_register),
		DB_TEST(tells_that_the_root_is_missing),
		DB_TEST(tells_so_many_of_a_kind),
	};

	return DB_RUN(tests);
}
