/* delta - what was changed in a staged file as the list of changes that a node takes (docs/protocol.md). */
#ifndef CDNFS_DELTA_H
#define CDNFS_DELTA_H

#include "cdnfs/staging.h"
#include "common/buf.h"

struct delta {
	struct buf text; /* a short list */
	int fd;		 /* of a long one, in the staging folder; -1: it is in text */
	uint64_t len;	 /* bytes of the list */
};

/* 0 or -errno. The caller releases it. */
int delta_build(const struct staged_job *job, struct staging_dir *dir, struct delta *out);
void delta_release(struct delta *d);

#endif
