/* index - which versions of which contents this node holds, in memory: 32 bytes a version. Knows no files. */
#ifndef NODE_INDEX_H
#define NODE_INDEX_H

#include "common/map.h"
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct version {
	uint64_t stamp;
	uint64_t size; /* bytes that it takes, without holes */
	uint32_t part;
	uint32_t unused;
	struct version *next; /* the version that was current before */
};
_Static_assert(sizeof(struct version) == 32, "a version is 32 bytes");

struct index {
	pthread_mutex_t lock;
	struct map by_id; /* lock: id → list of struct version, the current one first */
	struct map doubt; /* lock: ids whose current version only dist knows, with a count */
};

void index_init(struct index *ix);
void index_release(struct index *ix);

/* Adds a version and makes it the current one. 0, -EEXIST when it is there already, -ENOMEM. */
int index_add(struct index *ix, uint64_t id, uint32_t part, uint64_t stamp, uint64_t size);
/* As index_add, for the scan: the largest stamp becomes the current one. */
int index_found(struct index *ix, uint64_t id, uint32_t part, uint64_t stamp, uint64_t size);
/* Takes a version out. 0 and its size, or -ENOENT. */
int index_remove(struct index *ix, uint64_t id, uint32_t part, uint64_t stamp, uint64_t *size);
bool index_has(struct index *ix, uint64_t id, uint32_t part, uint64_t stamp);
/* The current version of part 0. 0; -ENOENT: none; -EAGAIN: dist has to be asked (*stamp is set when not 0). */
int index_current(struct index *ix, uint64_t id, uint64_t *stamp);
/* Any version of the content but `except` (0: none is excepted). 0 or -ENOENT. */
int index_other(struct index *ix, uint64_t id, uint64_t except, uint32_t *part, uint64_t *stamp);
/* Calls fn for each content that has several versions of one part. Not while fn changes the index. */
void index_ambiguous(struct index *ix, void (*fn)(void *ctx, uint64_t id), void *ctx);

/* Doubt is counted: as many index_sure() as index_doubt(). */
int index_doubt(struct index *ix, uint64_t id); /* 0 or -ENOMEM */
void index_sure(struct index *ix, uint64_t id);

#endif
