/* download - retrieve/{id}: what is held here goes out by sendfile from the event thread; for the rest dist is asked, on a
 * worker, and the client is sent where the bytes are. */
#ifndef NODE_DOWNLOAD_H
#define NODE_DOWNLOAD_H

#include "common/httpd.h"

void download_handle(struct httpd_req *req);

#endif
