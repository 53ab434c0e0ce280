/* mounted - which mount of cdnfs is on a directory, by /proc/self/mountinfo, and whether its process lives. */
#ifndef CDNFS_MOUNTED_H
#define CDNFS_MOUNTED_H

#include <stdbool.h>
#include <sys/types.h>

struct mounted {
	char source[256]; /* the URL, cut when longer */
	uid_t uid;	  /* who mounted it, and may ask it */
	gid_t gid;
};

/* The mount on top at this absolute path: 0 when it is one of ours, -ENOENT when there is none or another's, or -errno. */
int mounted_find(const char *path, struct mounted *out);

/* Tells each mount of ours, in the order of mounting; not 0 from fn ends it and is returned. 0, or -errno. */
int mounted_each(int (*fn)(void *ctx, const char *path, const struct mounted *m), void *ctx);

/* True when the process that served it has gone. Asks as the user who mounted it, for a few seconds: a process that does not
 * answer lives. */
bool mounted_dead(const char *path, const struct mounted *m);

#endif
