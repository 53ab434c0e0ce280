/* hash - the content check-sum: XXH3-128 (xxhash.com), as 32 lower-case hex digits in canonical
 * (big-endian) order, which is what `xxh128sum` prints. It is the ETag of a content. */
#ifndef COMMON_HASH_H
#define COMMON_HASH_H

#include <stddef.h>

#define HASH_TEXT 33 /* 32 digits and NUL */

struct hash;

struct hash *hash_open(void); /* NULL when memory is out */
void hash_close(struct hash **h);
void hash_reset(struct hash *h);
void hash_add(struct hash *h, const void *data, size_t len);
void hash_text(const struct hash *h, char text[HASH_TEXT]); /* of all that was added so far */
void hash_bytes(const void *data, size_t len, char text[HASH_TEXT]);

#endif
