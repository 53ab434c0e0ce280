/* usage - the bytes of one storage folder: capacity, what is stored, promised and in the trash. Holes in blobs take none. Pure counting;
 * live + reserved + trash never passes max through usage_reserve(). */
#ifndef NODE_USAGE_H
#define NODE_USAGE_H

#include <pthread.h>
#include <stdint.h>

struct usage_view {
	uint64_t max;	   /* capacity in bytes */
	uint64_t live;	   /* bytes of the blobs that are served */
	uint64_t reserved; /* bytes promised to uploads, and written but not registered yet */
	uint64_t trash;	   /* bytes of superseded and deleted blobs that are kept */
	uint64_t contents; /* number of live blobs */
};

struct usage {
	pthread_mutex_t lock;
	struct usage_view now; /* lock */
};

void usage_init(struct usage *u, uint64_t max);
void usage_release(struct usage *u);
void usage_set_max(struct usage *u, uint64_t max);

/* Promises bytes. 0, or -ENOSPC and nothing is changed. */
int usage_reserve(struct usage *u, uint64_t bytes);
/* How many bytes are missing for a reservation of `bytes`; 0: it would fit. */
uint64_t usage_missing(struct usage *u, uint64_t bytes);
void usage_unreserve(struct usage *u, uint64_t bytes);
/* Promised without asking: what was found on disk. */
void usage_found_reserved(struct usage *u, uint64_t bytes);
void usage_found_live(struct usage *u, uint64_t bytes);
void usage_found_trash(struct usage *u, uint64_t bytes);
/* A blob's bytes move: reserved to live, live to trash, trash to nowhere. */
void usage_commit(struct usage *u, uint64_t bytes);
void usage_retire(struct usage *u, uint64_t bytes);
void usage_purge(struct usage *u, uint64_t bytes);

void usage_read(struct usage *u, struct usage_view *out);

#endif
