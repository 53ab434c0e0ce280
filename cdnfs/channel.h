/* channel - listens to the changes of others, on a thread of its own: forgets what they changed, has the kernel forget it, and
 * then says so to dist, which lets the change be answered. */
#ifndef CDNFS_CHANNEL_H
#define CDNFS_CHANNEL_H

#include "cdnfs/fs.h"

struct channel;

/* Begins to listen: before the kernel asks for anything, when dist answers. The mount is there. 0 or -errno. */
int channel_open(struct cdnfs *fs, struct channel **out);
/* Ends the session at dist. NULL-safe; waits at most seconds for a server that is silent. */
void channel_close(struct channel **c);

#endif
