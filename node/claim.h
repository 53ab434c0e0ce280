/* claim - who works on which stamp: an upload from before its bytes are published until its outcome is known, so
 * that a repeat waits for the first, and a version that is replaced before it was published is not forgotten. */
#ifndef NODE_CLAIM_H
#define NODE_CLAIM_H

#include "common/map.h"
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct claims {
	pthread_mutex_t lock;
	pthread_cond_t freed;
	struct map held; /* lock: stamp → state */
};

void claims_init(struct claims *c);
void claims_release(struct claims *c);
/* Waits until nobody holds the stamp. 0, -EBUSY when clock_ms() passes the deadline, -ENOMEM. */
int claim_take(struct claims *c, uint64_t stamp, int64_t deadline_ms);
void claim_drop(struct claims *c, uint64_t stamp);
/* Notes that dist has replaced this version already. False when nobody holds it. */
bool claim_supersede(struct claims *c, uint64_t stamp);
bool claim_superseded(struct claims *c, uint64_t stamp);

#endif
