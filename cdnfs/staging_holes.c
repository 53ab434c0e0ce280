#include "cdnfs/staging_holes.h"

#include "cdnfs/staging_priv.h"
#include "common/extent.h"
#include <errno.h>
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

/* Within what is here. */
static int extent_here(int fd, uint64_t off, uint64_t *end)
{
	uint64_t from, to;

	if (extent_next(fd, off, *end, &from, &to) < 0)
		return STAGED_HOLE;
	*end = from > off ? from : to;
	return from > off ? STAGED_HOLE : STAGED_DATA;
}

int staged_extent(struct staged *s, uint64_t off, uint64_t *end, struct version *base)
{
	size_t len = SIZE_MAX;
	int rc = -ENXIO;

	pthread_mutex_lock(&s->lock);
	if (!staged_readable_locked(s)) {
		rc = -EAGAIN;
	} else if (off < s->size) {
		enum staged_where where = staged_look_locked(s, off, &len);

		*base = s->base;
		*end = off + len;
		rc = where == STAGED_AT_BASE ? STAGED_BASE
		     : where == STAGED_HERE  ? extent_here(s->fd, off, end)
					     : STAGED_HOLE;
	}
	pthread_mutex_unlock(&s->lock);
	return rc;
}
