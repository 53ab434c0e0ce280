/* links: node/changes */
#include "node/changes.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The first byte says how the list is cut into pieces; whole and in pieces must give the same. */
static int on_data(void *ctx, const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t *sum = ctx;

	for (size_t i = 0; i < len; i++)
		*sum = *sum * 31 + p[i];
	return 0;
}

static int parse(const uint8_t *data, size_t len, size_t step, struct changes *c, uint64_t *sum)
{
	int rc = 0;

	*sum = 0;
	changes_init(c, on_data, sum);
	for (size_t i = 0; rc == 0 && i < len; i += step) {
		size_t n = len - i < step ? len - i : step;
		char *copy = malloc(n);

		if (!copy)
			abort();
		memcpy(copy, data + i, n);
		rc = changes_feed(c, copy, n);
		free(copy);
	}
	return rc < 0 ? rc : changes_finish(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct changes whole, pieces;
	uint64_t sum, same, after, most;
	int rc;

	if (size < 1)
		return 0;
	rc = parse(data + 1, size - 1, size, &whole, &sum);
	assert(parse(data + 1, size - 1, data[0] % 64 + 1, &pieces, &same) == rc);
	assert(rc < 0 ? whole.error[0] : whole.n > 0);
	if (rc == 0) {
		assert(whole.n == pieces.n && sum == same && whole.bytes < size);
		assert(memcmp(whole.list, pieces.list, whole.n * sizeof(*whole.list)) == 0);
		if (changes_size(&whole, data[0], &after, &most) == 0)
			assert(after <= most && most <= LIMIT_FILE_SIZE);
	}
	changes_release(&whole);
	changes_release(&pieces);
	return 0;
}
