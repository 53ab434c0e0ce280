/* herald - several dist on one database: what the others change is told to the mounts that listen here. PostgreSQL's NOTIFY
 * carries it, in the transaction that makes the change. As long as it cannot be heard no mount may rely on what it remembers: the
 * feed is deaf. */
#ifndef DIST_HERALD_H
#define DIST_HERALD_H

#include "dist/feed.h"

struct herald;

/* Makes the feed deaf until the others are heard. 0 or -errno. */
int herald_open(struct meta *meta, struct feed *feed, struct herald **out);
void herald_close(struct herald **h); /* NULL-safe */

#endif
