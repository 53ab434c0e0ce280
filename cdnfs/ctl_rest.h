/* ctl_rest - cdnctl's commands over REST. Each takes its arguments (argv[0] is the first, missing ones are NULL),
 * prints its answer to standard output and returns 0, or -errno with the sentence left in c. */
#ifndef CDNFS_CTL_REST_H
#define CDNFS_CTL_REST_H

#include "cdnfs/ctl_call.h"

int ctl_rest_stats(struct ctl *c, char **argv);
int ctl_rest_nodes(struct ctl *c, char **argv);
int ctl_rest_ls(struct ctl *c, char **argv);	 /* [PATH] */
int ctl_rest_put(struct ctl *c, char **argv);	 /* FILE [PATH] */
int ctl_rest_get(struct ctl *c, char **argv);	 /* ID|PATH [FILE] */
int ctl_rest_update(struct ctl *c, char **argv); /* ID FILE */
int ctl_rest_rm(struct ctl *c, char **argv);	 /* ID|PATH */
int ctl_rest_locate(struct ctl *c, char **argv); /* ID|PATH */

#endif
