#include "common/hash.h"

#include <stdlib.h>
#include <xxhash.h>

struct hash {
	XXH3_state_t *state; /* never NULL; aligned by libxxhash */
};

struct hash *hash_open(void)
{
	struct hash *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->state = XXH3_createState();
	if (!h->state) {
		free(h);
		return NULL;
	}
	hash_reset(h);
	return h;
}

void hash_close(struct hash **h)
{
	if (!*h)
		return;
	(void)XXH3_freeState((*h)->state); /* always XXH_OK */
	free(*h);
	*h = NULL;
}

void hash_reset(struct hash *h)
{
	(void)XXH3_128bits_reset(h->state); /* fails for NULL only */
}

void hash_add(struct hash *h, const void *data, size_t len)
{
	if (len)
		(void)XXH3_128bits_update(h->state, data, len); /* fails for NULL only */
}

static void format(XXH128_hash_t value, char text[HASH_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	XXH128_canonical_t c;

	XXH128_canonicalFromHash(&c, value);
	for (size_t i = 0; i < sizeof(c.digest); i++) {
		*text++ = digits[c.digest[i] >> 4];
		*text++ = digits[c.digest[i] & 15];
	}
	*text = '\0';
}

void hash_text(const struct hash *h, char text[HASH_TEXT])
{
	format(XXH3_128bits_digest(h->state), text);
}

void hash_bytes(const void *data, size_t len, char text[HASH_TEXT])
{
	format(XXH3_128bits(len ? data : "", len), text);
}
