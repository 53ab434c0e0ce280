#include "common/request_id.h"

#include "common/clock.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/random.h>

_Static_assert(LIMIT_REQUEST_ID >= 16, "what is made has 16 digits");

static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Atomic uint64_t next;

static void seed(void)
{
	uint64_t x;

	/* ids only have to differ between programs */
	if (getrandom(&x, sizeof(x), 0) != (ssize_t)sizeof(x))
		x = (uint64_t)clock_real_ns();
	atomic_store(&next, x);
}

void request_id_new(char text[REQUEST_ID_TEXT])
{
	static const char hex[] = "0123456789abcdef";
	uint64_t x;

	(void)pthread_once(&once, seed); /* fails for a bad argument only */
	x = atomic_fetch_add_explicit(&next, 1, memory_order_relaxed);
	/* splitmix64: one to one, and neighbours look different */
	x *= 0x9e3779b97f4a7c15U;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9U;
	x = (x ^ x >> 27) * 0x94d049bb133111ebU;
	x ^= x >> 31;
	for (int i = 0; i < 16; i++, x >>= 4)
		text[i] = hex[x & 15];
	text[16] = '\0';
}
