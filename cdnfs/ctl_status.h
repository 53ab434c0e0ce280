/* ctl_status - one screen: nodes, mounts of this machine, contents, what is wrong. */
#ifndef CDNFS_CTL_STATUS_H
#define CDNFS_CTL_STATUS_H

#include "cdnfs/ctl_call.h"

/* Takes no arguments. 0; or the exit status of why dist cannot be asked, after the rest was printed; or -errno. */
int ctl_status(struct ctl *c, char **argv);

#endif
