/* routes_files - the tree by path: files/PATH. */
#ifndef DIST_ROUTES_FILES_H
#define DIST_ROUTES_FILES_H

#include "common/httpd.h"

void files_get(struct httpd_req *req);
void files_put(struct httpd_req *req);
void files_delete(struct httpd_req *req);

#endif
