/* multipart_header - the header of one part, and header parameters (RFC 2183, 5987). Pure. */
#ifndef NODE_MULTIPART_HEADER_H
#define NODE_MULTIPART_HEADER_H

#include "common/limits.h"
#include <stdbool.h>
#include <stddef.h>

#define MULTIPART_LINE_MAX 8192 /* bytes of one header line */

struct multipart_header {
	char name[64];
	bool has_filename;
	char filename[LIMIT_PATH + 1]; /* bytes; browsers may send a whole path */
	size_t filename_len;
	char type[LIMIT_TYPE + 1];
};

/* Lines ended by CRLF, the blank one included or not. 0; -EINVAL when it is malformed, is no form-data, or a value is too long. */
int multipart_header_parse(const char *text, size_t len, struct multipart_header *out);
/* Value of parameter `key` of a header value like: form-data; key="value". 1 and the value (NUL-terminated; its length in *len), 0 when
 * absent, -EINVAL when malformed or longer than cap - 1. */
int header_parameter(const char *value, const char *key, char *out, size_t cap, size_t *len);

#endif
