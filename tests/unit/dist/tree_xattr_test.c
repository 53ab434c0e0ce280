#include "dist/tree_xattr.h"

#include "common/acl.h"
#include "common/xattr.h"
#include "dist/reg.h"
#include "tree_call.h"

/* One call of tree_xattr.h, as struct call is one of tree.h. */
struct xcall {
	char what; /* s g l r, p: reg_store at a path */
	uint64_t id;
	struct tree_xattr x;
	const char *path;
	int rc;
	struct attr attr;
	struct buf text;
};

static int add_pair(void *arg, const char *name, size_t len, const char *value, size_t value_len)
{
	buf_addf(arg, "%.*s=%zu:%.*s ", (int)len, name, value_len,
		value_len < 20 ? (int)value_len : 0, value ? value : "");
	return buf_error(arg);
}

static int store_at(struct meta_tx *tx, struct xcall *c)
{
	struct content_new n = { .path = c->path,
		.path_len = strlen(c->path),
		.mode = 0666,
		.umask = 022,
		.uid = 1,
		.gid = 2,
		.now = c->x.now };
	struct replaced old;
	struct content out;
	bool created;
	int rc = reg_store(tx, &n, &out, &old, &created);

	return rc < 0 ? rc : tree_getattr(tx, out.id, &c->attr);
}

static int xbody(struct meta_tx *tx, void *arg)
{
	struct xcall *c = arg;

	buf_clear(&c->text);
	if (c->what == 's')
		c->rc = tree_setxattr(tx, c->id, &c->x, &c->attr);
	else if (c->what == 'g')
		c->rc = tree_getxattr(tx, c->id, c->x.name, c->x.len, &c->text);
	else if (c->what == 'l')
		c->rc = tree_listxattr(tx, c->id, add_pair, &c->text, &c->attr);
	else if (c->what == 'r')
		c->rc = tree_removexattr(tx, c->id, c->x.name, c->x.len, c->x.now, &c->attr);
	else
		c->rc = store_at(tx, c);
	return 0;
}

static int xrun(struct xcall *c)
{
	struct buf before = BUF_INIT, after = BUF_INIT;
	enum meta_mode mode = c->what == 'g' || c->what == 'l' ? META_READ : META_WRITE;

	db_dump(&before);
	if (meta_run(db.meta, mode, xbody, c) < 0)
		fail_msg("%s", meta_error());
	db_dump(&after);
	if (c->rc < 0)
		assert_string_equal(buf_str(&before), buf_str(&after));
	buf_release(&before);
	buf_release(&after);
	return c->rc;
}

static struct tree_xattr named(const char *name, const char *value, size_t len, unsigned flags)
{
	return (struct tree_xattr){ .name = name,
		.len = strlen(name),
		.value = value,
		.value_len = len,
		.flags = flags,
		.now = ++now };
}

static int set_bytes(uint64_t id, const char *name, const void *value, size_t len, unsigned flags)
{
	struct xcall c = { .what = 's', .id = id, .x = named(name, value, len, flags) };
	int rc = xrun(&c);

	if (rc == 0) {
		struct attr a = attr_of(id);

		assert_int_equal(a.ctime, now);
		assert_int_equal(a.xattrs, c.attr.xattrs);
		assert_int_equal(a.mode, c.attr.mode);
	}
	return rc;
}

static int set(uint64_t id, const char *name, const char *value)
{
	return set_bytes(id, name, value, strlen(value), 0);
}

static int drop(uint64_t id, const char *name)
{
	struct xcall c = { .what = 'r', .id = id, .x = named(name, "", 0, 0) };

	return xrun(&c);
}

static int get(uint64_t id, const char *name, struct buf *out)
{
	struct xcall c = { .what = 'g', .id = id, .x = named(name, "", 0, 0) };
	int rc = xrun(&c);

	if (out)
		*out = c.text;
	else
		buf_release(&c.text);
	return rc;
}

static void is(uint64_t id, const char *name, const char *value)
{
	struct buf out;

	assert_int_equal(get(id, name, &out), 0);
	assert_int_equal(out.len, strlen(value));
	assert_string_equal(buf_str(&out), value);
	buf_release(&out);
}

static void lists(uint64_t id, const char *text)
{
	struct xcall c = { .what = 'l', .id = id };

	assert_int_equal(xrun(&c), 0);
	assert_string_equal(buf_str(&c.text), text);
	buf_release(&c.text);
}

/* "u6 U1000:7 g5 m7 o0" as the kernel writes it. */
static size_t acl_of(const char *text, unsigned char *out)
{
	static const char tags[] = "uUgGmo";
	struct acl acl = { 0 };

	while (*text) {
		struct acl_entry *e = &acl.list[acl.n++];
		char *end;

		e->tag = (uint16_t)(1U << (strchr(tags, text[0]) - tags));
		e->id = UINT32_MAX;
		if (text[0] == 'U' || text[0] == 'G') {
			e->id = (uint32_t)strtoul(text + 1, &end, 10);
			text = end;
		}
		e->perm = (uint16_t)(text[1] - '0');
		text += 2;
		text += *text == ' ';
	}
	return acl_write(&acl, out);
}

static int set_acl(uint64_t id, const char *name, const char *text, bool drop_setgid)
{
	unsigned char bytes[ACL_BYTES];
	size_t len = acl_of(text, bytes);
	struct xcall c = { .what = 's', .id = id, .x = named(name, (char *)bytes, len, 0) };

	c.x.drop_setgid = drop_setgid;
	return xrun(&c);
}

static void is_acl(uint64_t id, const char *name, const char *text)
{
	unsigned char bytes[ACL_BYTES];
	size_t len = acl_of(text, bytes);
	struct buf out;

	assert_int_equal(get(id, name, &out), 0);
	assert_int_equal(out.len, len);
	assert_memory_equal(out.data, bytes, len);
	buf_release(&out);
}

static void chmod_to(uint64_t id, uint32_t mode)
{
	struct call c = {
		.what = SETATTR, .id = id, .change = { .set = SET_MODE, .mode = mode, .now = ++now }
	};

	assert_int_equal(checked(&c), 0);
}

static uint64_t made_with(uint64_t dir, const char *name, uint32_t mode, uint32_t umask)
{
	struct call c = { .what = CREATE,
		.create = { .at = in(dir, name),
			.mode = mode,
			.umask = umask,
			.exclusive = true,
			.target = "t",
			.target_len = S_ISLNK(mode),
			.now = ++now } };

	assert_int_equal(checked(&c), 0);
	assert_int_equal(attr_of(c.attr.id).mode, c.attr.mode);
	assert_int_equal(attr_of(c.attr.id).xattrs, c.attr.xattrs);
	return c.attr.id;
}

static void values_come_back(void **state)
{
	static const char binary[] = "\0\1\xff'\\\n%";
	struct buf out;

	(void)state;
	uint64_t f = file(ROOT_ID, "f");

	assert_int_equal(attr_of(f).xattrs, 0);
	assert_int_equal(set(f, "user.b", "two"), 0);
	assert_int_equal(set(f, "user.a", ""), 0);
	assert_int_equal(set_bytes(f, "trusted.bin", binary, sizeof(binary), 0), 0);
	is(f, "user.b", "two");
	is(f, "user.a", "");
	assert_int_equal(get(f, "trusted.bin", &out), 0);
	assert_int_equal(out.len, sizeof(binary));
	assert_memory_equal(out.data, binary, sizeof(binary));
	buf_release(&out);
	assert_int_equal(set(f, "user.b", "three"), 0);
	lists(f, "trusted.bin=8: user.a=0: user.b=5:three ");
}

static void flags_decide(void **state)
{
	(void)state;
	uint64_t f = file(ROOT_ID, "f");

	assert_int_equal(set_bytes(f, "user.a", "1", 1, XATTR_SET_REPLACE), -ENODATA);
	assert_int_equal(set_bytes(f, "user.a", "1", 1, XATTR_SET_CREATE), 0);
	assert_int_equal(set_bytes(f, "user.a", "2", 1, XATTR_SET_CREATE), -EEXIST);
	assert_int_equal(set_bytes(f, "user.a", "3", 1, XATTR_SET_REPLACE), 0);
	assert_int_equal(set_bytes(f, "user.b", "3", 1, XATTR_SET_REPLACE), -ENODATA);
	is(f, "user.a", "3");
	assert_int_equal(drop(f, "user.b"), -ENODATA);
	assert_int_equal(drop(f, "user.a"), 0);
	assert_int_equal(drop(f, "user.a"), -ENODATA);
	assert_int_equal(get(f, "user.a", NULL), -ENODATA);
}

static void the_row_tells_what_there_is(void **state)
{
	(void)state;
	uint64_t f = file(ROOT_ID, "f");

	assert_int_equal(set(f, "user.a", "1"), 0);
	assert_int_equal(attr_of(f).xattrs, XATTR_SOME);
	assert_int_equal(set(f, "security.capability", "1"), 0);
	assert_int_equal(set(f, "user.b", "1"), 0);
	assert_int_equal(attr_of(f).xattrs, XATTR_SOME | XATTR_CAPABILITY);
	assert_int_equal(drop(f, "user.a"), 0);
	assert_int_equal(attr_of(f).xattrs, XATTR_SOME | XATTR_CAPABILITY);
	assert_int_equal(drop(f, "user.b"), 0);
	assert_int_equal(attr_of(f).xattrs, XATTR_CAPABILITY);
	assert_int_equal(drop(f, "security.capability"), 0);
	assert_int_equal(attr_of(f).xattrs, 0);
	lists(f, "");
}

static void names_and_types_that_cannot_be(void **state)
{
	(void)state;
	uint64_t f = file(ROOT_ID, "f"), p = made(ROOT_ID, "p", S_IFIFO | 0600);

	assert_int_equal(set(f, "other.a", "1"), -EOPNOTSUPP);
	assert_int_equal(get(f, "other.a", NULL), -EOPNOTSUPP);
	assert_int_equal(drop(f, "other.a"), -EOPNOTSUPP);
	assert_int_equal(set(p, "user.a", "1"), -EPERM);
	assert_int_equal(get(p, "user.a", NULL), -ENODATA);
	assert_int_equal(set(p, "trusted.a", "1"), 0);
	assert_int_equal(set(987654, "user.a", "1"), -ENOENT);
	assert_int_equal(get(987654, "user.a", NULL), -ENOENT);
	assert_int_equal(drop(987654, "user.a"), -ENOENT);
}

static void limits_hold(void **state)
{
	static char value[LIMIT_XATTR_VALUE + 1];
	char name[LIMIT_XATTR_NAME + 1];
	unsigned n = 0;
	int rc;

	(void)state;
	uint64_t f = file(ROOT_ID, "f"), g = file(ROOT_ID, "g");

	memset(value, 'v', sizeof(value));
	assert_int_equal(set_bytes(f, "user.a", value, LIMIT_XATTR_VALUE + 1, 0), -E2BIG);
	do {
		(void)snprintf(name, sizeof(name), "user.%u", n);
		rc = set_bytes(f, name, value, LIMIT_XATTR_VALUE, 0);
		n += rc == 0;
	} while (rc == 0);
	assert_int_equal(rc, -ENOSPC);
	assert_int_equal(n, LIMIT_XATTR_TOTAL / LIMIT_XATTR_VALUE - 1); /* names count */
	assert_int_equal(set(f, "user.0", "less"), 0);
	assert_int_equal(set_bytes(f, name, value, LIMIT_XATTR_VALUE, 0), 0);
	/* names alone */
	memset(name, 'n', sizeof(name));
	memcpy(name, "user.", 5);
	name[LIMIT_XATTR_NAME] = '\0';
	n = 0;
	do {
		char number[12];

		(void)snprintf(number, sizeof(number), "%06u", n);
		memcpy(name + 5, number, 6);
		rc = set(g, name, "");
		n += rc == 0;
	} while (rc == 0);
	assert_int_equal(rc, -ENOSPC);
	assert_int_equal(n, LIMIT_XATTR_LIST / (LIMIT_XATTR_NAME + 1));
}

static void they_go_with_the_inode(void **state)
{
	(void)state;
	uint64_t f = file(ROOT_ID, "f"), d = folder(ROOT_ID, "d"), g = file(ROOT_ID, "g");

	assert_int_equal(set(f, "user.a", "1"), 0);
	assert_int_equal(set(d, "user.a", "1"), 0);
	assert_int_equal(set(g, "user.a", "g"), 0);
	assert_int_equal(link_at(f, ROOT_ID, "l"), 0);
	assert_int_equal(unlink_at(ROOT_ID, "f"), 0);
	is(f, "user.a", "1");
	assert_int_equal(move(ROOT_ID, "g", ROOT_ID, "l", 0), 0);
	is(g, "user.a", "g");
	assert_int_equal(rmdir_at(ROOT_ID, "d"), 0);
	assert_int_equal(db_number("SELECT count(*) FROM xattr"), 1);
	assert_int_equal(unlink_at(ROOT_ID, "l"), 0);
	assert_int_equal(db_number("SELECT count(*) FROM xattr"), 0);
}

static void an_access_acl_is_the_mode_too(void **state)
{
	(void)state;
	uint64_t f = file(ROOT_ID, "f");

	assert_int_equal(set_acl(f, XATTR_NAME_ACCESS, "u6 U1000:7 g4 m7 o0", false), 0);
	assert_int_equal(attr_of(f).mode, S_IFREG | 0670);
	assert_int_equal(attr_of(f).xattrs, XATTR_ACL_ACCESS);
	chmod_to(f, 0751);
	is_acl(f, XATTR_NAME_ACCESS, "u7 U1000:7 g4 m5 o1");
	assert_int_equal(attr_of(f).mode, S_IFREG | 0751);
	/* the mode says all of this one */
	assert_int_equal(set_acl(f, XATTR_NAME_ACCESS, "u6 g4 o4", false), 0);
	assert_int_equal(attr_of(f).mode, S_IFREG | 0644);
	assert_int_equal(attr_of(f).xattrs, 0);
	assert_int_equal(get(f, XATTR_NAME_ACCESS, NULL), -ENODATA);
	/* removed, it leaves the mode */
	assert_int_equal(set_acl(f, XATTR_NAME_ACCESS, "u6 U1000:7 g4 m7 o0", false), 0);
	assert_int_equal(drop(f, XATTR_NAME_ACCESS), 0);
	assert_int_equal(attr_of(f).mode, S_IFREG | 0670);
	chmod_to(f, 0600);
	assert_int_equal(attr_of(f).xattrs, 0);
}

static void acls_that_are_refused(void **state)
{
	static char many[ACL_BYTES + 8] = { 2 };

	(void)state;
	uint64_t f = file(ROOT_ID, "f"), d = folder(ROOT_ID, "d");

	symlink_to(ROOT_ID, "l", "f");
	struct attr l = { 0 };

	assert_int_equal(look(ROOT_ID, "l", &l), 0);
	assert_int_equal(set(f, XATTR_NAME_ACCESS, "no ACL"), -EINVAL);
	assert_int_equal(set(d, XATTR_NAME_DEFAULT, ""), -EINVAL);
	assert_int_equal(set_acl(f, XATTR_NAME_ACCESS, "u6 U1:7 g4 o0", false), -EINVAL);
	assert_int_equal(set_acl(f, XATTR_NAME_DEFAULT, "u6 g4 o0", false), -EACCES);
	assert_int_equal(set_acl(l.id, XATTR_NAME_ACCESS, "u6 g4 o0", false), -EOPNOTSUPP);
	assert_int_equal(set_bytes(f, XATTR_NAME_ACCESS, many, sizeof(many), 0), -E2BIG);
}

static void set_group_id_goes_when_asked(void **state)
{
	(void)state;
	uint64_t d = folder(ROOT_ID, "d");

	chmod_to(d, 02775);
	assert_int_equal(set_acl(d, XATTR_NAME_ACCESS, "u7 U5:7 g5 m7 o5", false), 0);
	assert_int_equal(attr_of(d).mode, S_IFDIR | 02775);
	assert_int_equal(set_acl(d, XATTR_NAME_ACCESS, "u7 U5:7 g5 m7 o5", true), 0);
	assert_int_equal(attr_of(d).mode, S_IFDIR | 0775);
}

static void default_acls_are_inherited(void **state)
{
	(void)state;
	uint64_t d = folder(ROOT_ID, "d");

	assert_int_equal(set_acl(d, XATTR_NAME_DEFAULT, "u7 U1000:6 g5 m7 o1", false), 0);
	assert_int_equal(attr_of(d).mode, S_IFDIR | 0755);
	uint64_t f = made_with(d, "f", S_IFREG | 0666, 077),
		 sub = made_with(d, "s", S_IFDIR | 0777, 077);
	uint64_t p = made_with(d, "p", S_IFIFO | 0600, 0),
		 l = made_with(d, "l", S_IFLNK | 0777, 077);

	assert_int_equal(attr_of(f).mode, S_IFREG | 0660); /* the umask does not count */
	is_acl(f, XATTR_NAME_ACCESS, "u6 U1000:6 g5 m6 o0");
	assert_int_equal(get(f, XATTR_NAME_DEFAULT, NULL), -ENODATA);
	assert_int_equal(attr_of(sub).mode, S_IFDIR | 0771);
	is_acl(sub, XATTR_NAME_ACCESS, "u7 U1000:6 g5 m7 o1");
	is_acl(sub, XATTR_NAME_DEFAULT, "u7 U1000:6 g5 m7 o1");
	assert_int_equal(attr_of(p).mode, S_IFIFO | 0600);
	is_acl(p, XATTR_NAME_ACCESS, "u6 U1000:6 g5 m0 o0");
	assert_int_equal(attr_of(l).mode, S_IFLNK | 0777);
	assert_int_equal(attr_of(l).xattrs, 0);
}

static void a_minimal_default_acl_is_a_umask(void **state)
{
	(void)state;
	uint64_t d = folder(ROOT_ID, "d");

	assert_int_equal(set_acl(d, XATTR_NAME_DEFAULT, "u7 g5 o0", false), 0);
	uint64_t f = made_with(d, "f", S_IFREG | 0666, 0), s = made_with(d, "s", S_IFDIR | 0777, 0);

	assert_int_equal(attr_of(f).mode, S_IFREG | 0640);
	assert_int_equal(attr_of(f).xattrs, 0);
	assert_int_equal(attr_of(s).mode, S_IFDIR | 0750);
	assert_int_equal(attr_of(s).xattrs, XATTR_ACL_DEFAULT);
}

static void without_one_the_umask_counts(void **state)
{
	(void)state;
	uint64_t f = made_with(ROOT_ID, "f", S_IFREG | 04666, 027);
	uint64_t l = made_with(ROOT_ID, "l", S_IFLNK | 0777, 027);

	assert_int_equal(attr_of(f).mode, S_IFREG | 04640);
	assert_int_equal(attr_of(l).mode, S_IFLNK | 0777);
}

static void uploads_inherit_too(void **state)
{
	struct xcall c = { .what = 'p', .path = "d/f", .x = { .now = ++now } };

	(void)state;
	uint64_t d = folder(ROOT_ID, "d");
	struct call own = { .what = SETATTR,
		.id = d,
		.change = { .set = SET_MODE | SET_GID, .mode = 02755, .gid = 77, .now = ++now } };

	assert_int_equal(checked(&own), 0);
	assert_int_equal(xrun(&c), 0);
	assert_int_equal(c.attr.mode, S_IFREG | 0644);
	assert_int_equal(c.attr.gid, 77);
	assert_int_equal(set_acl(d, XATTR_NAME_DEFAULT, "u7 U1000:6 g5 m6 o0", false), 0);
	c.path = "d/g";
	assert_int_equal(xrun(&c), 0);
	assert_int_equal(c.attr.mode, S_IFREG | 0660);
	is_acl(c.attr.id, XATTR_NAME_ACCESS, "u6 U1000:6 g5 m6 o0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DB_TEST(values_come_back),
		DB_TEST(flags_decide),
		DB_TEST(the_row_tells_what_there_is),
		DB_TEST(names_and_types_that_cannot_be),
		DB_TEST(limits_hold),
		DB_TEST(they_go_with_the_inode),
		DB_TEST(an_access_acl_is_the_mode_too),
		DB_TEST(acls_that_are_refused),
		DB_TEST(set_group_id_goes_when_asked),
		DB_TEST(default_acls_are_inherited),
		DB_TEST(a_minimal_default_acl_is_a_umask),
		DB_TEST(without_one_the_umask_counts),
		DB_TEST(uploads_inherit_too),
	};

	return DB_RUN(tests);
}
