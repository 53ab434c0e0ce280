/* promises - bytes that were sent a node's way and have not come yet. Not locked. */
#ifndef DIST_PROMISES_H
#define DIST_PROMISES_H

#include <stddef.h>
#include <stdint.h>

#define PROMISES_MAX 1024 /* more at once: the oldest gives way */
#define PROMISE_MIN                                                                                \
	4096 /* bytes that each counts at least: what is asked for without a size is often small */

struct promises {
	struct promise {
		uint64_t bytes;
		int64_t made; /* clock_ms() */
	} list[PROMISES_MAX]; /* oldest first */
	size_t n;
	uint64_t sum; /* bytes */
};

void promises_add(struct promises *p, uint64_t size, int64_t now_ms);
/* `size` bytes came: the promise of as many is kept, or else the oldest of those whose size nobody knew. */
void promises_keep(struct promises *p, uint64_t size);
/* Those made before `ms` lapse. */
void promises_lapse(struct promises *p, int64_t ms);

#endif
