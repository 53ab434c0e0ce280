/* ctl_local - cdnctl's side of the wire: files that are sent, files that are received. A received
 * file appears under its name whole or not at all, and nothing else stays, also after ^C or a kill: it has no name until
 * it is whole, where the file system can do that, else a temporary one. Prints nothing; errors are left in struct ctl. */
#ifndef CDNFS_CTL_LOCAL_H
#define CDNFS_CTL_LOCAL_H

#include "cdnfs/ctl_call.h"
#include "common/hash.h"
#include <sys/types.h>

struct ctl_source {
	int fd;
	uint64_t size;
	const char *name; /* last component of its path, "stdin" for "-"; borrowed */
};

/* path "-": standard input. What is no regular file is spooled to an unlinked one in TMPDIR first, so
 * that its size is known. */
int ctl_source_open(struct ctl *c, const char *path, struct ctl_source *out);
void ctl_source_close(struct ctl_source *s);

struct ctl_sink {
	int fd;
	struct hash *hash;
	const char *path; /* borrowed; "-": standard output */
	char *target; /* path with links followed; NULL: written as it is (standard output, devices, pipes) */
	char *temporary; /* beside target; NULL: the file has no name yet */
	mode_t mode;	 /* of the file replaced, else of a new one, umask taken off */
	int error;	 /* -errno of the first write that failed */
};

/* Begin, hand ctl_sink_write to httpc as sink, then commit; abort is NULL-safe after
 * either. etag: what the server said, quoted or not; -EIO when it is a check-sum and the bytes differ. */
int ctl_sink_begin(struct ctl *c, const char *path, struct ctl_sink *s);
int ctl_sink_write(void *ctx, const void *data, size_t len);
int ctl_sink_commit(struct ctl *c, struct ctl_sink *s, const char *etag);
void ctl_sink_abort(struct ctl_sink *s);

#endif
