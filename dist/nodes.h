/* nodes - the storage nodes: who they are (nodes.yml), how they do (as reported), and which one gets new bytes.
 * Any thread may call; nothing here waits. What nodes.yml says does not change while dist runs, so the pointers
 * to it stay good until nodes_close(). */
#ifndef DIST_NODES_H
#define DIST_NODES_H

#include "common/conf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nodes;

/* What a node says of itself, in bytes. */
struct node_figures {
	uint64_t memory, storage, max_storage;
	uint64_t free;	   /* what an upload can have */
	uint64_t reserved; /* held by uploads that are not registered yet; not in `free` */
	uint64_t contents; /* whose bytes it holds */
};

/* Takes what *conf holds (it is empty afterwards). The entry `dist` is no storage node. 0 or -ENOMEM. */
int nodes_open(struct conf_nodes *conf, struct nodes **out);
void nodes_close(struct nodes **n); /* NULL-safe */

const struct conf_nodes *nodes_conf(const struct nodes *n); /* all of nodes.yml */
size_t nodes_count(const struct nodes *n);		    /* storage nodes */
const struct conf_node *nodes_at(const struct nodes *n, size_t i);
const struct conf_node *nodes_find(const struct nodes *n, const char *name); /* NULL: unknown */
/* By its public or internal base, with or without a '/' at the end. */
const struct conf_node *nodes_by_base(const struct nodes *n, const char *uri);

/* A node answered, or did not. Both return true when that makes it UP or DOWN. A refused connection means DOWN at
 * once, silence when it happens twice in a row. */
bool nodes_answered(struct nodes *n, size_t i, const struct node_figures *f, int64_t now_ms);
bool nodes_missed(struct nodes *n, size_t i, bool refused);

/* UP? And its last figures, all 0 when it never answered. */
bool nodes_status(struct nodes *n, size_t i, struct node_figures *out);
bool nodes_up(struct nodes *n, size_t i);
/* clock_ms() of when it became what it is, UP or DOWN. */
int64_t nodes_since(struct nodes *n, size_t i);
/* Some node that is up, each in turn; NULL: none. */
const struct conf_node *nodes_any(struct nodes *n);

#define NODES_PROMISE_MS 2000 /* a promise lapses with the first answer that comes so much later */

/* Where `size` bytes go (placement.h), which counts them as promised until they are there, or do not come; 0: nobody
 * knows how many. skip: names of nodes to pass over, with commas, or NULL. 0, -ENOSPC, -EHOSTDOWN. */
int nodes_place(struct nodes *n, uint64_t size, const char *skip, int64_t now_ms,
	const struct conf_node **out);
/* What nodes_place() has answered so far. */
struct nodes_counts {
	uint64_t placed, full, down; /* 0, -ENOSPC, -EHOSTDOWN */
};
void nodes_counts(struct nodes *n, struct nodes_counts *out);
/* The node of that name holds `size` bytes more, of which its next figures will tell. Other names are ignored. */
void nodes_took(struct nodes *n, const char *name, uint64_t size);
/* Room of all nodes that are up; what is promised and what came since their last answer is deducted, but
 * for what the node had reserved by then: those are the same bytes, on their way. */
void nodes_room(struct nodes *n, uint64_t *total, uint64_t *free);

#endif
