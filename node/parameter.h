/* parameter - what clients write in queries, fields and headers of an upload, as values. Pure. */
#ifndef NODE_PARAMETER_H
#define NODE_PARAMETER_H

#include "common/limits.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int parameter_id(const char *text, uint64_t *out); /* 1..LIMIT_ID. 0 or -EINVAL */
int parameter_mtime(
	const char *text, int64_t *out); /* "seconds" or "seconds.nanoseconds" → ns. 0 or -EINVAL */
int parameter_bool(const char *text, bool *out); /* 1 0 true false. 0 or -EINVAL */
/* The last component of a client's file name into out; "" stays "". 0, -EINVAL, -ENAMETOOLONG. */
int parameter_filename(const char *text, size_t len, char out[LIMIT_NAME + 1], size_t *out_len);

#endif
