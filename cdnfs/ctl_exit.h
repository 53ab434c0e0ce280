/* ctl_exit - what cdnctl's exit status says. */
#ifndef CDNFS_CTL_EXIT_H
#define CDNFS_CTL_EXIT_H

#include <stdio.h>

enum ctl_exit {
	CTL_EXIT_OK = 0,
	CTL_EXIT_FAILED = 1,	  /* anything else; of doctor and fsck: something is wrong */
	CTL_EXIT_USAGE = 2,	  /* the command line, or a file that an option names */
	CTL_EXIT_NOT_FOUND = 3,	  /* a content, a path, a local file */
	CTL_EXIT_UNREACHABLE = 4, /* a server, or what it needs: try again later */
	CTL_EXIT_NO_ROOM = 5,	  /* on the nodes, or on the local disk */
	CTL_EXIT_REFUSED = 6	  /* token, permissions, or something is in the way */
};

/* rc: 0 or -errno. */
enum ctl_exit ctl_exit_of(int rc);
/* One line a status, for --help. */
void ctl_exit_help(FILE *out);

#endif
