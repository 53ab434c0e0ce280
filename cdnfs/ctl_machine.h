/* ctl_machine - what a mount needs of this machine: FUSE, a folder for staging, configuration and token that others cannot change
 * or read. */
#ifndef CDNFS_CTL_MACHINE_H
#define CDNFS_CTL_MACHINE_H

#include "cdnfs/ctl_call.h"
#include "cdnfs/ctl_findings.h"

/* Looks with the rights of who asks. */
void ctl_machine_check(const struct ctl *c, struct ctl_findings *out);

#endif
