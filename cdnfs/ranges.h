/* ranges - a set of offsets as sorted, disjoint ranges that do not touch. Not thread-safe: its owner's lock. */
#ifndef CDNFS_RANGES_H
#define CDNFS_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct range {
	uint64_t from, to; /* from < to; `to` is not in it */
};

/* Zero it. */
struct ranges {
	struct range *list;
	size_t n, cap;
};

void ranges_release(struct ranges *r); /* empty again */
void ranges_clear(struct ranges *r);   /* keeps the memory */
/* [from, to) is in it. 0 or -ENOMEM, then it is as before. */
int ranges_add(struct ranges *r, uint64_t from, uint64_t to);
int ranges_add_all(struct ranges *r, const struct ranges *more);
/* Nothing at or behind `end` is in it. */
void ranges_trim(struct ranges *r, uint64_t end);
/* The first range that ends behind `at`; NULL: none. Until the set changes. */
const struct range *ranges_from(const struct ranges *r, uint64_t at);
bool ranges_cover(
	const struct ranges *r, uint64_t from, uint64_t to); /* also true when from >= to */
uint64_t ranges_bytes(const struct ranges *r);
uint64_t ranges_below(const struct ranges *r, uint64_t end); /* bytes of them before `end` */
/* The smallest gap between two of them. False when there are less than two. */
bool ranges_gap(const struct ranges *r, struct range *out);

#endif
