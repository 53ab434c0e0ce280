/* routes_metrics - what dist has counted and knows of the nodes, as text for Prometheus. */
#ifndef DIST_ROUTES_METRICS_H
#define DIST_ROUTES_METRICS_H

#include "common/httpd.h"

void metrics_get_all(struct httpd_req *req); /* GET metrics */

#endif
