#include "dist/meta_counts.h"

#include <errno.h>

static const char *const mode_name[META_MODES] = { "read", "write", "durable" };
static const char *const outcome_name[META_OUTCOMES] = { "committed", "rolled_back", "failed" };

static size_t outcome_of(int rc)
{
	if (rc >= 0)
		return 0;
	return rc == -EHOSTDOWN || rc == -EIO ? 2 : 1; /* else what was asked for cannot be */
}

void meta_counts_note(
	struct meta_counts *c, enum meta_mode mode, int rc, int64_t ns, unsigned tries)
{
	metrics_observe(&c->times[mode], ns);
	metrics_add(&c->outcomes[mode][outcome_of(rc)], 1);
	if (tries > 1)
		metrics_add(&c->again, tries - 1);
}

void meta_counts_text(const struct meta_counts *c, struct buf *out)
{
	struct buf labels = BUF_INIT;

	metrics_head(out, "cdn_db_transactions_total", "counter",
		"Transactions of the database; rolled_back: what was asked for cannot be.");
	for (size_t m = 0; m < META_MODES; m++) {
		for (size_t o = 0; o < META_OUTCOMES; o++) {
			buf_clear(&labels);
			metrics_label(&labels, "mode", mode_name[m]);
			metrics_label(&labels, "outcome", outcome_name[o]);
			metrics_number(out, "cdn_db_transactions_total", buf_str(&labels),
				metrics_get(&c->outcomes[m][o]));
		}
	}
	metrics_counter(out, "cdn_db_retries_total",
		"Transactions begun again after they ran into another one.",
		metrics_get(&c->again));
	metrics_head(out, "cdn_db_transaction_duration_seconds", "histogram",
		"From the first try's begin to the commit.");
	for (size_t m = 0; m < META_MODES; m++) {
		buf_clear(&labels);
		metrics_label(&labels, "mode", mode_name[m]);
		metrics_times(
			out, "cdn_db_transaction_duration_seconds", buf_str(&labels), &c->times[m]);
	}
	buf_release(&labels);
}
