/* links: common */
#include "common/name.h"
#include "common/limits.h"
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int is_utf8(const char *text, size_t len)
{
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		n = utf8_sequence(text + i, len - i);
		if (n == 0)
			return 0;
	}
	return 1;
}

/* As a name: what is encoded is UTF-8 without control bytes and comes back byte for byte. */
static void check_name(const char *bytes, size_t len)
{
	struct buf wire = BUF_INIT, lossy = BUF_INIT, url = BUF_INIT;
	char back[LIMIT_NAME + 1];

	name_encode(&wire, bytes, len);
	assert(is_utf8(buf_str(&wire), wire.len));
	for (size_t i = 0; i < wire.len; i++)
		assert((unsigned char)wire.data[i] >= 0x20 && wire.data[i] != 0x7f);
	assert(name_decode(buf_str(&wire), back, LIMIT_NAME) == (ssize_t)len);
	assert(memcmp(back, bytes, len) == 0 && back[len] == '\0');
	utf8_lossy(&lossy, bytes, len);
	assert(is_utf8(buf_str(&lossy), lossy.len));
	name_url(&url, bytes, len);
	assert(name_decode(buf_str(&url), back, LIMIT_NAME) == (ssize_t)len);
	assert(memcmp(back, bytes, len) == 0);
	buf_release(&wire);
	buf_release(&lossy);
	buf_release(&url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1), *out = malloc(len / 2 + 1);
	ssize_t n;

	if (!text || !out)
		abort();
	memcpy(text, data, len);
	text[len] = '\0';
	if (name_check(text, len) == 0)
		check_name(text, len);
	n = name_decode(text, out, len / 2);
	assert(n < 0 || ((size_t)n <= len / 2 && strlen(out) == (size_t)n));
	free(text);
	free(out);
	return 0;
}
