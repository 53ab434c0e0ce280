/* clock - the two clocks. Expiry uses clock_ms; what people see, and the expiry of signed links, uses
 * clock_real_ns. */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stdint.h>

int64_t clock_ms(void);	     /* monotonic milliseconds */
int64_t clock_real_ns(void); /* nanoseconds since 1970 UTC */

#endif
