/* figures - GET /metrics: what this node has counted, and how it stands, as text for Prometheus. */
#ifndef NODE_FIGURES_H
#define NODE_FIGURES_H

#include "common/httpd.h"
#include "node/usage.h"

struct node;

void figures_handle(struct httpd_req *req);
/* Bytes that uploads could still get: the trash gives way to them. */
uint64_t figures_free(const struct node *n, const struct usage_view *u);

#endif
