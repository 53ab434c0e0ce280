/* reg_call - calls of reg.h for tests, each in a transaction of its own. */
#ifndef TESTS_UNIT_DIST_REG_CALL_H
#define TESTS_UNIT_DIST_REG_CALL_H

#include "db.h"
#include "dist/reg.h"
#include "dist/tree.h"
#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>

/* One call of reg.h in a transaction of its own, which commits even after a refusal. */
enum what { STORE, REPLACE, DELETE, GET, BY_STAMP, LOOKUP, LINK, MKDIR, SYMLINK };
struct call {
	enum what what;
	uint64_t id;
	struct content_new new;
	struct tree_name at;
	/* answers */
	int rc;
	struct content content;
	struct replaced old;
	bool created;
	struct attr attr;
};

static inline int make(struct meta_tx *tx, struct call *c)
{
	struct tree_new n = { .at = c->at,
		.mode = c->what == MKDIR ? S_IFDIR | 0755 : S_IFLNK | 0777,
		.target = "nowhere",
		.target_len = 7,
		.exclusive = true };

	return tree_create(tx, &n, &c->attr, NULL);
}

static inline int dispatch(struct meta_tx *tx, struct call *c)
{
	switch (c->what) {
	case STORE:
		return reg_store(tx, &c->new, &c->content, &c->old, &c->created);
	case REPLACE:
		return reg_replace(tx, c->id, &c->new, &c->content, &c->old);
	case DELETE:
		return reg_delete(tx, c->id, 99, &c->content);
	case GET:
		return reg_get(tx, c->id, &c->content);
	case BY_STAMP:
		return reg_by_stamp(tx, c->id, &c->content);
	case LOOKUP:
		return tree_lookup(tx, &c->at, &c->attr);
	case LINK:
		return tree_link(tx, c->id, &c->at, 1, &c->attr);
	case MKDIR:
	case SYMLINK:
		return make(tx, c);
	}
	return -ENOSYS;
}

static inline int body(struct meta_tx *tx, void *arg)
{
	struct call *c = arg;

	c->rc = dispatch(tx, c);
	return 0;
}

static inline int run(struct call *c)
{
	struct buf before = BUF_INIT, after = BUF_INIT;
	int rc;

	db_dump(&before);
	rc = meta_run(db.meta, META_WRITE, body, c);
	if (rc < 0)
		fail_msg("transaction: %d %s", rc, meta_error());
	db_dump(&after);
	if (c->rc < 0)
		assert_string_equal(buf_str(&before), buf_str(&after));
	buf_release(&before);
	buf_release(&after);
	return c->rc;
}

static inline struct tree_name in(uint64_t dir, const char *name)
{
	return (struct tree_name){ .dir = dir, .name = name, .len = strlen(name) };
}

/* What a node registers after an upload. */
static inline struct content_new upload(const char *name, uint64_t stamp)
{
	return (struct content_new){ .has_filename = name != NULL,
		.has_size = true,
		.filename = name,
		.node = "node1",
		.etag = "0123456789abcdef0123456789abcdef",
		.type = "text/plain",
		.size = 5,
		.stamp = stamp,
		.mode = 0644,
		.now = 1661752984181883000 };
}

static inline struct content store(const struct content_new *n)
{
	struct call c = { .what = STORE, .new = *n };

	assert_int_equal(run(&c), 0);
	return c.content;
}

static inline uint64_t entry(uint64_t dir, const char *name)
{
	struct call c = { .what = LOOKUP, .at = in(dir, name) };

	return run(&c) == 0 ? c.attr.id : 0;
}

static inline uint64_t folder(uint64_t dir, const char *name)
{
	struct call c = { .what = MKDIR, .at = in(dir, name) };

	assert_int_equal(run(&c), 0);
	return c.attr.id;
}

static inline long long reclaimed(const char *node, uint64_t stamp)
{
	char sql[200];

	(void)snprintf(sql, sizeof(sql),
		"SELECT count(*) FROM reclaim WHERE node = '%s' AND stamp = %" PRIu64, node, stamp);
	return db_number(sql);
}

#endif
