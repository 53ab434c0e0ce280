/* routes_fs - POST fs: the mount's door. */
#ifndef DIST_ROUTES_FS_H
#define DIST_ROUTES_FS_H

#include "common/httpd.h"

void fs_handle(struct httpd_req *req);
void fs_done(struct httpd_req *req);
void path_get(struct httpd_req *req); /* fs/path/{id}: how an inode is called */

#endif
