#include "dist/promises.h"

#include <string.h>

static uint64_t counted(uint64_t size)
{
	return size > PROMISE_MIN ? size : PROMISE_MIN;
}

static void drop(struct promises *p, size_t i)
{
	p->sum -= p->list[i].bytes;
	p->n--;
	memmove(&p->list[i], &p->list[i + 1], (p->n - i) * sizeof(p->list[0]));
}

void promises_add(struct promises *p, uint64_t size, int64_t now_ms)
{
	if (p->n == PROMISES_MAX)
		drop(p, 0);
	p->list[p->n++] = (struct promise){ .bytes = counted(size), .made = now_ms };
	p->sum += counted(size);
}

void promises_keep(struct promises *p, uint64_t size)
{
	size_t found = p->n;

	for (size_t i = 0; i < p->n; i++) {
		if (p->list[i].bytes == counted(size)) {
			found = i;
			break;
		}
		if (found == p->n && p->list[i].bytes == PROMISE_MIN)
			found = i;
	}
	if (found < p->n)
		drop(p, found);
}

void promises_lapse(struct promises *p, int64_t ms)
{
	size_t gone = 0;

	for (; gone < p->n && p->list[gone].made < ms; gone++)
		p->sum -= p->list[gone].bytes;
	p->n -= gone;
	memmove(p->list, &p->list[gone], p->n * sizeof(p->list[0]));
}
