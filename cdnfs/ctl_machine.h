/* ctl_machine - what a mount needs of this machine: FUSE, a folder for staging, configuration and token that others cannot change
 * or read. */
#ifndef CDNFS_CTL_MACHINE_H
#define CDNFS_CTL_MACHINE_H

#include "cdnfs/ctl_findings.h"

/* token_file: of cdnctl's options, or NULL. Looks with the rights of who asks. */
void ctl_machine_check(const char *token_file, struct ctl_findings *out);

#endif
