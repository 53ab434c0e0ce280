#include "dist/locks.h"

#include "common/base.h"
#include "common/buf.h"
#include "dist/row.h"
#include <errno.h>
#include <string.h>

struct row {
	char session[LIMIT_SESSION + 1];
	uint64_t owner, first, last;
	bool write;
	uint32_t pid;
	int64_t expires;
};

/* The locks of one file and kind, as rows in a buffer. */
struct rows {
	struct buf buf;
};

static size_t count(const struct rows *r)
{
	return r->buf.len / sizeof(struct row);
}

static const struct row *at(const struct rows *r, size_t i)
{
	return (const struct row *)(const void *)r->buf.data + i;
}

static int add_row(void *arg, const struct meta_value *col, size_t ncol)
{
	struct rows *r = arg;
	struct row row = { .owner = (uint64_t)col[1].number,
		.first = (uint64_t)col[2].number,
		.last = (uint64_t)col[3].number,
		.write = col[4].number != 0,
		.pid = (uint32_t)col[5].number,
		.expires = col[6].number };

	(void)ncol;
	value_copy(row.session, sizeof(row.session), &col[0]);
	buf_add(&r->buf, (const char *)&row, sizeof(row));
	return buf_error(&r->buf);
}

static int load(struct meta_tx *tx, const struct lock_ask *a, struct rows *out)
{
	struct meta_value args[] = { V_INT(a->id), V_INT(a->flock) };
	int rc = meta_exec(tx, SQL_LOCK_LIST, args, 2, add_row, out);

	return rc < 0 ? rc : 0;
}

static bool is_mine(const struct row *r, const struct lock_ask *a)
{
	return r->owner == a->owner && strcmp(r->session, a->session) == 0;
}

static bool overlaps(const struct row *r, const struct lock_ask *a)
{
	return r->first <= a->last && a->first <= r->last;
}

static bool excludes(const struct row *r, const struct lock_ask *a)
{
	return a->type != LOCK_NONE && !is_mine(r, a) && overlaps(r, a) &&
	       (r->write || a->type == LOCK_WRITE);
}

static bool is_dead(const struct row *r, const struct lock_ask *a)
{
	return !a->grace && r->expires < a->now && strcmp(r->session, a->session) != 0;
}

/* One writer of a file's locks at a time, also when its row is gone. */
static int serialise(struct meta_tx *tx, uint64_t id)
{
	struct meta_value arg = V_INT(id);
	int rc = meta_exec(tx, SQL_INODE_LOCK, &arg, 1, NULL, NULL);

	return rc == 0 ? meta_exec(tx, SQL_MUTEX_LOCK, NULL, 0, NULL, NULL) : rc;
}

static int add_lock(struct meta_tx *tx, const struct lock_ask *a, uint64_t first, uint64_t last,
	bool write, uint32_t pid)
{
	struct meta_value args[] = { V_INT(a->id), V_INT(a->flock), V_TEXT(a->session),
		V_INT(a->owner), V_INT(first), V_INT(last), V_INT(write), V_INT(pid) };

	return meta_post(tx, SQL_LOCK_ADD, args, ARRAY_LEN(args), NULL, NULL);
}

static int delete_lock(struct meta_tx *tx, const struct lock_ask *a, uint64_t first)
{
	struct meta_value args[] = { V_INT(a->id), V_INT(a->flock), V_TEXT(a->session),
		V_INT(a->owner), V_INT(first) };

	return meta_post(tx, SQL_LOCK_DELETE, args, ARRAY_LEN(args), NULL, NULL);
}

/* Does r, one of the owner's, end up in the asked range as one lock with it? */
static bool joins(const struct row *r, const struct lock_ask *a)
{
	return a->type != LOCK_NONE && r->write == (a->type == LOCK_WRITE) &&
	       (r->first == 0 || r->first - 1 <= a->last) && a->first <= r->last + 1;
}

/* Takes r out of the way of the asked range: what is left of it on both sides stays, or becomes one with it. */
static int replace_one(
	struct meta_tx *tx, const struct lock_ask *a, const struct row *r, struct lock_ask *grown)
{
	int rc = delete_lock(tx, a, r->first);

	if (rc == 0 && joins(r, a)) {
		grown->first = r->first < grown->first ? r->first : grown->first;
		grown->last = r->last > grown->last ? r->last : grown->last;
		return 0;
	}
	if (rc == 0 && r->first < a->first)
		rc = add_lock(tx, a, r->first, a->first - 1, r->write, r->pid);
	if (rc == 0 && r->last > a->last)
		rc = add_lock(tx, a, a->last + 1, r->last, r->write, r->pid);
	return rc;
}

/* May there be more locks than before? An unlock within one makes two of it. */
static bool adds_one(const struct lock_ask *a, const struct rows *rows)
{
	const struct row *r;

	if (a->type != LOCK_NONE)
		return true;
	for (size_t i = 0; i < count(rows); i++) {
		r = at(rows, i);
		if (is_mine(r, a) && r->first < a->first && r->last > a->last)
			return true;
	}
	return false;
}

static int apply(struct meta_tx *tx, const struct lock_ask *a, const struct rows *rows)
{
	struct lock_ask grown = *a;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count(rows); i++)
		if (is_mine(at(rows, i), a) && (overlaps(at(rows, i), a) || joins(at(rows, i), a)))
			rc = replace_one(tx, a, at(rows, i), &grown);
	if (rc < 0 || a->type == LOCK_NONE)
		return rc;
	return add_lock(tx, a, grown.first, grown.last, a->type == LOCK_WRITE, a->pid);
}

/* The first lock that excludes the asked one; those of dead sessions are taken away. NULL: none. */
static int find_excluding(struct meta_tx *tx, const struct lock_ask *a, const struct rows *rows,
	bool clear, const struct row **out)
{
	int rc = 0;

	*out = NULL;
	for (size_t i = 0; rc == 0 && !*out && i < count(rows); i++) {
		if (!excludes(at(rows, i), a))
			continue;
		if (!is_dead(at(rows, i), a))
			*out = at(rows, i);
		else if (clear)
			rc = locks_drop(tx, at(rows, i)->session);
	}
	return rc;
}

static int keep_alive(struct meta_tx *tx, const struct lock_ask *a)
{
	struct meta_value args[] = { V_TEXT(a->session), V_INT(a->now + LOCK_LEASE_NS) };

	return meta_post(tx, SQL_LOCK_SESSION_PUT, args, 2, NULL, NULL);
}

int locks_set(struct meta_tx *tx, const struct lock_ask *a)
{
	struct rows rows = { .buf = BUF_INIT };
	const struct row *other = NULL;
	int rc;

	if (!a->session[0] || a->last < a->first)
		return -EINVAL;
	rc = serialise(tx, a->id);
	rc = rc < 0 ? rc : load(tx, a, &rows);
	if (rc == 0)
		rc = find_excluding(tx, a, &rows, true, &other);
	if (rc == 0 && other)
		rc = -EBUSY;
	if (rc == 0 && count(&rows) >= LIMIT_LOCKS && adds_one(a, &rows))
		rc = -ENOLCK;
	if (rc == 0)
		rc = apply(tx, a, &rows);
	if (rc == 0 && a->type != LOCK_NONE)
		rc = keep_alive(tx, a);
	buf_release(&rows.buf);
	return rc;
}

int locks_test(struct meta_tx *tx, const struct lock_ask *a, struct lock_held *out)
{
	struct rows rows = { .buf = BUF_INIT };
	const struct row *other = NULL;
	int rc = load(tx, a, &rows);

	*out = (struct lock_held){ .type = LOCK_NONE };
	if (rc == 0)
		rc = find_excluding(tx, a, &rows, false, &other);
	if (rc == 0 && other)
		*out = (struct lock_held){ .type = other->write ? LOCK_WRITE : LOCK_READ,
			.first = other->first,
			.last = other->last,
			.pid = other->pid,
			.same_session = strcmp(other->session, a->session) == 0,
			.owner = other->owner };
	buf_release(&rows.buf);
	return rc;
}

int locks_renew(struct meta_tx *tx, const char *session, int64_t now)
{
	struct meta_value args[] = { V_TEXT(session), V_INT(now + LOCK_LEASE_NS) };
	int rc = meta_exec(tx, SQL_LOCK_SESSION_RENEW, args, 2, NULL, NULL);

	return rc < 0 ? rc : rc == 0 ? -ESTALE : 0;
}

int locks_drop(struct meta_tx *tx, const char *session)
{
	struct meta_value arg = V_TEXT(session);
	int rc = meta_post(tx, SQL_LOCK_DROP, &arg, 1, NULL, NULL);

	return rc < 0 ? rc : meta_post(tx, SQL_LOCK_SESSION_DROP, &arg, 1, NULL, NULL);
}
