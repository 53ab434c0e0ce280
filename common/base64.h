/* base64 - bytes as text (RFC 4648 4, padded, no line breaks). Pure. */
#ifndef COMMON_BASE64_H
#define COMMON_BASE64_H

#include "common/buf.h"
#include <sys/types.h>

void base64_add(struct buf *out, const void *data, size_t len);
/* Decodes `len` bytes of text into out, which holds len / 4 * 3 bytes and may be text itself. The length, or -EINVAL: not
 * exactly what base64_add() makes of some bytes; then out may be half written. */
ssize_t base64_decode(const char *text, size_t len, char *out);

#endif
