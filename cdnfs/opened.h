/* opened - what the kernel holds open. It is released one by one, but not when a signal ends the mount: what is left is
 * then ended here. Has a lock of its own, which is held across nothing. */
#ifndef CDNFS_OPENED_H
#define CDNFS_OPENED_H

#include <pthread.h>

/* Embedded in a handle; zeroed: not in a list. */
struct opened {
	struct opened *next, **link;
	void (*end)(struct opened *o, void *ctx); /* frees the handle */
};

struct opened_list {
	pthread_mutex_t lock;
	struct opened *first; /* lock */
};

void opened_init(struct opened_list *l);
/* Before the kernel is told of it. */
void opened_add(struct opened_list *l, struct opened *o, void (*end)(struct opened *o, void *ctx));
void opened_remove(struct opened_list *l, struct opened *o); /* nothing when it is in none */
/* Ends all that are left; no operation runs any more. */
void opened_release(struct opened_list *l, void *ctx);

#endif
