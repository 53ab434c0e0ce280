/* routes - the table of dist's API. */
#ifndef DIST_ROUTES_H
#define DIST_ROUTES_H

#include "common/httpd.h"
#include <stdbool.h>
#include <stddef.h>

#define ROUTES_MAX 24

/* Fills out and returns how many there are. waits: what touches the database runs on workers. */
size_t routes_fill(bool waits, struct httpd_route out[ROUTES_MAX]);

#endif
