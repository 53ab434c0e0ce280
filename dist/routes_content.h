/* routes_content - the register: content/. */
#ifndef DIST_ROUTES_CONTENT_H
#define DIST_ROUTES_CONTENT_H

#include "common/httpd.h"

void content_list(struct httpd_req *req);   /* GET content/ */
void content_create(struct httpd_req *req); /* POST content/ */
void content_get(struct httpd_req *req);    /* GET content/{id} */
void content_update(struct httpd_req *req); /* PUT content/{id} */
void content_delete(struct httpd_req *req); /* DELETE content/{id} */
void content_done(struct httpd_req *req);   /* of POST and PUT */

#endif
