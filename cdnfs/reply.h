/* reply - answers to the kernel: the only place where errors change their sign. */
#ifndef CDNFS_REPLY_H
#define CDNFS_REPLY_H

#include "cdnfs/caller.h"
#include "cdnfs/fs.h"
#include <fuse3/fuse_lowlevel.h>

struct cdnfs *reply_fs(fuse_req_t req);
struct caller reply_caller(fuse_req_t req);
/* Waits while the requester does. */
struct wait reply_wait(fuse_req_t req);

/* As this mount shows it. */
void reply_stat(const struct cdnfs *fs, const struct attr *a, struct stat *st);
/* What a name means, for the kernel to believe as long as it may: a NULL: there is nothing. Without a lease that is the
 * option's timeout, less `age_ms`. */
void reply_entry_param(struct cdnfs *fs, uint64_t dir, const char *name, const struct attr *a,
	int64_t age_ms, struct fuse_entry_param *e);

void reply_result(fuse_req_t req, int rc); /* rc <= 0 */
void reply_attr(fuse_req_t req, const struct attr *a, int64_t age_ms);
/* The inode was learnt with one lookup, which goes back when the kernel does not take the answer. */
void reply_entry(fuse_req_t req, uint64_t dir, const char *name, const struct attr *a);
/* There is no such name. */
void reply_absent(fuse_req_t req, uint64_t dir, const char *name);

#endif
