#include "common/stamp.h"

#include "common/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define EPOCH_MS 1577836800000LL /* 2020-01-01 UTC */
#define RANDOM_BITS 23
#define TIME_MASK ((UINT64_C(1) << 40) - 1)

static uint64_t random_bits(void)
{
	uint64_t r;

	if (getrandom(&r, sizeof(r), 0) != (ssize_t)sizeof(r)) {
		/* Only a kernel without entropy source: spread by time instead. */
		r = (uint64_t)clock_real_ns() * UINT64_C(0x9e3779b97f4a7c15) >> 32;
	}
	return r & ((UINT64_C(1) << RANDOM_BITS) - 1);
}

uint64_t stamp_new(void)
{
	/* The newest stamp of this process: none is given out twice, and they rise. */
	static _Atomic uint64_t newest;
	uint64_t ms = (uint64_t)(clock_real_ns() / 1000000 - EPOCH_MS) & TIME_MASK;
	uint64_t want = ms << RANDOM_BITS | random_bits();
	uint64_t seen = atomic_load(&newest), stamp;

	do {
		stamp = want > seen ? want : seen + 1;
	} while (!atomic_compare_exchange_weak(&newest, &seen, stamp));
	return stamp;
}

void stamp_format(uint64_t stamp, char text[STAMP_TEXT])
{
	(void)snprintf(text, STAMP_TEXT, "%016" PRIx64, stamp);
}

int stamp_parse_base(const char *text, uint64_t *out)
{
	if (strcmp(text, "0000000000000000") != 0)
		return stamp_parse(text, out);
	*out = 0;
	return 0;
}

int stamp_parse(const char *text, uint64_t *out)
{
	uint64_t v = 0;

	for (int i = 0; i < STAMP_TEXT - 1; i++) {
		char c = text[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (uint64_t)(c - 'a' + 10);
		else
			return -EINVAL;
	}
	if (text[STAMP_TEXT - 1] || v == 0 || v > INT64_MAX)
		return -EINVAL;
	*out = v;
	return 0;
}
