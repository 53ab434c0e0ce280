/* hash - the content check-sum, by sections of 64 MiB. Up to one section it is XXH3-128 (xxhash.com) as 32 lower-case hex digits
 * in canonical (big-endian) order, which is what `xxh128sum` prints; of more it is XXH3-128 over the sections' canonical
 * digests, one behind another, and then "-N", N being how many sections there are. Zeros cost nothing by the section, and a
 * change costs the sections in which it is. It is the ETag of a content. */
#ifndef COMMON_HASH_H
#define COMMON_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_SECTION (64U << 20)
#define HASH_DIGITS 32
#define HASH_TEXT 48   /* digits, "-", N and NUL */
#define HASH_KEPT 128  /* sections that hash_kept() knows: 8 GiB */
#define HASH_DIGEST 16 /* bytes of one */

struct hash;

struct hash *hash_open(void); /* NULL when memory is out */
void hash_close(struct hash **h);
void hash_reset(struct hash *h);
/* For hash_is(): from now on the XXH3-128 of all bytes in one is made as well, which costs as much again. Until it is closed.
 * 0 or -ENOMEM. */
int hash_plain(struct hash *h);

void hash_add(struct hash *h, const void *data, size_t len);
void hash_zeros(struct hash *h, uint64_t n);
/* A whole section of which the digest is known. Only where a section begins, and not with hash_plain(). */
void hash_section(struct hash *h, const unsigned char digest[HASH_DIGEST]);

void hash_text(const struct hash *h, char text[HASH_TEXT]); /* of all that was added so far */
/* Is text the check-sum of what was added? In either case of letters; with hash_plain() also that of all bytes in one, which is
 * what longer contents have that were stored before sections were. */
bool hash_is(const struct hash *h, const char *text);
/* Digests of the first whole sections, at most HASH_KEPT, when there is more than one section. Returns how many. */
size_t hash_kept(const struct hash *h, unsigned char out[HASH_KEPT * HASH_DIGEST]);

/* Of up to a section. */
void hash_bytes(const void *data, size_t len, char text[HASH_TEXT]);
bool hash_text_ok(
	const char *text); /* is it a check-sum, of either form, in either case of letters? */

#endif
