/* events - what dist tells of the changes of others (docs/protocol.md, fs/events): asked over a connection of its own, and
 * read. */
#ifndef CDNFS_EVENTS_H
#define CDNFS_EVENTS_H

#include "common/buf.h"
#include "common/httpc.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event {
	uint64_t
		id; /* an inode that changed, or a directory in which a name did; 0: anything may have */
	size_t name; /* offset in text; 0: the inode itself */
};

struct events {
	bool reset;	  /* nothing that was remembered is true */
	int64_t lease_ms; /* from the moment it was asked; 0: the session has ended */
	uint64_t last;	  /* `after` of the next poll */
	struct event *list;
	size_t n;
	struct buf text; /* names with their NULs, first byte unused */
};

void events_release(struct events *e);
/* 0, -EPROTO when it is no such answer, -ENOMEM. *out is the caller's to release after 0. */
int events_read(const char *text, size_t len, struct events *out);

/* One poll, at most stall_ms of silence. 0; -ENOSYS: a dist without events; another -errno, and why in `why` (cap bytes). */
int events_poll(struct httpc *h, const char *url, const char *session, uint64_t after,
	int64_t stall_ms, struct events *out, char *why, size_t cap);
/* The session ends: nobody waits for it any more. */
void events_end(struct httpc *h, const char *url, const char *session, int64_t stall_ms);

#endif
