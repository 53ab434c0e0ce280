/* link - signed links (common/sign.h): the query `ttl`, and answers that hold one. */
#ifndef DIST_LINK_H
#define DIST_LINK_H

#include "common/httpd.h"
#include <stdint.h>

/* Does the request ask for a link (`ttl` seconds, 1..LIMIT_LINK_S)? 1 and *expires, in seconds since 1970; 0: no;
 * -EINVAL, -EACCES, -ENOKEY: answered 400, 401 or 403, or 409 where no token is set. Whether reads are open or not, only
 * who has the token gets links. */
int link_asked(struct httpd_req *req, uint64_t *expires);
/* {"uri": base and path, signed, "expires"}; path is decoded. */
void link_answer(struct httpd_req *req, const char *base, const char *path, uint64_t expires);
/* 307 to base/retrieve/{id}; signed until the same second when the request came by a link. */
void link_redirect(struct httpd_req *req, const char *base, uint64_t id);

#endif
