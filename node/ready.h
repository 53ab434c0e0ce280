/* ready - can this node take an upload and register it: its folder can be written, and dist answers that it is well. Asked at most once
 * a second, however often the route is. Any thread may call. */
#ifndef NODE_READY_H
#define NODE_READY_H

#include "node/dist.h"
#include "node/folder.h"

struct ready;

/* Both must outlive it. 0 or -ENOMEM. */
int ready_open(const struct folder *f, struct dist *d, struct ready **out);
void ready_close(struct ready **r); /* NULL-safe */
/* 0; else -errno and a sentence in why (cap bytes). Waits for dist about a second; meanwhile other callers get the last answer. */
int ready_ask(struct ready *r, char *why, size_t cap);

#endif
