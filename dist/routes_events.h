/* routes_events - `fs/events`: mounts listen to what others change. */
#ifndef DIST_ROUTES_EVENTS_H
#define DIST_ROUTES_EVENTS_H

#include "common/httpd.h"

void events_get(struct httpd_req *req);
void events_delete(struct httpd_req *req);

#endif
