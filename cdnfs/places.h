/* places - the nodes' names and addresses as dist tells them, each stored once. Never forgets: there
 * are as many as nodes. */
#ifndef CDNFS_PLACES_H
#define CDNFS_PLACES_H

#include "common/limits.h"

struct place {
	char node[64];
	char uri[LIMIT_HOST + 32]; /* base, "http://host:port" */
};

struct places;

int places_open(struct places **out);
void places_close(struct places **p);
/* The one place with this name and address; lives as long as p. NULL when either is too long or no
 * URI, when there are too many, or memory is out. */
const struct place *places_get(struct places *p, const char *node, const char *uri);

#endif
