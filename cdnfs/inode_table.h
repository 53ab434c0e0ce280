/* inode_table - the inodes by id, and what each is. Only inode and inode_bytes look inside. */
#ifndef CDNFS_INODE_TABLE_H
#define CDNFS_INODE_TABLE_H

#include "cdnfs/staging.h"
#include "cdnfs/wire.h"
#include "cdnfs/xattrs.h"
#include "common/map.h"
#include <pthread.h>

#define INODE_ROOT 1
#define GATE_SLOTS 4096 /* see gate.h */

struct inode {
	uint64_t id;
	/* all under inodes.lock */
	struct attr attr;
	char *target;
	uint64_t nlookup; /* the kernel's references */
	unsigned users;	  /* handles, and operations under way */
	unsigned mappers; /* handles by which programs may write to it as memory */
	unsigned commits; /* versions stored through this mount */
	struct version stored;
	uint64_t tick;	     /* when attr was learnt */
	int64_t learnt_ms;   /* clock_ms of that, 0: some of it is not known, or may have changed */
	uint64_t store_tick; /* when bytes were begun to be stored */
	uint64_t names_tick; /* last change of a name in it */
	uint64_t pages;	     /* version of the kernel's pages */
	uint64_t told;	     /* version whose size the kernel knows */
	const struct place *place, *unsynced;
	struct staged *staged;
	struct xattrs *xattrs; /* as last listed; NULL: never */
	bool gone;
};

struct inodes {
	pthread_mutex_t lock;
	struct map by_id;	      /* lock */
	uint64_t clock;		      /* lock */
	uint64_t trust;		      /* lock: what was learnt at an earlier tick is not fresh */
	uint64_t touched[GATE_SLOTS]; /* lock: gate's */
};

int inodes_open(struct inodes **out);
void inodes_close(struct inodes **t);
/* Now, on the table's own clock: see inode.h. */
uint64_t inodes_tick(struct inodes *t);
size_t inodes_count(struct inodes *t);

/* Locks the table, which the caller unlocks, and finds; NULL: there is none. */
struct inode *inode_lock(struct inodes *t, uint64_t id);
/* NULL when memory is out. */
struct inode *inode_find_or_insert_locked(struct inodes *t, uint64_t id);
void inode_free(struct inode *in); /* out of the table already; NULL-safe */

#endif
