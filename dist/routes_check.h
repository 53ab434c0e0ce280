/* routes_check - GET fs/check: the database against its own rules. */
#ifndef DIST_ROUTES_CHECK_H
#define DIST_ROUTES_CHECK_H

#include "common/httpd.h"

void check_get(struct httpd_req *req);

#endif
