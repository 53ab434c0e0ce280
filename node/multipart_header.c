#include "node/multipart_header.h"
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

static const char *skip_blank(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

/* Reads "quoted" or token at p into out (NULL: only skips). Returns what follows, or NULL. */
static const char *read_value(const char *p, char *out, size_t cap, size_t *len)
{
	size_t n = 0;
	bool quoted = *p == '"';

	if (quoted)
		p++;
	for (; *p && (quoted ? *p != '"' : !strchr("; \t", *p)); p++) {
		/* only quotes and backslashes are escaped: a Windows path keeps its backslashes */
		if (quoted && *p == '\\' && (p[1] == '"' || p[1] == '\\'))
			p++;
		if (out && n + 1 >= cap)
			return NULL;
		if (out)
			out[n] = *p;
		n++;
	}
	if (quoted && *p++ != '"')
		return NULL;
	if (out) {
		out[n] = 0;
		*len = n;
	}
	return p;
}

int header_parameter(const char *value, const char *key, char *out, size_t cap, size_t *len)
{
	const char *p = strchr(value, ';'), *start;
	size_t n;
	bool match;

	while (p && *p == ';') {
		start = skip_blank(p + 1);
		if (!*start)
			return 0;
		n = strcspn(start, "=; \t");
		p = skip_blank(start + n);
		match = n == strlen(key) && strncasecmp(start, key, n) == 0;
		if (*p == ';' || !*p) /* a parameter without value */
			continue;
		if (*p != '=')
			return -EINVAL;
		p = read_value(skip_blank(p + 1), match ? out : NULL, cap, len);
		if (!p)
			return -EINVAL;
		if (match)
			return 1;
		p = skip_blank(p);
	}
	return p && *p ? -EINVAL : 0;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes %XX in place: every one, or (form data) only those that browsers write: %22, %0D, %0A. -EINVAL for %00. */
static int unescape(char *text, size_t *len, bool all)
{
	size_t n = 0;
	int c;

	for (size_t i = 0; i < *len; i++) {
		c = -1;
		if (text[i] == '%' && i + 2 < *len && hex(text[i + 1]) >= 0 &&
			hex(text[i + 2]) >= 0)
			c = hex(text[i + 1]) * 16 + hex(text[i + 2]);
		if (c == 0)
			return -EINVAL;
		if (c < 0 || (!all && c != '"' && c != '\r' && c != '\n')) {
			text[n++] = text[i];
			continue;
		}
		text[n++] = (char)c;
		i += 2;
	}
	text[n] = 0;
	*len = n;
	return 0;
}

/* filename*=UTF-8''percent-encoded, else filename="bytes". */
static int read_filename(const char *value, struct multipart_header *h)
{
	size_t len = 0, at;
	int rc = header_parameter(value, "filename*", h->filename, sizeof(h->filename), &len);
	const char *quote;

	if (rc == 1) {
		quote = strchr(h->filename, '\'');
		quote = quote ? strchr(quote + 1, '\'') : NULL;
		if (!quote)
			return -EINVAL;
		at = (size_t)(quote + 1 - h->filename);
		memmove(h->filename, quote + 1, len - at + 1);
		len -= at;
		rc = unescape(h->filename, &len, true);
	} else if (rc == 0) {
		rc = header_parameter(value, "filename", h->filename, sizeof(h->filename), &len);
		if (rc <= 0)
			return rc;
		rc = unescape(h->filename, &len, false);
	}
	h->has_filename = rc == 0;
	h->filename_len = len;
	return rc;
}

static int read_disposition(const char *value, struct multipart_header *h)
{
	size_t len, n = strcspn(value, "; \t");

	if (n != strlen("form-data") || strncasecmp(value, "form-data", n) != 0)
		return -EINVAL;
	if (header_parameter(value, "name", h->name, sizeof(h->name), &len) < 0)
		return -EINVAL;
	return read_filename(value, h);
}

static int read_line(const char *line, struct multipart_header *h)
{
	const char *colon = strchr(line, ':'), *value;
	size_t n;

	if (!colon || colon == line)
		return -EINVAL;
	n = (size_t)(colon - line);
	value = skip_blank(colon + 1);
	if (n == strlen("content-disposition") && strncasecmp(line, "content-disposition", n) == 0)
		return read_disposition(value, h);
	if (n == strlen("content-type") && strncasecmp(line, "content-type", n) == 0) {
		if (strlen(value) > LIMIT_TYPE)
			return -EINVAL;
		strcpy(h->type, value);
	}
	return 0;
}

int multipart_header_parse(const char *text, size_t len, struct multipart_header *out)
{
	char line[MULTIPART_LINE_MAX];
	const char *end;
	size_t n;
	int rc;

	memset(out, 0, sizeof(*out));
	while (len > 0) {
		end = memchr(text, '\n', len);
		if (!end || end == text || end[-1] != '\r')
			return -EINVAL;
		n = (size_t)(end - text) - 1;
		if (n == 0)
			return 0;
		if (n >= sizeof(line) || memchr(text, 0, n))
			return -EINVAL;
		memcpy(line, text, n);
		line[n] = 0;
		while (n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t'))
			line[--n] = 0;
		rc = read_line(line, out);
		if (rc < 0)
			return rc;
		len -= (size_t)(end + 1 - text);
		text = end + 1;
	}
	return 0;
}
