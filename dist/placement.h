/* placement - which node gets new bytes. Pure: no locks, no clock, no I/O, no allocation. */
#ifndef DIST_PLACEMENT_H
#define DIST_PLACEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct node_view {
	bool up;
	bool excluded;	   /* the client does not want it */
	uint64_t free;	   /* bytes that it had room for when it was asked last */
	uint64_t max;	   /* its capacity in bytes */
	uint64_t memory;   /* bytes of RAM in use */
	uint64_t promised; /* bytes that came, or were sent its way, since */
};

/* The best node for `size` bytes: the one with the largest share of its capacity free, so that all fill evenly;
 * memory in use decides among equals. Promises order the nodes, but one that has room only without them is still
 * taken when no other has.
 * Returns its index; -EHOSTDOWN: none is up, or the only ones with room are excluded; -ENOSPC: none has room. */
ptrdiff_t placement_choose(const struct node_view *v, size_t n, uint64_t size);

#endif
