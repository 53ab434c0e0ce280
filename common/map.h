/* map - uint64_t keys (never 0) to pointers. Open addressing; no locks, no ownership of values. */
#ifndef COMMON_MAP_H
#define COMMON_MAP_H

#include <stddef.h>
#include <stdint.h>

struct map_slot {
	uint64_t key;
	void *value;
};

struct map {
	struct map_slot *slots;
	size_t cap, used, filled; /* filled counts tombstones too */
};

#define MAP_INIT                                                                                   \
	{                                                                                          \
		0                                                                                  \
	}

void map_release(struct map *m);
void *map_get(const struct map *m, uint64_t key);      /* NULL when absent */
int map_put(struct map *m, uint64_t key, void *value); /* value != NULL; replaces. 0 or -ENOMEM */
void *map_remove(struct map *m, uint64_t key);	       /* the value that was there, or NULL */
/* Start with *pos = 0; returns the next value or NULL at the end. Not while changing the map. */
void *map_next(const struct map *m, size_t *pos, uint64_t *key);

#endif
