/* ctl_mounts - this machine's mounts of CDNs, as far as this process may see them. */
#ifndef CDNFS_CTL_MOUNTS_H
#define CDNFS_CTL_MOUNTS_H

#include "cdnfs/ctl_findings.h"

/* A list of {"path", "url", "user", "state": "mounted" or "dead"}, the caller's; NULL when memory is out or mountinfo cannot be
 * read. Text that a terminal can show. */
cJSON *ctl_mounts(void);
/* Dead ones. */
void ctl_mounts_check(const cJSON *mounts, struct ctl_findings *out);

#endif
