/* clock - the two clocks. Expiry uses clock_ms; what people see, and the expiry of signed links, uses
 * clock_real_ns. */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <pthread.h>
#include <stdint.h>

int64_t clock_ms(void);	     /* monotonic milliseconds */
int64_t clock_ns(void);	     /* monotonic nanoseconds */
int64_t clock_real_ns(void); /* nanoseconds since 1970 UTC */

/* A condition for clock_wait. Cannot fail. */
void clock_cond_init(pthread_cond_t *cond);
/* Waits for cond, at most until clock_ms() reaches until_ms. 0, or ETIMEDOUT. */
int clock_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until_ms);

#endif
