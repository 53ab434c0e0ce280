/* tree_call - calls of tree.h for tests, each in a transaction of its own. */
#ifndef TESTS_UNIT_DIST_TREE_CALL_H
#define TESTS_UNIT_DIST_TREE_CALL_H

#include "db.h"
#include "dist/tree.h"
#include <errno.h>
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

static inline int dispatch(struct meta_tx *tx, struct call *c)
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

static inline int body(struct meta_tx *tx, void *arg)
{
	struct call *c = arg;

	c->rc = dispatch(tx, c);
	return 0;
}

static inline bool reads(enum what w)
{
	return w == LOOKUP || w == GETATTR || w == RESOLVE || w == PARENT || w == PATH;
}

static inline int run(struct call *c)
{
	int rc = meta_run(db.meta, reads(c->what) ? META_READ : META_WRITE, body, c);

	if (rc < 0)
		fail_msg("transaction: %d %s", rc, meta_error());
	return c->rc;
}

/* Runs it, and when it fails proves that nothing changed. */
static inline int checked(struct call *c)
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

static inline struct tree_name in(uint64_t dir, const char *name)
{
	return (struct tree_name){ .dir = dir, .name = name, .len = strlen(name) };
}

static int64_t now = 1000;

static inline int create(uint64_t dir, const char *name, uint32_t mode, uint64_t *id)
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

static inline uint64_t made(uint64_t dir, const char *name, uint32_t mode)
{
	uint64_t id = 0;

	assert_int_equal(create(dir, name, mode, &id), 0);
	return id;
}

static inline uint64_t file(uint64_t dir, const char *name)
{
	return made(dir, name, S_IFREG | 0644);
}

static inline uint64_t folder(uint64_t dir, const char *name)
{
	return made(dir, name, S_IFDIR | 0755);
}

static inline int unlink_at(uint64_t dir, const char *name)
{
	struct call c = { .what = UNLINK, .at = in(dir, name), .now = ++now };

	return checked(&c);
}

static inline int rmdir_at(uint64_t dir, const char *name)
{
	struct call c = { .what = RMDIR, .at = in(dir, name), .now = ++now };

	return checked(&c);
}

static inline int move(
	uint64_t from, const char *name, uint64_t to, const char *toname, unsigned flags)
{
	struct call c = { .what = RENAME,
		.at = in(from, name),
		.to = in(to, toname),
		.flags = flags,
		.now = ++now };

	return checked(&c);
}

static inline int link_at(uint64_t id, uint64_t dir, const char *name)
{
	struct call c = { .what = LINK, .id = id, .at = in(dir, name), .now = ++now };

	return checked(&c);
}

static inline int look(uint64_t dir, const char *name, struct attr *out)
{
	struct call c = { .what = LOOKUP, .at = in(dir, name) };
	int rc = checked(&c);

	if (rc == 0 && out)
		*out = c.attr;
	return rc;
}

static inline struct attr attr_of(uint64_t id)
{
	struct call c = { .what = GETATTR, .id = id };

	assert_int_equal(checked(&c), 0);
	return c.attr;
}

static inline int resolve(const char *path, uint64_t *id)
{
	struct call c = { .what = RESOLVE, .path = path };
	int rc = checked(&c);

	if (rc == 0 && id)
		*id = c.attr.id;
	return rc;
}

static inline void symlink_to(uint64_t dir, const char *name, const char *target)
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

#endif
