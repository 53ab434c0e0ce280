/* upload - store/ and update/: room is reserved, bytes stream to disk, commit does the rest. The stages of an
 * httpd_route. */
#ifndef NODE_UPLOAD_H
#define NODE_UPLOAD_H

#include "common/httpd.h"

void upload_store(struct httpd_req *req);  /* begin of POST store/ */
void upload_put(struct httpd_req *req);	   /* begin of PUT store/ */
void upload_update(struct httpd_req *req); /* begin of PUT update/ and update/{id} */
int upload_data(struct httpd_req *req, const void *data, size_t len);
void upload_handle(struct httpd_req *req); /* on a worker */
void upload_done(struct httpd_req *req);

#endif
