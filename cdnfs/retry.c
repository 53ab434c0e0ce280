#include "cdnfs/retry.h"

#include "cdnfs/store.h"

#define PAUSE_MS 3000

static void attempt(void *fs)
{
	store_left(fs);
}

int retry_open(struct cdnfs *fs, struct ticker **out)
{
	return ticker_open(PAUSE_MS, attempt, fs, out);
}
