/* inode - what the mount knows of each file the kernel or a handle refers to: attributes, lookup counts, users, staged
 * bytes. Node ids are content ids, never pointers. No network.
 *
 * Answers of dist can overtake one another: whoever asks takes a tick first, and what he learns does not
 * replace what was learnt, or done through this mount, after it. */
#ifndef CDNFS_INODE_H
#define CDNFS_INODE_H

#include "cdnfs/inode_table.h"
#include <sys/types.h>

/* Find or make the inode and learn its attributes, asked for at `tick`; the kernel gets `lookups` more references. target
 * may be NULL. *shown: what to tell the kernel (staged size and time included). 0 or -ENOMEM. */
int inode_learn(struct inodes *t, const struct attr *a, const char *target, uint64_t tick,
	unsigned lookups, struct attr *shown);
void inode_forget(struct inodes *t, uint64_t id, uint64_t lookups);

/* A user keeps the inode until inode_drop. NULL: not known (inode_hold), memory is out (inode_hold_new). */
struct inode *inode_hold(struct inodes *t, uint64_t id);
struct inode *inode_hold_new(struct inodes *t, const struct attr *a, uint64_t tick,
	unsigned lookups, struct attr *shown);
void inode_drop(struct inodes *t, struct inode *in);

uint64_t inode_id(const struct inode *in);
/* What the table knows, if dist told it (or this mount made it) less than max_age_ms ago; *age_ms how long. False else. */
bool inode_fresh_locked(const struct inodes *t, const struct inode *in, int64_t max_age_ms);
bool inode_fresh(
	struct inodes *t, uint64_t id, int64_t max_age_ms, struct attr *shown, int64_t *age_ms);
/* The same of any age, and the kernel gets one more reference. */
bool inode_refer(struct inodes *t, uint64_t id, struct attr *shown);
/* What the table knows may be relied upon until somebody is said to have changed it. */
bool inode_known(struct inodes *t, uint64_t id);
/* There are changes that dist has not: storing them gives the file other times, and perhaps another size. */
bool inode_unstored(struct inodes *t, uint64_t id);
/* Another client changed it. True when the kernel has a reference, and has to be told. */
bool inode_event(struct inodes *t, uint64_t id);
/* True while the kernel has a reference. */
bool inode_referred(struct inodes *t, uint64_t id);
/* Ids that the kernel has references to, to be freed by the caller; how many, or -ENOMEM. */
ssize_t inodes_referred(struct inodes *t, uint64_t **ids);
/* What was asked for before `tick` (of all, of one) may have changed without our being told. */
void inodes_distrust(struct inodes *t, uint64_t tick);
void inode_stale(struct inodes *t, uint64_t id);
/* What the table knows, without asking. -ENOENT when it does not know the id. */
int inode_attr(struct inodes *t, uint64_t id, struct attr *shown);
/* Target of a symbolic link, if it was told; heap. */
char *inode_target(struct inodes *t, uint64_t id);

/* Own changes: what dist answered to one is newer than anything asked before. It is relied upon when the change was asked for
 * at `tick` and nothing else changed it since; inode_changed: never. */
void inode_changed(struct inodes *t, const struct attr *a, struct attr *shown);
void inode_changed_since(struct inodes *t, uint64_t tick, const struct attr *a, struct attr *shown);
/* A name of it was moved or replaced by a request that began at `tick`, whose answer told its attributes (a->id 0: did not). */
void inode_moved(struct inodes *t, uint64_t tick, uint64_t id, const struct attr *a);
/* Its ctime is now, until the bytes are stored that dist has not yet. 0 or -ENOENT. */
int inode_changed_here(struct inodes *t, uint64_t id, struct attr *shown);
/* Attributes of a file that dist no longer knows, changed here only. 0 or -ENOENT. */
int inode_change_gone(
	struct inodes *t, uint64_t id, const struct wire_change *change, struct attr *shown);
void inode_unlinked(struct inodes *t, uint64_t id, uint32_t nlink);
bool inode_gone(struct inodes *t, uint64_t id); /* without a name, kept by its users only */
/* Names in a directory changed through this mount. */
void inode_names_changed(struct inodes *t, uint64_t dir);
uint64_t inode_names_tick(struct inodes *t, uint64_t dir);

#endif
