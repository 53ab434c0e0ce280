#include "cdnfs/staging_holes.h"

#include "cdnfs/staging_priv.h"
#include <sys/stat.h>

#define BLOCK 512 /* the unit of st_blocks */

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t staged_allocated(struct staged *s)
{
	uint64_t stored, here;
	struct stat st;

	pthread_mutex_lock(&s->lock);
	stored = least(s->base.allocated, s->cut - ranges_below(&s->have, s->cut));
	here = fstat(s->fd, &st) == 0 ? (uint64_t)st.st_blocks * BLOCK : s->size;
	here = least(stored + here, s->size);
	pthread_mutex_unlock(&s->lock);
	return here;
}
