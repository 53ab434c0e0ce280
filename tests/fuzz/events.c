/* links: cdnfs/events */
/* Any answer of fs/events is refused, or every change in it is within its limits. */
#include "cdnfs/events.h"
#include "common/limits.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct events e;

	if (events_read((const char *)data, size, &e) < 0)
		return 0;
	check(e.lease_ms >= 0 && e.last <= LIMIT_ID);
	for (size_t i = 0; i < e.n; i++) {
		const char *name = e.text.data + e.list[i].name;

		check(e.list[i].id <= LIMIT_ID && e.list[i].name < e.text.len);
		if (e.list[i].name)
			check(*name && strlen(name) <= LIMIT_NAME && !strchr(name, '/') &&
				e.list[i].id);
	}
	events_release(&e);
	return 0;
}
