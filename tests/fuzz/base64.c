/* links: common */
/* Any text is refused, or is exactly what its bytes are written as; any bytes come back. */
#include "common/base64.h"
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *out = malloc(size / 4 * 3 + 1);
	struct buf text = BUF_INIT;
	ssize_t n;

	assert(out);
	n = base64_decode((const char *)data, size, out);
	if (n >= 0) {
		base64_add(&text, out, (size_t)n);
		assert(text.len == size && memcmp(buf_str(&text), data, size) == 0);
	}
	buf_clear(&text);
	base64_add(&text, data, size);
	n = base64_decode(buf_str(&text), text.len, text.data);
	assert(n == (ssize_t)size && (!n || memcmp(text.data, data, size) == 0));
	buf_release(&text);
	free(out);
	return 0;
}
