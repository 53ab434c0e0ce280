/* bell - wakes background threads when there is work, and tells them to stop. */
#ifndef COMMON_BELL_H
#define COMMON_BELL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct bell {
	pthread_mutex_t lock;
	pthread_cond_t rung;   /* lock: count rose, or stopped */
	pthread_cond_t halted; /* lock: stopped */
	uint64_t count;	       /* lock: how often it was rung */
	bool stopped;	       /* lock */
};

void bell_init(struct bell *b);
void bell_release(struct bell *b);
void bell_ring(struct bell *b);
void bell_stop(struct bell *b);
/* Waits at most ms, or until it is rung again since *seen (NULL: only bell_stop ends the wait), which is brought up to
 * date. False when the bell was stopped. */
bool bell_wait(struct bell *b, int64_t ms, uint64_t *seen);

#endif
