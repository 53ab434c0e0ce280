/* base - the few macros that everything uses. */
#ifndef COMMON_BASE_H
#define COMMON_BASE_H

#include <stddef.h>
#include <stdint.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define ATTR_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

#endif
