/* ticker - a thread that does one thing every so often. */
#ifndef COMMON_TICKER_H
#define COMMON_TICKER_H

#include <stdint.h>

struct ticker;

/* Calls work(arg) on a thread of its own, pause_ms after it was opened and after each call's end. 0 or -errno. */
int ticker_open(int64_t pause_ms, void (*work)(void *arg), void *arg, struct ticker **out);
/* Ends the pause, or waits for the call under way. NULL-safe. */
void ticker_close(struct ticker **t);

#endif
