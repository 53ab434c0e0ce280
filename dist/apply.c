#include "dist/apply.h"

#include "common/clock.h"
#include "common/http.h"
#include "common/limits.h"
#include "dist/emit.h"
#include "dist/locks.h"
#include "dist/reg.h"
#include "dist/tree.h"
#include <errno.h>
#include <inttypes.h>

#define LIST_BYTES (LIMIT_JSON_REPLY / 2) /* a list that gets longer stops, with `more` */
#define INODES_MAX 1000000000 /* that many are promised to those who ask: ids do not run out */

struct run {
	struct dist *d;
	const struct batch *batch;
	struct buf *reply;
	int64_t now;
	size_t max_entries, entries;
};

/* What one operation needs. */
struct step {
	struct run *run;
	struct meta_tx *tx;
	const struct op *op;
	struct buf *out;
	struct attr attr;
};

/* Errors that end the whole batch: they say nothing about the operation. */
static bool is_fatal(int rc)
{
	return rc == -EAGAIN || rc == -EHOSTDOWN || rc == -EIO || rc == -ENOMEM ||
	       rc == -EMSGSIZE || rc == -EOVERFLOW || rc == -EINTR;
}

static const char *base_of(const struct dist *d, const struct attr *a)
{
	const struct conf_node *node = a->node[0] ? nodes_find(d->nodes, a->node) : NULL;

	if (node)
		return node->uri;
	return a->uri[0] ? a->uri : NULL;
}

static void put_attr(struct step *s)
{
	emit_key(s->out, "attr");
	emit_attr(s->out, &s->attr, base_of(s->run->d, &s->attr));
}

static int attr_result(struct step *s, int rc)
{
	if (rc == 0)
		put_attr(s);
	return rc;
}

static int do_setattr(struct step *s)
{
	struct attr_change c = s->op->change;

	c.now = s->run->now;
	return attr_result(s, tree_setattr(s->tx, s->op->id, &c, &s->attr));
}

static void put_place(struct step *s)
{
	const struct conf_node *node;

	if (nodes_place(s->run->d->nodes, 0, NULL, clock_ms(), &node) < 0)
		return; /* the file is there all the same; who has bytes for it asks again */
	emit_key(s->out, "place");
	buf_adds(s->out, "{\"node\":");
	emit_text(s->out, node->name);
	buf_adds(s->out, ",\"uri\":");
	emit_text(s->out, node->uri);
	buf_adds(s->out, "}");
}

static int do_create(struct step *s)
{
	struct tree_new n = s->op->new;
	bool existed = false;
	int rc;

	n.at = s->op->at;
	n.now = s->run->now;
	rc = attr_result(s, tree_create(s->tx, &n, &s->attr, &existed));
	if (rc < 0 || s->op->kind != OP_CREATE)
		return rc;
	emit_key(s->out, "existed");
	buf_adds(s->out, existed ? "true" : "false");
	put_place(s);
	return 0;
}

static int do_remove(struct step *s)
{
	const struct op *op = s->op;
	struct tree_gone gone = { 0 };
	int rc = op->kind == OP_RMDIR ? tree_rmdir(s->tx, &op->at, s->run->now, &gone)
				      : tree_unlink(s->tx, &op->at, s->run->now, &gone);

	if (rc < 0)
		return rc;
	emit_key(s->out, "id");
	emit_u64(s->out, gone.id);
	if (op->kind == OP_UNLINK) {
		emit_key(s->out, "nlink");
		emit_u64(s->out, gone.nlink);
	}
	return 0;
}

static int put_entry(void *arg, const char *name, size_t len, const struct attr *a)
{
	struct step *s = arg;

	if (++s->run->entries > s->run->max_entries && s->run->max_entries)
		return -EOVERFLOW;
	if (s->out->data[s->out->len - 1] != '[')
		buf_add(s->out, ",", 1);
	buf_adds(s->out, "{\"name\":");
	emit_bytes(s->out, name, len);
	buf_adds(s->out, ",\"attr\":");
	emit_attr(s->out, a, base_of(s->run->d, a));
	buf_adds(s->out, "}");
	return s->out->len > LIST_BYTES; /* > 0: that is enough */
}

static int do_readdir(struct step *s)
{
	static const struct tree_name up = { .name = "..", .len = 2 };
	const struct op *op = s->op;
	struct tree_name parent = up;
	bool more = false;
	int rc;

	parent.dir = op->at.dir;
	rc = tree_lookup(s->tx, &parent, &s->attr);
	if (rc < 0)
		return rc;
	emit_key(s->out, "entries");
	buf_adds(s->out, "[");
	if (buf_error(s->out) < 0)
		return -ENOMEM;
	rc = tree_readdir(
		s->tx, op->at.dir, op->at.name, op->at.len, op->limit, put_entry, s, &more);
	if (rc < 0)
		return rc;
	buf_adds(s->out, more ? "],\"more\":true" : "],\"more\":false");
	emit_key(s->out, "parent");
	emit_u64(s->out, s->attr.id);
	return 0;
}

static int do_statfs(struct step *s)
{
	struct dist *d = s->run->d;
	uint64_t total, free, inodes;
	int rc = probe_inodes(d->probe, s->tx, &inodes);

	if (rc < 0)
		return rc;
	nodes_room(d->nodes, &total, &free);
	emit_key(s->out, "total");
	emit_u64(s->out, total);
	emit_key(s->out, "free");
	emit_u64(s->out, free);
	emit_key(s->out, "files");
	emit_u64(s->out, inodes);
	emit_key(s->out, "free_files");
	emit_u64(s->out, inodes < INODES_MAX ? INODES_MAX - inodes : 0);
	return 0;
}

static int do_setxattr(struct step *s)
{
	struct tree_xattr x = s->op->xattr;

	x.now = s->run->now;
	return attr_result(s, tree_setxattr(s->tx, s->op->id, &x, &s->attr));
}

static int do_getxattr(struct step *s)
{
	const struct tree_xattr *x = &s->op->xattr;
	struct buf value = BUF_INIT;
	int rc = tree_getxattr(s->tx, s->op->id, x->name, x->len, &value);

	if (rc == 0) {
		emit_key(s->out, "value");
		emit_base64(s->out, buf_str(&value), value.len);
	}
	buf_release(&value);
	return rc;
}

/* The names, with the values as long as these are not too much in all. */
struct xattr_list {
	struct step *step;
	size_t told;
};

static int put_xattr(void *arg, const char *name, size_t len, const char *value, size_t value_len)
{
	struct xattr_list *l = arg;
	struct buf *b = l->step->out;

	if (b->data[b->len - 1] != '[')
		buf_add(b, ",", 1);
	buf_adds(b, "{\"name\":");
	emit_bytes(b, name, len);
	if (l->told + value_len <= LIMIT_XATTR_TOLD) {
		l->told += value_len;
		emit_key(b, "value");
		emit_base64(b, value, value_len);
	}
	buf_adds(b, "}");
	return buf_error(b);
}

static int do_listxattr(struct step *s)
{
	struct xattr_list l = { .step = s };
	int rc;

	emit_key(s->out, "xattrs");
	buf_adds(s->out, "[");
	if (buf_error(s->out) < 0)
		return -ENOMEM;
	rc = tree_listxattr(s->tx, s->op->id, put_xattr, &l, &s->attr);
	if (rc < 0)
		return rc;
	buf_adds(s->out, "]");
	put_attr(s);
	return 0;
}

static struct lock_ask ask_of(const struct step *s)
{
	struct lock_ask a = s->op->lock;

	a.session = s->run->batch->session;
	a.now = s->run->now;
	a.grace = clock_ms() - s->run->d->began_ms < LOCK_LEASE_NS / 1000000;
	return a;
}

static int do_lock(struct step *s)
{
	struct lock_ask a = ask_of(s);

	if (!a.session[0])
		return -EINVAL;
	switch (s->op->kind) {
	case OP_LOCK:
		return locks_set(s->tx, &a);
	case OP_RENEW:
		return locks_renew(s->tx, a.session, a.now);
	default:
		return locks_drop(s->tx, a.session);
	}
}

static int do_getlock(struct step *s)
{
	static const char *const types[] = {
		[LOCK_NONE] = "none", [LOCK_READ] = "read", [LOCK_WRITE] = "write"
	};
	struct lock_ask a = ask_of(s);
	struct lock_held h;
	int rc = locks_test(s->tx, &a, &h);

	if (rc < 0)
		return rc;
	emit_key(s->out, "type");
	emit_text(s->out, types[h.type]);
	emit_key(s->out, "first");
	emit_u64(s->out, h.first);
	emit_key(s->out, "last");
	emit_u64(s->out, h.last);
	emit_key(s->out, "pid");
	emit_u64(s->out, h.same_session ? h.pid : 0);
	if (h.same_session)
		buf_addf(s->out, ",\"owner\":\"%" PRIx64 "\"", h.owner);
	return 0;
}

static int do_op(struct step *s)
{
	const struct op *op = s->op;
	int64_t now = s->run->now;

	if (op->error)
		return op->error;
	switch (op->kind) {
	case OP_LOOKUP:
		return attr_result(s, tree_lookup(s->tx, &op->at, &s->attr));
	case OP_GETATTR:
		return attr_result(s, tree_getattr(s->tx, op->id, &s->attr));
	case OP_SETATTR:
		return do_setattr(s);
	case OP_CREATE:
	case OP_MKNOD:
	case OP_MKDIR:
	case OP_SYMLINK:
		return do_create(s);
	case OP_LINK:
		return attr_result(s, tree_link(s->tx, op->id, &op->at, now, &s->attr));
	case OP_UNLINK:
	case OP_RMDIR:
		return do_remove(s);
	case OP_RENAME:
		return tree_rename(s->tx, &op->at, &op->to, op->flags, now);
	case OP_READDIR:
		return do_readdir(s);
	case OP_STATFS:
		return do_statfs(s);
	case OP_SETXATTR:
		return do_setxattr(s);
	case OP_GETXATTR:
		return do_getxattr(s);
	case OP_LISTXATTR:
		return do_listxattr(s);
	case OP_REMOVEXATTR:
		return attr_result(s, tree_removexattr(s->tx, op->id, op->xattr.name, op->xattr.len,
					      now, &s->attr));
	case OP_LOCK:
	case OP_RENEW:
	case OP_DROPLOCKS:
		return do_lock(s);
	case OP_GETLOCK:
		return do_getlock(s);
	}
	return -EINVAL;
}

/* One result, or an error that ends the batch. */
static int add_result(struct run *run, struct meta_tx *tx, const struct op *op)
{
	struct step s = { .run = run, .tx = tx, .op = op, .out = run->reply };
	size_t start;
	int rc;

	buf_add(s.out, "{", 1);
	start = s.out->len;
	rc = do_op(&s);
	if (rc < 0 && is_fatal(rc))
		return rc;
	if (buf_error(s.out) < 0)
		return -ENOMEM;
	if (rc < 0) {
		s.out->len = start;
		emit_key(s.out, "errno");
		emit_text(s.out, http_errno_name(rc));
	}
	buf_add(s.out, "}", 1);
	return s.out->len > LIMIT_JSON_REPLY ? -EMSGSIZE : buf_error(s.out);
}

static int run_ops(struct run *run, struct meta_tx *tx)
{
	const struct batch *b = run->batch;
	int rc;

	buf_adds(run->reply, "{\"results\":[");
	for (size_t i = 0; i < b->n; i++) {
		if (i)
			buf_add(run->reply, ",", 1);
		rc = add_result(run, tx, &b->ops[i]);
		if (rc < 0)
			return rc;
	}
	buf_adds(run->reply, "]}");
	return buf_error(run->reply);
}

static int run_batch(struct meta_tx *tx, void *arg)
{
	struct run *run = arg;
	const struct batch *b = run->batch;
	bool once = b->changes && b->session[0];
	int rc;

	run->entries = 0;
	buf_clear(run->reply);
	if (once) {
		rc = session_begin(tx, b->session, b->slot, b->seq, run->reply);
		if (rc != 0)
			return rc;
	}
	rc = run_ops(run, tx);
	if (rc < 0 || !once)
		return rc;
	return session_record(tx, b->session, b->slot, b->seq, b->host, run->now, run->reply->data,
		run->reply->len);
}

int apply_batch(struct dist *d, const struct batch *b, size_t max_entries, struct buf *reply)
{
	struct run run = { .d = d,
		.batch = b,
		.reply = reply,
		.now = clock_real_ns(),
		.max_entries = max_entries };
	enum meta_mode mode = !b->changes ? META_READ : b->durable ? META_DURABLE : META_WRITE;
	int rc = b->n ? meta_run(d->meta, mode, run_batch, &run) : run_ops(&run, NULL);

	if (rc < 0)
		return rc;
	if (b->frees)
		reclaimer_wake(d->reclaimer);
	if (b->durable && mode == META_READ)
		return meta_sync(d->meta);
	return rc > 0 ? APPLY_REPEAT : 0;
}
