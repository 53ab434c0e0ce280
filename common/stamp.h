/* stamp - the version of a content's bytes: a positive 63-bit number, 40 bits of milliseconds
 * since 2020-01-01 and 23 random bits, so that it is unique and sorts by time. On the wire and in
 * file names it is 16 lower-case hex digits; 0 means "no bytes stored" (an empty file). */
#ifndef COMMON_STAMP_H
#define COMMON_STAMP_H

#include <stdint.h>

#define STAMP_TEXT 17

uint64_t stamp_new(void);
void stamp_format(uint64_t stamp, char text[STAMP_TEXT]);
int stamp_parse(
	const char *text, uint64_t *out); /* 0 or -EINVAL (not 16 hex digits, 0, > 2^63-1) */
/* The same for what a change is based on, where 0 (nothing is stored) is a version too. */
int stamp_parse_base(const char *text, uint64_t *out);

#endif
