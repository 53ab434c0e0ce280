/* keeper - what the database needs in the background: what was committed is on disk within a second, and sessions
 * that nobody used for a day are forgotten. */
#ifndef DIST_KEEPER_H
#define DIST_KEEPER_H

#include "dist/meta.h"

struct keeper;

int keeper_open(struct meta *meta, struct keeper **out);
void keeper_close(struct keeper **k); /* NULL-safe; syncs a last time */

#endif
