/* routes_nodes - which node: for a new content, for the bytes of an old one; and how the nodes and dist itself do. */
#ifndef DIST_ROUTES_NODES_H
#define DIST_ROUTES_NODES_H

#include "common/httpd.h"

void place_store(struct httpd_req *req);  /* GET store/ */
void place_update(struct httpd_req *req); /* GET update/{id} */
void locate(struct httpd_req *req);	  /* GET retrieve/{id} */
void nodes_list(struct httpd_req *req);	  /* GET nodes/ */
void nodes_stats(struct httpd_req *req);  /* GET stats/ */
void health(struct httpd_req *req);	  /* GET health */
void ready(struct httpd_req *req);	  /* GET ready */

#endif
