/* revise - PATCH update/{id}: a list of changes (changes.h) makes the next version of a content out of the current one. It is
 * registered on the condition that this is still the current one; if another came in between, the list is applied
 * to that. So of several who change one content at once nobody's changes are lost. */
#ifndef NODE_REVISE_H
#define NODE_REVISE_H

#include "common/httpd.h"

void revise_begin(struct httpd_req *req);
int revise_data(struct httpd_req *req, const void *data, size_t len);
void revise_handle(struct httpd_req *req);
void revise_done(struct httpd_req *req);

#endif
