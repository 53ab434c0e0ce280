/* store - between an inode's staged bytes and the CDN: stores what was changed on a node that takes it, makes it durable. */
#ifndef CDNFS_STORE_H
#define CDNFS_STORE_H

#include "cdnfs/fs.h"

/* Asks dist for the attributes and learns them. *shown as inode_learn. */
int store_refresh(struct cdnfs *fs, const struct wait *w, uint64_t id, struct attr *shown);

/* The inode's staged bytes, based on the current version. */
int store_begin(struct cdnfs *fs, const struct wait *w, struct inode *in, struct staged **out);

/* Stores what is dirty. A file that lost its last name meanwhile is fine. On failure the bytes stay dirty. -ENOSPC: every node
 * is full; -EIO, -ETIMEDOUT: servers away, logged. durable: on disk when it returns. */
int store_commit(struct cdnfs *fs, const struct wait *w, struct inode *in, bool durable);

/* The file becomes empty, staged bytes are dropped; `change` goes with it (WIRE_SIZE is added). */
int store_empty(struct cdnfs *fs, const struct wait *w, struct inode *in,
	struct wire_change *change, struct attr *shown);

/* One attempt, without noise, at each dirty file that nobody has open; the first that fails ends it. */
void store_left(struct cdnfs *fs);
/* Stores every dirty file, logging those that could not be; returns how many those are. */
unsigned store_all(struct cdnfs *fs);

#endif
