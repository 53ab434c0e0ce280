/* id - short ids that travel in headers: letters, digits, '_' and '-'. */
#ifndef COMMON_ID_H
#define COMMON_ID_H

#include <stdbool.h>
#include <stddef.h>

/* 1..most of those. */
bool id_ok(const char *text, size_t len, size_t most);

#endif
