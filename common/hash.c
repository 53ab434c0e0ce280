#include "common/hash.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <xxhash.h>

_Static_assert(sizeof(XXH128_canonical_t) == HASH_DIGEST, "a digest is 16 bytes");

/* The states are never NULL but for plain, and aligned by libxxhash. */
struct hash {
	XXH3_state_t *section;		    /* of the bytes behind the last whole section */
	XXH3_state_t *whole;		    /* of the digests of whole sections */
	XXH3_state_t *all;		    /* a copy of whole, for the last section */
	XXH3_state_t *plain;		    /* of all bytes; NULL: nobody asked for it */
	uint64_t len;			    /* bytes so far */
	XXH128_canonical_t kept[HASH_KEPT]; /* of the first sections */
};

static const char zeros[65536];
static XXH128_canonical_t zero_section;

struct hash *hash_open(void)
{
	struct hash *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->section = XXH3_createState();
	h->whole = XXH3_createState();
	h->all = XXH3_createState();
	if (!h->section || !h->whole || !h->all) {
		hash_close(&h);
		return NULL;
	}
	hash_reset(h);
	return h;
}

/* What XXH3_freeState() and those below return is XXH_OK, but for NULL where none is allowed. */
void hash_close(struct hash **h)
{
	if (!*h)
		return;
	(void)XXH3_freeState((*h)->section);
	(void)XXH3_freeState((*h)->whole);
	(void)XXH3_freeState((*h)->all);
	(void)XXH3_freeState((*h)->plain);
	free(*h);
	*h = NULL;
}

void hash_reset(struct hash *h)
{
	(void)XXH3_128bits_reset(h->section);
	(void)XXH3_128bits_reset(h->whole);
	if (h->plain)
		(void)XXH3_128bits_reset(h->plain);
	h->len = 0;
}

int hash_plain(struct hash *h)
{
	assert(h->len == 0);
	if (h->plain)
		return 0;
	h->plain = XXH3_createState();
	if (!h->plain)
		return -ENOMEM;
	(void)XXH3_128bits_reset(h->plain);
	return 0;
}

static XXH128_canonical_t digest_of(const XXH3_state_t *state)
{
	XXH128_canonical_t c;

	XXH128_canonicalFromHash(&c, XXH3_128bits_digest(state));
	return c;
}

/* The section that ends with byte h->len is whole. */
static void end_section(struct hash *h, const XXH128_canonical_t *digest)
{
	size_t at = (size_t)((h->len - 1) / HASH_SECTION);

	if (at < HASH_KEPT)
		h->kept[at] = *digest;
	(void)XXH3_128bits_update(h->whole, digest, sizeof(*digest));
}

/* Within a section, or to its end. */
static void add(struct hash *h, const void *data, size_t len)
{
	XXH128_canonical_t digest;

	(void)XXH3_128bits_update(h->section, data, len);
	h->len += len;
	if (h->len % HASH_SECTION)
		return;
	digest = digest_of(h->section);
	end_section(h, &digest);
	(void)XXH3_128bits_reset(h->section);
}

void hash_add(struct hash *h, const void *data, size_t len)
{
	const char *p = data;

	if (h->plain && len)
		(void)XXH3_128bits_update(h->plain, data, len);
	while (len) {
		size_t left = HASH_SECTION - (size_t)(h->len % HASH_SECTION);
		size_t n = len < left ? len : left;

		add(h, p, n);
		p += n;
		len -= n;
	}
}

static void make_zero_section(void)
{
	struct hash *h = hash_open();

	/* without memory the digest stays all zeros, which hash_zeros() does not use */
	for (unsigned done = 0; h && done < HASH_SECTION; done += sizeof(zeros))
		add(h, zeros, sizeof(zeros));
	if (h)
		zero_section = h->kept[0];
	hash_close(&h);
}

static bool has_zero_section(void)
{
	static const XXH128_canonical_t none;
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	return pthread_once(&once, make_zero_section) == 0 &&
	       memcmp(&zero_section, &none, sizeof(none)) != 0;
}

void hash_zeros(struct hash *h, uint64_t n)
{
	while (n) {
		uint64_t left = HASH_SECTION - h->len % HASH_SECTION;
		size_t piece = n < sizeof(zeros) ? (size_t)n : sizeof(zeros);

		if (piece > left)
			piece = (size_t)left; /* behind it are whole sections */
		if (!h->plain && n >= HASH_SECTION && left == HASH_SECTION && has_zero_section()) {
			hash_section(h, zero_section.digest);
			n -= HASH_SECTION;
			continue;
		}
		hash_add(h, zeros, piece);
		n -= piece;
	}
}

void hash_section(struct hash *h, const unsigned char digest[HASH_DIGEST])
{
	XXH128_canonical_t c;

	assert(!h->plain && h->len % HASH_SECTION == 0);
	memcpy(&c, digest, sizeof(c));
	h->len += HASH_SECTION;
	end_section(h, &c);
}

static void format(const XXH128_canonical_t *c, char text[HASH_TEXT])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < sizeof(c->digest); i++) {
		*text++ = digits[c->digest[i] >> 4];
		*text++ = digits[c->digest[i] & 15];
	}
	*text = '\0';
}

/* One section, or none. */
static XXH128_canonical_t digest_short(const struct hash *h)
{
	return h->len == HASH_SECTION ? h->kept[0] : digest_of(h->section);
}

static XXH128_canonical_t digest_long(const struct hash *h)
{
	XXH128_canonical_t last;

	(void)XXH3_copyState(h->all, h->whole); /* cannot fail */
	if (h->len % HASH_SECTION) {
		last = digest_of(h->section);
		(void)XXH3_128bits_update(h->all, &last, sizeof(last));
	}
	return digest_of(h->all);
}

void hash_text(const struct hash *h, char text[HASH_TEXT])
{
	XXH128_canonical_t c = h->len <= HASH_SECTION ? digest_short(h) : digest_long(h);

	format(&c, text);
	if (h->len > HASH_SECTION)
		(void)snprintf(text + HASH_DIGITS, HASH_TEXT - HASH_DIGITS, "-%" PRIu64,
			h->len / HASH_SECTION + (h->len % HASH_SECTION != 0)); /* fits */
}

bool hash_is(const struct hash *h, const char *text)
{
	char own[HASH_TEXT];
	XXH128_canonical_t c;

	hash_text(h, own);
	if (strcasecmp(own, text) == 0)
		return true;
	if (!h->plain)
		return false;
	c = digest_of(h->plain);
	format(&c, own);
	return strcasecmp(own, text) == 0;
}

size_t hash_kept(const struct hash *h, unsigned char out[HASH_KEPT * HASH_DIGEST])
{
	uint64_t n = h->len > HASH_SECTION ? h->len / HASH_SECTION : 0;

	if (n > HASH_KEPT)
		n = HASH_KEPT;
	memcpy(out, h->kept, (size_t)n * HASH_DIGEST);
	return (size_t)n;
}

void hash_bytes(const void *data, size_t len, char text[HASH_TEXT])
{
	XXH128_canonical_t c;

	assert(len <= HASH_SECTION);
	XXH128_canonicalFromHash(&c, XXH3_128bits(len ? data : "", len));
	format(&c, text);
}

bool hash_text_ok(const char *text)
{
	size_t n = strspn(text, "0123456789abcdefABCDEF");

	if (n != HASH_DIGITS || !text[n])
		return n == HASH_DIGITS;
	text += n;
	n = strspn(text + 1, "0123456789");
	return *text == '-' && text[1] != '0' && n > 0 && n < HASH_TEXT - HASH_DIGITS - 1 &&
	       !text[1 + n];
}
