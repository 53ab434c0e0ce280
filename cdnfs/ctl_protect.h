/* ctl_protect - a mount point that cannot be written to by mistake while nothing is mounted on it. */
#ifndef CDNFS_CTL_PROTECT_H
#define CDNFS_CTL_PROTECT_H

#include "cdnfs/ctl_call.h"

/* DIR. Makes it immutable; mode 0 where the file system knows no such attribute, which stops all but root. Prints which.
 * Only root; -EBUSY when something is mounted there, -ENOTEMPTY. What is protected already stays so: 0. */
int ctl_protect(struct ctl *c, char **argv);
/* DIR. Takes it back, the mode as it was (0755 when the file system could not keep it). */
int ctl_unprotect(struct ctl *c, char **argv);

#endif
