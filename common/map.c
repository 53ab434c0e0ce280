#include "common/map.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* A slot is empty (key 0), a tombstone (key, no value) or taken (both). cap is a power of two
 * and at most three quarters are filled, so every probe ends at an empty slot. */

enum { FIRST = 16 };

static size_t start_of(uint64_t key, size_t cap)
{
	key ^= key >> 32;
	key *= UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)(key >> 32) & (cap - 1);
}

static struct map_slot *find(const struct map *m, uint64_t key)
{
	assert(key != 0);
	if (m->cap == 0)
		return NULL;
	for (size_t i = start_of(key, m->cap);; i = (i + 1) & (m->cap - 1)) {
		if (m->slots[i].key == key)
			return &m->slots[i];
		if (m->slots[i].key == 0)
			return NULL;
	}
}

static void insert_new(struct map *m, uint64_t key, void *value)
{
	size_t i = start_of(key, m->cap);

	while (m->slots[i].key != 0)
		i = (i + 1) & (m->cap - 1);
	m->slots[i] = (struct map_slot){ .key = key, .value = value };
	m->used++;
	m->filled++;
}

/* Room for one more. Tombstones are dropped on the way. */
static int grow(struct map *m)
{
	struct map bigger = MAP_INIT;

	if (m->cap && (m->filled + 1) * 4 <= m->cap * 3)
		return 0;
	bigger.cap = m->cap ? m->cap : FIRST;
	while ((m->used + 1) * 2 > bigger.cap)
		bigger.cap *= 2;
	bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < m->cap; i++) {
		if (m->slots[i].value)
			insert_new(&bigger, m->slots[i].key, m->slots[i].value);
	}
	free(m->slots);
	*m = bigger;
	return 0;
}

void map_release(struct map *m)
{
	free(m->slots);
	*m = (struct map)MAP_INIT;
}

void *map_get(const struct map *m, uint64_t key)
{
	const struct map_slot *s = find(m, key);

	return s ? s->value : NULL;
}

int map_put(struct map *m, uint64_t key, void *value)
{
	struct map_slot *s = find(m, key);
	int rc;

	assert(value);
	if (s) {
		m->used += s->value ? 0 : 1;
		s->value = value;
		return 0;
	}
	rc = grow(m);
	if (rc < 0)
		return rc;
	insert_new(m, key, value);
	return 0;
}

void *map_remove(struct map *m, uint64_t key)
{
	struct map_slot *s = find(m, key);
	void *value = s ? s->value : NULL;

	if (value) {
		s->value = NULL;
		m->used--;
	}
	return value;
}

void *map_next(const struct map *m, size_t *pos, uint64_t *key)
{
	while (*pos < m->cap) {
		const struct map_slot *s = &m->slots[(*pos)++];

		if (s->value) {
			if (key)
				*key = s->key;
			return s->value;
		}
	}
	return NULL;
}
