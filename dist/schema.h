/* schema - the numbered migrations of dist/schema, as embed.sh printed them. A statement ends with ";" at the end of
 * a line. Words between two @ are replaced by the driver's (meta_driver.h). A file, once released, never changes. */
#ifndef DIST_SCHEMA_H
#define DIST_SCHEMA_H

#include <stddef.h>

struct schema_step {
	int number; /* 1, 2, … */
	const char *name;
	const char *sql;
};

extern const struct schema_step schema_steps[];
extern const size_t nschema_steps;

#endif
