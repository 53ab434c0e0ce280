/* size - bytes as people write them: "100M", "1.5T", "512KiB", "1000000". Plain letters are
 * decimal (100M = 100 000 000), Ki/Mi/Gi/Ti/Pi binary, a trailing B is optional, case is
 * ignored. */
#ifndef COMMON_SIZE_H
#define COMMON_SIZE_H

#include <stddef.h>
#include <stdint.h>

/* 0, -EINVAL when it is no size (empty, negative, unknown unit, trailing text), -ERANGE past
 * 2^63-1. *out is untouched on failure. */
int size_parse(const char *text, uint64_t *out);

/* "15.7 MB" style, decimal, for people. Always NUL-terminated. Returns text. */
char *size_format(uint64_t bytes, char *text, size_t cap);

#endif
