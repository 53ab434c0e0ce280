/* routes - the node's HTTP API as a table, and the handlers that are small. */
#ifndef NODE_ROUTES_H
#define NODE_ROUTES_H

#include "common/httpd.h"

extern const struct httpd_route node_routes[];
extern const size_t node_nroutes;

#endif
