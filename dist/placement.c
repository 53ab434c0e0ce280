#include "dist/placement.h"

#include <errno.h>

#define MEMORY_WEIGHT 1024 /* that many bytes of RAM count as one byte of storage */

/* Larger is better: the share of the capacity that stays free. */
static double score(const struct node_view *v)
{
	double room = (double)v->free - (double)v->promised - (double)v->memory / MEMORY_WEIGHT;

	return v->max ? room / (double)v->max : 0;
}

static bool has_room(const struct node_view *v, uint64_t size)
{
	return v->free > 0 && v->free >= size;
}

/* Has room even when all that was promised comes. */
static bool has_spare_room(const struct node_view *v, uint64_t size)
{
	return v->free > v->promised && v->free - v->promised >= size;
}

static bool better(const struct node_view *a, const struct node_view *b, uint64_t size)
{
	if (has_spare_room(a, size) != has_spare_room(b, size))
		return has_spare_room(a, size);
	return score(a) > score(b);
}

ptrdiff_t placement_choose(const struct node_view *v, size_t n, uint64_t size)
{
	ptrdiff_t best = -1;
	bool full = false, refused = false;

	for (size_t i = 0; i < n; i++) {
		if (!v[i].up)
			continue;
		if (!has_room(&v[i], size))
			full = true;
		else if (v[i].excluded)
			refused = true;
		else if (best < 0 || better(&v[i], &v[best], size))
			best = (ptrdiff_t)i;
	}
	if (best >= 0)
		return best;
	return full && !refused ? -ENOSPC : -EHOSTDOWN;
}
