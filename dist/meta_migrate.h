/* meta_migrate - brings a database to the newest schema, under a lock: any number of processes may do so at once. */
#ifndef DIST_META_MIGRATE_H
#define DIST_META_MIGRATE_H

#include "dist/meta_driver.h"

/* 0, or < 0 with a sentence in error: -EPROTO when the database is newer than this program. */
int meta_migrate(const struct meta_driver *driver, void *pool, char *error, size_t cap);

#endif
