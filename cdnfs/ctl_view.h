/* ctl_view - the CDN as dist sees it, and what is wrong with that. */
#ifndef CDNFS_CTL_VIEW_H
#define CDNFS_CTL_VIEW_H

#include "cdnfs/ctl_call.h"
#include "cdnfs/ctl_findings.h"

struct ctl_view {
	cJSON *stats;	  /* the answer of stats/; NULL: there is none */
	int rc;		  /* why: 0 or -errno */
	char why[1024];	  /* and a sentence */
	char health[600]; /* "OK", or what dist says, or "" */
};

/* Asks stats/ and health/. Leaves no sentence in c. */
void ctl_view_load(struct ctl *c, struct ctl_view *v);
void ctl_view_release(struct ctl_view *v);

struct ctl_totals {
	unsigned nodes, up;
	uint64_t storage, max_storage, free, contents; /* free: of nodes that are up */
};
void ctl_view_totals(const struct ctl_view *v, struct ctl_totals *out);

/* 0, 1 or 2: room enough, nearly full, full. By what an upload can have. */
int ctl_view_fullness(const cJSON *node);
/* dist away, no database, nodes down or full. */
void ctl_view_check(const struct ctl *c, const struct ctl_view *v, struct ctl_findings *out);

#endif
