/* options - the command line of cdnfs and mount.cdnfs, mount options, environment and /etc/cdnfs.conf. */
#ifndef CDNFS_OPTIONS_H
#define CDNFS_OPTIONS_H

#include "cdnfs/settings.h"
#include "cdnfs/shown.h"
#include "common/buf.h"
#include <stdbool.h>
#include <stdint.h>

struct options {
	struct settings set;
	/* the command line's */
	char *mountpoint;
	char *token;	    /* of token_file or CDN_TOKEN; NULL none */
	struct shown shown; /* of uid, gid and umask */
	bool foreground, debug, single, allow_other_set;
	bool helper; /* run as mount.cdnfs: mount(8)'s letters, and its exit statuses */
	bool ro, sync;
	struct buf fuse; /* options for libfuse, with commas */
	enum { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_VERSION, OPTIONS_NOTHING } what;
};

/* Fills *o (zeroed). 0, -EOPNOTSUPP for what no mount can do (remount), or another -errno; each with a sentence in error ("" for some of no memory). options_free in every case.
 * `file`: configuration, may be absent. */
int options_parse(
	struct options *o, int argc, char **argv, const char *file, char *error, size_t cap);
void options_free(struct options *o);
void options_usage(void);

#endif
