#include "common/name.h"

#include "common/limits.h"

#include <errno.h>
#include <string.h>

int name_check(const char *name, size_t len)
{
	if (len == 0 || memchr(name, '/', len) || memchr(name, '\0', len))
		return -EINVAL;
	if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')))
		return -EINVAL;
	return len > LIMIT_NAME ? -ENAMETOOLONG : 0;
}

size_t utf8_sequence(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t n;

	if (len == 0)
		return 0;
	if (u[0] < 0x80)
		return 1;
	n = u[0] < 0xc2 ? 0 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : u[0] < 0xf5 ? 4 : 0;
	if (n == 0 || n > len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	}
	/* overlong, surrogates, past U+10FFFF */
	if ((u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] > 0x9f) ||
		(u[0] == 0xf0 && u[1] < 0x90) || (u[0] == 0xf4 && u[1] > 0x8f))
		return 0;
	return n;
}

static void add_hex(struct buf *out, unsigned char c)
{
	static const char digits[] = "0123456789ABCDEF";
	char text[3] = { '%', digits[c >> 4], digits[c & 15] };

	buf_add(out, text, sizeof(text));
}

/* Length of the longest start of bytes that travels as it is. */
static size_t plain_run(const char *bytes, size_t len)
{
	size_t i = 0, n;

	while (i < len) {
		unsigned char c = (unsigned char)bytes[i];

		if (c < 0x20 || c == 0x7f || c == '%')
			break;
		n = utf8_sequence(bytes + i, len - i);
		if (n == 0)
			break;
		i += n;
	}
	return i;
}

void name_encode(struct buf *out, const char *bytes, size_t len)
{
	size_t i = 0;

	while (i < len) {
		size_t n = plain_run(bytes + i, len - i);

		buf_add(out, bytes + i, n);
		i += n;
		if (i < len)
			add_hex(out, (unsigned char)bytes[i++]);
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

ssize_t name_decode(const char *text, char *out, size_t cap)
{
	size_t n = 0;

	while (*text) {
		char c = *text++;

		if (c == '%') {
			int high = hex_digit(text[0]);
			int low = high < 0 ? -1 : hex_digit(text[1]);

			if (low < 0 || high + low == 0)
				return -EINVAL;
			c = (char)(high * 16 + low);
			text += 2;
		}
		if (n == cap)
			return -ENAMETOOLONG;
		out[n++] = c;
	}
	out[n] = '\0';
	return (ssize_t)n;
}

static int is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

static void add_url(struct buf *out, const char *bytes, size_t len, char keep)
{
	for (size_t i = 0; i < len; i++) {
		if (is_unreserved(bytes[i]) || (keep && bytes[i] == keep))
			buf_add(out, bytes + i, 1);
		else
			add_hex(out, (unsigned char)bytes[i]);
	}
}

void name_url(struct buf *out, const char *bytes, size_t len)
{
	add_url(out, bytes, len, '\0');
}

void name_url_path(struct buf *out, const char *bytes, size_t len)
{
	add_url(out, bytes, len, '/');
}

void utf8_lossy(struct buf *out, const char *bytes, size_t len)
{
	size_t i = 0;

	while (i < len) {
		size_t n = bytes[i] ? utf8_sequence(bytes + i, len - i) : 0;

		if (n == 0)
			buf_adds(out, "\xef\xbf\xbd");
		else
			buf_add(out, bytes + i, n);
		i += n ? n : 1;
	}
}
