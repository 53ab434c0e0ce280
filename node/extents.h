/* extents - `extents/{id}`: where a version has data. */
#ifndef NODE_EXTENTS_H
#define NODE_EXTENTS_H

#include "common/httpd.h"

void extents_handle(struct httpd_req *req); /* on a worker */

#endif
