#include "dist/reg.h"

#include <errno.h>

struct reclaim_listing {
	reclaim_fn fn;
	void *arg;
};

static int reclaim_row(void *arg, const struct meta_value *col, size_t ncol)
{
	struct reclaim_listing *l = arg;
	struct reclaim r = { .seq = col[0].number,
		.id = (uint64_t)col[1].number,
		.stamp = (uint64_t)col[2].number,
		.part = (uint32_t)col[3].number };

	(void)ncol;
	return l->fn(l->arg, &r);
}

int reclaim_list(struct meta_tx *tx, const char *node, unsigned limit, reclaim_fn fn, void *arg)
{
	struct meta_value args[] = { V_TEXT(node), V_INT(limit) };
	struct reclaim_listing l = { .fn = fn, .arg = arg };
	int rc = meta_exec(tx, SQL_RECLAIM_LIST, args, 2, reclaim_row, &l);

	return rc < 0 ? rc : 0;
}

int reclaim_done(struct meta_tx *tx, const char *node, const int64_t *seqs, size_t n)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct meta_value args[] = { V_INT(seqs[i]), V_TEXT(node) };

		rc = meta_post(tx, SQL_RECLAIM_DONE, args, 2, NULL, NULL);
	}
	return rc;
}

/* A slot's last batch. */
struct last {
	int64_t seq;
	struct buf reply;
};

static int last_row(void *arg, const struct meta_value *col, size_t ncol)
{
	struct last *l = arg;

	(void)ncol;
	l->seq = col[0].number;
	if (col[1].type == META_BYTES)
		buf_add(&l->reply, col[1].data, col[1].len);
	return buf_error(&l->reply);
}

int session_begin(
	struct meta_tx *tx, const char *session, uint32_t slot, uint64_t seq, struct buf *reply)
{
	struct meta_value args[] = { V_TEXT(session), V_INT(slot) };
	struct last l = { .seq = -1, .reply = BUF_INIT };
	/* The row first: two who bring the same new batch at once then wait for one another. */
	int rc = meta_post(tx, SQL_SESSION_OPEN, args, 2, NULL, NULL);

	if (rc == 0)
		rc = meta_exec(tx, SQL_SESSION_GET, args, 2, last_row, &l);
	if (rc < 0)
		goto out;
	rc = 0;
	if ((int64_t)seq < l.seq)
		rc = -ESTALE;
	if ((int64_t)seq == l.seq) {
		buf_add(reply, buf_str(&l.reply), l.reply.len);
		rc = buf_error(reply) < 0 ? -ENOMEM : 1;
	}
out:
	buf_release(&l.reply);
	return rc;
}

int session_record(struct meta_tx *tx, const char *session, uint32_t slot, uint64_t seq,
	const char *host, int64_t now, const char *reply, size_t len)
{
	struct meta_value args[] = { V_TEXT(session), V_INT(slot), V_INT(seq),
		V_TEXT(host ? host : ""), V_INT(now), V_BYTES(reply, len) };

	return meta_post(tx, SQL_SESSION_PUT, args, 6, NULL, NULL);
}

int session_expire(struct meta_tx *tx, int64_t before)
{
	struct meta_value arg = V_INT(before);

	return meta_exec(tx, SQL_SESSION_EXPIRE, &arg, 1, NULL, NULL);
}
