/* links: common */
/* A disposition of any bytes is one header line of printable ASCII; types and URIs that pass are printable too. */
#include "common/http.h"
#include "common/limits.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_printable(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			abort();
}

static size_t count(const char *text, char c)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == c;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf out = BUF_INIT;
	char *text = strndup((const char *)data, size);
	const char *base;
	size_t n = http_basename((const char *)data, size, &base);

	if (!text)
		return 0;
	if (n > size || memchr(base, '/', n) || memchr(base, '\\', n))
		abort();
	http_disposition(&out, (const char *)data, size);
	if (buf_error(&out) < 0 || count(buf_str(&out), '"') != (size ? 2 : 0))
		abort();
	check_printable(buf_str(&out), out.len);
	if (http_type_ok(text) && (strlen(text) > LIMIT_TYPE || strpbrk(text, "\r\n")))
		abort();
	if (http_uri_ok(text))
		check_printable(text, strlen(text));
	buf_release(&out);
	free(text);
	return 0;
}
