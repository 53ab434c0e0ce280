/* caller - who makes a request: groups and capabilities, which the kernel does not tell with it. */
#ifndef CDNFS_CALLER_H
#define CDNFS_CALLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { CALLER_FSETID = 4, CALLER_SYS_ADMIN = 21 }; /* numbers of capabilities(7) */

struct caller {
	pid_t pid;
	uint32_t uid, gid;
};

/* Is `gid` the group of a process, or one of its further ones? Of a process that cannot be looked at: is it `gid`? */
bool caller_in_group(const struct caller *c, uint32_t gid);
/* Is it root, and has it the capability? (Who is root of a namespace of his own is not.) Of a process that cannot be looked
 * at: is it root? */
bool caller_capable(const struct caller *c, unsigned capability);

/* The two answers in the text of /proc/PID/status. False too when it does not say. */
bool caller_text_group(const char *status, uint32_t gid);
bool caller_text_capable(const char *status, unsigned capability);

#endif
