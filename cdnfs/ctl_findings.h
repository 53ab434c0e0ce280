/* ctl_findings - what is wrong, each with its cure. */
#ifndef CDNFS_CTL_FINDINGS_H
#define CDNFS_CTL_FINDINGS_H

#include "cdnfs/ctl_screen.h"
#include "common/json.h"

struct ctl_findings {
	cJSON *list; /* of {"check", "what", "cure"}; NULL: memory was out from the start */
};

void ctl_findings_open(struct ctl_findings *f);
void ctl_findings_release(struct ctl_findings *f);
/* check: a word for programs ("node-down"). fmt makes one sentence of what is wrong. */
void ctl_found(struct ctl_findings *f, const char *check, const char *cure, const char *fmt, ...)
	ATTR_PRINTF(4, 5);
unsigned ctl_findings_count(const struct ctl_findings *f);
/* "- what" and its cure below. */
void ctl_findings_print(const struct ctl_screen *s, const struct ctl_findings *f);

#endif
