/* row - values of a result row as C values. */
#ifndef DIST_ROW_H
#define DIST_ROW_H

#include "dist/meta.h"
#include <stdbool.h>

#define CREATED_TEXT 40

/* Copies a TEXT or BYTES value, cut to fit; NULL gives "". */
void value_copy(char *out, size_t cap, const struct meta_value *v);

/* ns since 1970 as "2022-08-29T06:03:24.181883+00:00". */
void created_format(int64_t ns, char text[CREATED_TEXT]);
/* "2022-08-29 06:03:24.18+00" (PostgreSQL) and "2022-08-29T06:03:24.180000+00:00" (SQLite) as the latter. */
void created_copy(char out[CREATED_TEXT], const struct meta_value *v);
/* Is it NAME_OWN in the root, which nothing may be called? */
bool row_reserved(uint64_t dir, const char *name, size_t len);

#endif
