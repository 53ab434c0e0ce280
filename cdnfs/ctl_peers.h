/* ctl_peers - the servers, asked one by one as clients ask them: do they answer from here, which version are they, do the clocks
 * agree. */
#ifndef CDNFS_CTL_PEERS_H
#define CDNFS_CTL_PEERS_H

#include "cdnfs/ctl_view.h"

/* Seconds by which clocks may differ: links and time stamps become doubtful beyond. */
#define CTL_CLOCK_S 5

/* dist, and the nodes that v names, by their public addresses. */
void ctl_peers_check(struct ctl *c, const struct ctl_view *v, struct ctl_findings *out);

#endif
