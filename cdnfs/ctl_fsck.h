/* ctl_fsck - `cdnctl fsck`: what dist finds wrong with its own database. */
#ifndef CDNFS_CTL_FSCK_H
#define CDNFS_CTL_FSCK_H

#include "cdnfs/ctl_call.h"

/* Prints a line for each finding, then how much was looked at. 0; -EUCLEAN when something is wrong; or why dist
 * could not be asked, with a sentence in c. */
int ctl_fsck(struct ctl *c, char **argv);

#endif
