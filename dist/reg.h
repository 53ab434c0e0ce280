/* reg - the register: contents, where their bytes are, and which bytes may go. Inside a transaction, as tree.h. */
#ifndef DIST_REG_H
#define DIST_REG_H

#include "dist/meta.h"
#include "dist/record.h"

int reg_get(struct meta_tx *tx, uint64_t id, struct content *out);
int reg_by_stamp(struct meta_tx *tx, uint64_t stamp, struct content *out);
typedef int (*reg_row_fn)(void *arg, const struct content *c);
/* Ascending ids > after, at most limit. */
int reg_list(struct meta_tx *tx, uint64_t after, unsigned limit, reg_row_fn fn, void *arg);

int reg_count(struct meta_tx *tx, uint64_t *contents);

/* POST content/. Applied once per stamp and etag (two uploads may by chance draw one stamp): a repeat returns the
 * record that the first made. With a path whose entry is a regular file this is reg_replace of that file. A name that
 * is taken in the root becomes name~ID (cut to fit), NULL the id. *created tells which. */
int reg_store(struct meta_tx *tx, const struct content_new *n, struct content *out,
	struct replaced *old, bool *created);
/* PUT content/{id}: what is given changes. A new filename renames the entry in its directory when the file has one
 * link (name~ID when taken). The replaced version goes on the reclaim list. -ENOENT, -EISDIR; -ESTALE: n->base is not
 * the current version. Applied once per stamp: while that is the current version, with n->once for a day. */
int reg_replace(struct meta_tx *tx, uint64_t id, const struct content_new *n, struct content *out,
	struct replaced *old);
/* DELETE content/{id}: record, inode, every entry; bytes go on the reclaim list. `out` is what it was. */
int reg_delete(struct meta_tx *tx, uint64_t id, int64_t now, struct content *out);

/* Blobs that nodes may take out of service. Call meta_sync between listing and telling a node: a power cut must not bring
 * back a record whose bytes are gone. */
struct reclaim {
	int64_t seq;
	uint64_t id, stamp;
	uint32_t part;
};
typedef int (*reclaim_fn)(void *arg, const struct reclaim *r);
int reclaim_list(struct meta_tx *tx, const char *node, unsigned limit, reclaim_fn fn, void *arg);
int reclaim_done(struct meta_tx *tx, const char *node, const int64_t *seqs, size_t n);

/* Forgets the stamps of changes that were applied once before that; returns how many. */
int reg_applied_expire(struct meta_tx *tx, int64_t before);

/* Batches are applied once: the answer of a slot's last batch is kept in the same transaction.
 * session_begin: 0 new; 1 a repeat, *reply holds the answer; -ESTALE when seq is older than the slot's last. */
int session_begin(
	struct meta_tx *tx, const char *session, uint32_t slot, uint64_t seq, struct buf *reply);
int session_record(struct meta_tx *tx, const char *session, uint32_t slot, uint64_t seq,
	const char *host, int64_t now, const char *reply, size_t len);
int session_expire(
	struct meta_tx *tx, int64_t before); /* forgets slots not used since; returns how many */

#endif
