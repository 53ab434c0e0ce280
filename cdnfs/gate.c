#include "cdnfs/gate.h"

#include <string.h>
#include <xxhash.h>

enum { INODE = 1, ENTRY, NAMES };

static uint64_t key(uint64_t seed, const void *data, size_t len)
{
	return XXH3_64bits_withSeed(data, len, seed);
}

uint64_t gate_inode(uint64_t id)
{
	return key(INODE, &id, sizeof(id));
}

uint64_t gate_entry(uint64_t dir, const char *name)
{
	return key(key(ENTRY, &dir, sizeof(dir)), name, strlen(name));
}

uint64_t gate_names(uint64_t dir)
{
	return key(NAMES, &dir, sizeof(dir));
}

void gate_touch_locked(struct inodes *t, uint64_t k)
{
	t->touched[k % GATE_SLOTS] = ++t->clock;
}

bool gate_clean_locked(const struct inodes *t, uint64_t k, uint64_t tick)
{
	return t->touched[k % GATE_SLOTS] < tick && tick >= t->trust;
}

void gate_touch(struct inodes *t, uint64_t k)
{
	pthread_mutex_lock(&t->lock);
	gate_touch_locked(t, k);
	pthread_mutex_unlock(&t->lock);
}

bool gate_clean(struct inodes *t, uint64_t k, uint64_t tick)
{
	bool clean;

	pthread_mutex_lock(&t->lock);
	clean = gate_clean_locked(t, k, tick);
	pthread_mutex_unlock(&t->lock);
	return clean;
}
