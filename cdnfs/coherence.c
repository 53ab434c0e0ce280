#include "cdnfs/coherence.h"

#include "cdnfs/gate.h"
#include "common/clock.h"

int coherence_open(struct inodes *inodes, struct coherence *c)
{
	int rc = dentries_open(inodes, 0, &c->dentries);

	c->inodes = inodes;
	return rc ? rc : ahead_open(inodes, &c->ahead);
}

void coherence_close(struct coherence *c)
{
	ahead_close(&c->ahead);
	dentries_close(&c->dentries);
}

int64_t coherence_left(const struct coherence *c)
{
	int64_t left = atomic_load(&c->until) - clock_ms();

	return left > 0 ? left : 0;
}

void coherence_lease(struct coherence *c, int64_t until)
{
	atomic_store(&c->until, until);
}

enum dentry coherence_find(struct coherence *c, uint64_t dir, const char *name, uint64_t *id)
{
	return coherence_left(c) ? dentries_find(c->dentries, dir, name, id) : DENTRY_UNKNOWN;
}

static size_t folder(uint64_t dir)
{
	return (size_t)(gate_names(dir) % COHERENCE_FOLDERS);
}

void coherence_begin(struct coherence *c, uint64_t dir)
{
	atomic_fetch_add(&c->busy[folder(dir)], 1);
}

void coherence_end(struct coherence *c, uint64_t dir)
{
	atomic_fetch_sub(&c->busy[folder(dir)], 1);
}

bool coherence_busy(const struct coherence *c, uint64_t dir)
{
	return atomic_load(&c->busy[folder(dir)]) != 0;
}
