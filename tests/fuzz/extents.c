/* links: cdnfs/extents cdnfs/ranges */
/* Any answer about a version's data is refused, or tells for each place behind where it begins what is there, and how far. */
#include "cdnfs/extents.h"
#include "common/limits.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t from = size ? data[0] : 0, to;
	struct extents e;
	struct stretch s;
	bool is_data;

	if (!size || extents_parse((const char *)data + 1, size - 1, from, &s) < 0)
		return 0;
	to = s.to;
	assert(from < to && to <= LIMIT_FILE_SIZE && s.data.n <= LIMIT_EXTENTS);
	extents_init(&e);
	s.stamp = 1;
	extents_learn(&e, &s);
	for (uint64_t at = from, end; at < to; at = end) {
		end = UINT64_MAX;
		assert(extents_look(&e, 1, at, &is_data, &end));
		assert(end > at && end <= to);
	}
	extents_release(&e);
	return 0;
}
