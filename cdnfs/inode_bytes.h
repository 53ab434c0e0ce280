/* inode_bytes - an inode's bytes: versions, the kernel's pages, staged bytes, where the next version goes. No network. Users of the
 * inode only, but for inode_tell. */
#ifndef CDNFS_INODE_BYTES_H
#define CDNFS_INODE_BYTES_H

#include "cdnfs/inode_table.h"

/* Versions. A handle keeps the version it opened, but follows what this mount stores (`commits` counts that). */
struct version inode_version(struct inodes *t, const struct inode *in, unsigned *commits);
void inode_follow(struct inodes *t, const struct inode *in, unsigned *commits, struct version *v);
/* Every handle follows to the version that dist told last. True when the kernel's pages are those of it already. */
bool inode_adopt(struct inodes *t, struct inode *in);
/* This mount begins to store the file, which one does at a time. */
void inode_store_begin(struct inodes *t, struct inode *in);
/* This mount stored (or, with stamp 0, emptied) the file, whose base was version `base`. unsynced: the
 * node that has it perhaps not on disk yet, or NULL. Emptied: inode_changed_since follows. */
void inode_stored(struct inodes *t, struct inode *in, const struct wire_stored *s,
	const struct place *place, uint64_t base, const struct place *unsynced);
/* True when the kernel's pages are those of `stamp`; from now on they are. */
bool inode_pages(struct inodes *t, struct inode *in, uint64_t stamp);
/* The kernel was told the attributes of version `stamp`; was it, the last time? */
void inode_tell(struct inodes *t, uint64_t id, uint64_t stamp);
bool inode_told(struct inodes *t, const struct inode *in, uint64_t stamp);
/* True when there are other users, and the kernel's pages are those of another version than `stamp`. */
bool inode_shared(struct inodes *t, const struct inode *in, uint64_t stamp);

/* Adds `by` (1, 0, -1) handles that read and write: programs may write by them to memory, which the kernel tells later. Are there any? */
bool inode_mappable(struct inodes *t, struct inode *in, int by);

/* Where the next version goes if dist named a place already; taken once. */
void inode_set_place(struct inodes *t, struct inode *in, const struct place *p);
const struct place *inode_take_place(struct inodes *t, struct inode *in);
/* Node of the last version stored without sync; taken once. */
const struct place *inode_take_unsynced(struct inodes *t, struct inode *in);
void inode_set_unsynced(struct inodes *t, struct inode *in, const struct place *p);

/* The staged bytes: the inode's, valid while the caller is its user. NULL: none. */
struct staged *inode_staged(struct inodes *t, const struct inode *in);
/* Makes them if there are none. 0 or -errno. */
int inode_stage(struct inodes *t, struct inode *in, struct staging_dir *dir, struct staged **out);
/* Holds the next inode with dirty bytes and an id above `after`; NULL: no more. unused: only those without users. */
struct inode *inode_next_dirty(struct inodes *t, uint64_t after, bool unused);
/* How many have dirty bytes, and the sum of their sizes. */
void inodes_dirty(struct inodes *t, uint64_t *files, uint64_t *bytes);

#endif
