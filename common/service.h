/* service - the main thread of a server once it serves: waits for the signal that ends it and meanwhile tells
 * the service manager how it is (READY, WATCHDOG, STOPPING of sd_notify(3)). Without a manager it only waits. */
#ifndef COMMON_SERVICE_H
#define COMMON_SERVICE_H

#include <signal.h>
#include <stdbool.h>

/* Returns the signal of `signals`, which are blocked in every thread. When the manager asks for a watchdog
 * ($WATCHDOG_USEC, for $WATCHDOG_PID), alive(arg) is called every half of that time, and the manager is told
 * only if it says true. A manager that cannot be told is logged once; the work goes on. */
int service_wait(const sigset_t *signals, bool (*alive)(void *arg), void *arg);

#endif
