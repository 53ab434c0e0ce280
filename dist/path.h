/* path - paths of the tree as clients send them. */
#ifndef DIST_PATH_H
#define DIST_PATH_H

#include <stddef.h>

/* Names with slashes between and around them (several count as one), LIMIT_PATH bytes at most, none of them "." or "..".
 * 0, -EINVAL, -ENAMETOOLONG. "" is the root. */
int path_check(const char *path, size_t len);

#endif
