/* meta_wal - makes SQLite commits durable in groups: one fdatasync of the write-ahead log serves all that committed
 * before it began. After a sync that failed nothing counts as durable any more (the kernel may have dropped the
 * pages): every later one fails too, until the program is started again and SQLite recovers from what is on disk. */
#ifndef DIST_META_WAL_H
#define DIST_META_WAL_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct meta_wal {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	sqlite3_file *file;	    /* set once; NULL: no file, nothing to sync */
	uint64_t committed, synced; /* lock: commits so far, and how many of them are on disk */
	bool syncing, broken;	    /* lock */
};

void meta_wal_init(struct meta_wal *w);
void meta_wal_release(struct meta_wal *w);
/* db must be in WAL mode and stay open until release. 0 or -EIO. */
int meta_wal_attach(struct meta_wal *w, sqlite3 *db);
/* Counts a commit just made (under the writer's lock) and returns its number. */
uint64_t meta_wal_committed(struct meta_wal *w);
uint64_t meta_wal_last(struct meta_wal *w);
/* Returns when commit `number` is on disk. 0 or -EIO. */
int meta_wal_sync(struct meta_wal *w, uint64_t number);

#endif
