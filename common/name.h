/* name - file names: what is allowed, and how bytes travel in JSON and URLs.
 *
 * A name is 1..LIMIT_NAME bytes without '/' and NUL, not "." or "..". JSON must be UTF-8, so on the
 * wire '%' and every byte that is not part of well-formed UTF-8 is written %XX; so are control
 * bytes below 0x20 and 0x7f. Decoding accepts %XX for any byte but NUL. */
#ifndef COMMON_NAME_H
#define COMMON_NAME_H

#include "common/buf.h"
#include <sys/types.h>

/* The entry of the root that every mount keeps for itself: it shows a directory of its own there. */
#define NAME_OWN ".cdnfs"

int name_check(const char *name, size_t len); /* 0, -EINVAL, -ENAMETOOLONG */

void name_encode(struct buf *out, const char *bytes, size_t len);
/* Decodes `text` into out, which holds cap bytes and a NUL (cap + 1). Returns the length,
 * -EINVAL (bad escape, %00), -ENAMETOOLONG when it does not fit; then out may be half written.
 * out may be text itself. */
ssize_t name_decode(const char *text, char *out, size_t cap);

/* Percent-encodes for one URL path segment or query value (unreserved bytes stay). */
void name_url(struct buf *out, const char *bytes, size_t len);
/* As name_url, but '/' stays. */
void name_url_path(struct buf *out, const char *bytes, size_t len);

/* Length of the well-formed UTF-8 sequence at s (1..4), 0 when there is none (RFC 3629). */
size_t utf8_sequence(const char *s, size_t len);
/* Adds the bytes with everything that is not UTF-8 (and NUL) replaced by U+FFFD: for people and
 * registers. */
void utf8_lossy(struct buf *out, const char *bytes, size_t len);

#endif
