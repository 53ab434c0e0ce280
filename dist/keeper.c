#include "dist/keeper.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/ticker.h"
#include "dist/reg.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SYNC_MS 1000
#define EXPIRE_EVERY_MS 600000
#define SESSION_UNUSED_NS (86400 * INT64_C(1000000000))

struct keeper {
	struct meta *meta;
	struct ticker *ticker;
	/* the thread's */
	bool failing;
	int64_t expired; /* clock_ms */
};

static const char *reason(int rc)
{
	return rc == -EIO || rc == -EHOSTDOWN ? meta_error() : strerror(-rc);
}

static void sync_once(struct keeper *k)
{
	int rc = meta_sync(k->meta);

	if (rc < 0 && !k->failing)
		log_error("cannot make the database durable; trying again each second",
			"error=\"%s\"", reason(rc));
	k->failing = rc < 0;
}

static int expire(struct meta_tx *tx, void *arg)
{
	int64_t before = clock_real_ns() - SESSION_UNUSED_NS;
	int rc = session_expire(tx, before);

	(void)arg;
	return rc < 0 ? rc : reg_applied_expire(tx, before);
}

static void keep(void *arg)
{
	struct keeper *k = arg;
	int rc;

	sync_once(k);
	if (clock_ms() - k->expired < EXPIRE_EVERY_MS)
		return;
	k->expired = clock_ms();
	rc = meta_run(k->meta, META_WRITE, expire, NULL);
	if (rc < 0)
		log_warn("cannot forget unused sessions; trying again later", "error=\"%s\"",
			reason(rc));
}

int keeper_open(struct meta *meta, struct keeper **out)
{
	struct keeper *k = calloc(1, sizeof(*k));
	int rc;

	if (!k)
		return -ENOMEM;
	k->meta = meta;
	k->expired = clock_ms();
	rc = ticker_open(SYNC_MS, keep, k, &k->ticker);
	if (rc < 0) {
		free(k);
		return rc;
	}
	*out = k;
	return 0;
}

void keeper_close(struct keeper **kp)
{
	struct keeper *k = *kp;

	*kp = NULL;
	if (!k)
		return;
	ticker_close(&k->ticker);
	sync_once(k);
	free(k);
}
