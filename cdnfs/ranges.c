#include "cdnfs/ranges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void ranges_release(struct ranges *r)
{
	free(r->list);
	*r = (struct ranges){ 0 };
}

void ranges_clear(struct ranges *r)
{
	r->n = 0;
}

/* Index of the first range that ends at or behind `at`. */
static size_t find(const struct ranges *r, uint64_t at)
{
	size_t low = 0, high = r->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (r->list[mid].to < at)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int insert(struct ranges *r, size_t at, uint64_t from, uint64_t to)
{
	if (r->n == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 8;
		struct range *grown = realloc(r->list, cap * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		r->list = grown;
		r->cap = cap;
	}
	memmove(r->list + at + 1, r->list + at, (r->n - at) * sizeof(*r->list));
	r->list[at] = (struct range){ from, to };
	r->n++;
	return 0;
}

int ranges_add(struct ranges *r, uint64_t from, uint64_t to)
{
	size_t at = find(r, from), end = at;
	struct range *one;

	if (from >= to)
		return 0;
	if (at == r->n || r->list[at].from > to)
		return insert(r, at, from, to);
	one = &r->list[at];
	if (from < one->from)
		one->from = from;
	while (end + 1 < r->n && r->list[end + 1].from <= to)
		end++;
	if (r->list[end].to > to)
		to = r->list[end].to;
	one->to = to;
	memmove(one + 1, r->list + end + 1, (r->n - end - 1) * sizeof(*one));
	r->n -= end - at;
	return 0;
}

int ranges_add_all(struct ranges *r, const struct ranges *more)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < more->n; i++)
		rc = ranges_add(r, more->list[i].from, more->list[i].to);
	return rc;
}

void ranges_trim(struct ranges *r, uint64_t end)
{
	while (r->n && r->list[r->n - 1].from >= end)
		r->n--;
	if (r->n && r->list[r->n - 1].to > end)
		r->list[r->n - 1].to = end;
}

const struct range *ranges_from(const struct ranges *r, uint64_t at)
{
	size_t i = find(r, at);

	if (i < r->n && r->list[i].to == at)
		i++;
	return i < r->n ? &r->list[i] : NULL;
}

bool ranges_cover(const struct ranges *r, uint64_t from, uint64_t to)
{
	const struct range *one = ranges_from(r, from);

	return from >= to || (one && one->from <= from && one->to >= to);
}

uint64_t ranges_below(const struct ranges *r, uint64_t end)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < r->n && r->list[i].from < end; i++)
		sum += (r->list[i].to < end ? r->list[i].to : end) - r->list[i].from;
	return sum;
}

uint64_t ranges_bytes(const struct ranges *r)
{
	return ranges_below(r, UINT64_MAX);
}

bool ranges_gap(const struct ranges *r, struct range *out)
{
	for (size_t i = 1; i < r->n; i++) {
		struct range gap = { r->list[i - 1].to, r->list[i].from };

		if (i == 1 || gap.to - gap.from < out->to - out->from)
			*out = gap;
	}
	return r->n > 1;
}
