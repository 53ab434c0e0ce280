/* ctl_findings - what was looked at: what is wrong, each with its cure, what is worth knowing, what is well. */
#ifndef CDNFS_CTL_FINDINGS_H
#define CDNFS_CTL_FINDINGS_H

#include "cdnfs/ctl_screen.h"
#include "common/json.h"

struct ctl_findings {
	cJSON *list; /* of {"level": "wrong" "note" "ok", "check", "what", "cure"}; NULL: memory is out */
};

void ctl_findings_open(struct ctl_findings *f);
void ctl_findings_release(struct ctl_findings *f);
/* check: a word for programs ("node-down"). fmt makes one sentence of what is wrong. */
void ctl_found(struct ctl_findings *f, const char *check, const char *cure, const char *fmt, ...)
	ATTR_PRINTF(4, 5);
/* The same about what may be meant so. */
void ctl_noted(struct ctl_findings *f, const char *check, const char *cure, const char *fmt, ...)
	ATTR_PRINTF(4, 5);
/* What was looked at and is well. */
void ctl_fine(struct ctl_findings *f, const char *check, const char *fmt, ...) ATTR_PRINTF(3, 4);
/* How many things are wrong. */
unsigned ctl_findings_count(const struct ctl_findings *f);
/* What is wrong as "- what", its cure below. */
void ctl_findings_print(const struct ctl_screen *s, const struct ctl_findings *f);
/* All, each with its level. */
void ctl_findings_report(const struct ctl_screen *s, const struct ctl_findings *f);

#endif
