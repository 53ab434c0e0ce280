/* ctl_watch - a command again and again, in place on a terminal. */
#ifndef CDNFS_CTL_WATCH_H
#define CDNFS_CTL_WATCH_H

#include "cdnfs/ctl_call.h"

#define CTL_WATCH_MOST_S 86400

/* run prints to c->screen. A failure is shown, and the next time may be better. Ends by a signal, or with -EIO when the
 * output cannot be written any more. title: the command, for people. */
int ctl_watch(struct ctl *c, const char *title, double seconds,
	int (*run)(struct ctl *c, char **argv), char **argv);

#endif
