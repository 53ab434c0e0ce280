#include "common/http.h"
#include "common/base.h"
#include "common/limits.h"
#include "common/name.h"
#include <errno.h>
#include <string.h>
#include <strings.h>

/* Both ways the first row that matches counts. */
static const struct {
	unsigned status;
	int err;
} status_err[] = {
	{ 400, EINVAL },
	{ 400, ENAMETOOLONG },
	{ 400, ELOOP },
	{ 400, EXDEV },
	{ 403, EACCES },
	{ 403, EPERM },
	{ 401, EACCES },
	{ 404, ENOENT },
	{ 404, ENOTDIR },
	{ 405, EOPNOTSUPP },
	{ 409, EEXIST },
	{ 409, ENOTEMPTY },
	{ 409, EISDIR },
	{ 409, EBUSY },
	{ 409, EMLINK },
	{ 411, EINVAL },
	{ 412, ESTALE },
	{ 413, EFBIG },
	{ 413, E2BIG },
	{ 413, EMSGSIZE },
	{ 414, ENAMETOOLONG },
	{ 416, ERANGE },
	{ 422, EBADMSG },
	{ 500, EIO },
	{ 501, ENOSYS },
	{ 502, EPROTO },
	{ 503, EAGAIN },
	{ 503, ETIMEDOUT },
	{ 503, ECONNREFUSED },
	{ 503, ECONNRESET },
	{ 503, EHOSTUNREACH },
	{ 503, ENETUNREACH },
	{ 503, ENODEV },
	{ 503, ENOMEM },
	{ 503, EMFILE },
	{ 503, ENFILE },
	{ 408, ETIMEDOUT },
	{ 429, EAGAIN },
	{ 504, ETIMEDOUT },
	{ 507, ENOSPC },
	{ 507, EDQUOT },
};

unsigned http_status_of(int err)
{
	for (size_t i = 0; i < ARRAY_LEN(status_err); i++)
		if (status_err[i].err == -err)
			return status_err[i].status;
	return 500;
}

int http_errno_of(unsigned status)
{
	if (status >= 200 && status < 300)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(status_err); i++)
		if (status_err[i].status == status)
			return -status_err[i].err;
	return -EIO;
}

static const struct {
	const char *name;
	int err;
} errno_names[] = {
	{ "EIO", EIO },
	{ "ENOENT", ENOENT },
	{ "EEXIST", EEXIST },
	{ "ENOTDIR", ENOTDIR },
	{ "EISDIR", EISDIR },
	{ "ENOTEMPTY", ENOTEMPTY },
	{ "EINVAL", EINVAL },
	{ "ENAMETOOLONG", ENAMETOOLONG },
	{ "ENOSPC", ENOSPC },
	{ "EDQUOT", EDQUOT },
	{ "EFBIG", EFBIG },
	{ "E2BIG", E2BIG },
	{ "EPERM", EPERM },
	{ "EACCES", EACCES },
	{ "EROFS", EROFS },
	{ "EXDEV", EXDEV },
	{ "ELOOP", ELOOP },
	{ "EMLINK", EMLINK },
	{ "EBUSY", EBUSY },
	{ "ESTALE", ESTALE },
	{ "EAGAIN", EAGAIN },
	{ "EINTR", EINTR },
	{ "ENOLCK", ENOLCK },
	{ "ETIMEDOUT", ETIMEDOUT },
	{ "ENOMEM", ENOMEM },
	{ "ENOSYS", ENOSYS },
	{ "EOPNOTSUPP", EOPNOTSUPP },
	{ "EBADMSG", EBADMSG },
	{ "EMSGSIZE", EMSGSIZE },
	{ "EOVERFLOW", EOVERFLOW },
	{ "ERANGE", ERANGE },
	{ "EPROTO", EPROTO },
	{ "ENODEV", ENODEV },
	{ "ENXIO", ENXIO },
	{ "ENODATA", ENODATA },
	{ "ECONNREFUSED", ECONNREFUSED },
	{ "ECONNRESET", ECONNRESET },
	{ "EHOSTUNREACH", EHOSTUNREACH },
};

const char *http_errno_name(int err)
{
	for (size_t i = 0; i < ARRAY_LEN(errno_names); i++)
		if (errno_names[i].err == -err)
			return errno_names[i].name;
	return "EIO";
}

int http_errno_parse(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(errno_names); i++)
		if (strcmp(errno_names[i].name, name) == 0)
			return -errno_names[i].err;
	return -EIO;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_token(char c) /* RFC 9110 5.6.2 tchar */
{
	return is_digit(c) || is_alpha(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static bool take_text(const char **s, const char *text)
{
	size_t n = strlen(text);

	if (strncmp(*s, text, n) != 0)
		return false;
	*s += n;
	return true;
}

static const char *skip_space(const char *s)
{
	while (*s == ' ' || *s == '\t')
		s++;
	return s;
}

/* ---- ranges ---- */

/* Takes one or more digits; what is larger than 64 bits becomes UINT64_MAX. */
static bool take_u64(const char **s, uint64_t *out)
{
	uint64_t v = 0;

	if (!is_digit(**s))
		return false;
	for (; is_digit(**s); (*s)++) {
		unsigned digit = (unsigned)(**s - '0');

		v = v > (UINT64_MAX - digit) / 10 ? UINT64_MAX : v * 10 + digit;
	}
	*out = v;
	return true;
}

enum http_range http_range_parse(const char *header, uint64_t size, uint64_t *first, uint64_t *last)
{
	const char *s = header;
	uint64_t a = 0, b = UINT64_MAX;
	bool suffix;

	if (!s || strncasecmp(s, "bytes=", 6) != 0)
		return HTTP_RANGE_NONE;
	s = skip_space(s + 6);
	suffix = !take_u64(&s, &a);
	if (*s++ != '-')
		return HTTP_RANGE_NONE;
	if (!take_u64(&s, &b) && suffix)
		return HTTP_RANGE_NONE;
	if (*skip_space(s) != '\0' || (!suffix && a > b))
		return HTTP_RANGE_NONE;
	if (suffix) {
		if (b == 0)
			return HTTP_RANGE_UNSATISFIABLE;
		if (size == 0)
			return HTTP_RANGE_NONE; /* all of nothing has no Content-Range */
		a = b < size ? size - b : 0;
		b = size - 1;
	}
	if (a >= size)
		return HTTP_RANGE_UNSATISFIABLE;
	*first = a;
	*last = b < size ? b : size - 1;
	return HTTP_RANGE_ONE;
}

int http_content_range_parse(const char *header, uint64_t *first, uint64_t *last, uint64_t *total)
{
	const char *s = header;
	uint64_t a, b, all;

	if (!s || strncasecmp(s, "bytes ", 6) != 0)
		return -EINVAL;
	s = skip_space(s + 6);
	if (!take_u64(&s, &a) || *s++ != '-' || !take_u64(&s, &b) || *s++ != '/' ||
		!take_u64(&s, &all) || *skip_space(s) != '\0')
		return -EINVAL;
	if (a > b || b >= all)
		return -EINVAL;
	*first = a;
	*last = b;
	*total = all;
	return 0;
}

/* ---- conditions ---- */

/* Is etag in the list of a header? What comes after a malformed member is not read. */
static bool tag_listed(const char *list, const char *etag, bool weak_ok)
{
	const char *s = skip_space(list);
	size_t n = etag ? strlen(etag) : 0;

	if (*s == '*')
		return *skip_space(s + 1) == '\0';
	while (*s) {
		const char *end;
		bool weak;

		if (*s == ',' || *s == ' ' || *s == '\t') {
			s++;
			continue;
		}
		weak = s[0] == 'W' && s[1] == '/';
		if (weak)
			s += 2;
		if (*s != '"' || !(end = strchr(s + 1, '"')))
			return false;
		end++;
		if ((!weak || weak_ok) && etag && (size_t)(end - s) == n && memcmp(s, etag, n) == 0)
			return true;
		s = end;
	}
	return false;
}

static bool changed_after(const char *header, time_t modified)
{
	time_t t;

	return http_date_parse(header, &t) == 0 && modified > t;
}

static bool unchanged_since(const char *header, time_t modified)
{
	time_t t;

	return http_date_parse(header, &t) == 0 && modified <= t;
}

/* If-Range: one strong tag, or exactly our date. */
static bool range_applies(const char *if_range, const struct http_validator *v)
{
	time_t t;

	if (!if_range)
		return true;
	if_range = skip_space(if_range);
	if (*if_range == '"')
		return v->etag && strcmp(if_range, v->etag) == 0;
	return http_date_parse(if_range, &t) == 0 && t == v->modified;
}

unsigned http_evaluate(const struct http_conditions *c, const struct http_validator *v,
	uint64_t *first, uint64_t *last)
{
	if (c->if_match) {
		if (!tag_listed(c->if_match, v->etag, false))
			return 412;
	} else if (c->if_unmodified_since && changed_after(c->if_unmodified_since, v->modified)) {
		return 412;
	}
	if (c->if_none_match) {
		if (tag_listed(c->if_none_match, v->etag, true))
			return c->read ? 304 : 412;
	} else if (c->read && c->if_modified_since &&
		   unchanged_since(c->if_modified_since, v->modified)) {
		return 304;
	}
	if (!c->read || !c->range || !range_applies(c->if_range, v))
		return 200;
	switch (http_range_parse(c->range, v->size, first, last)) {
	case HTTP_RANGE_ONE:
		return 206;
	case HTTP_RANGE_UNSATISFIABLE:
		return 416;
	case HTTP_RANGE_NONE:
		break;
	}
	return 200;
}

/* ---- names and types ---- */

static bool is_attr(char c) /* RFC 8187 attr-char */
{
	return is_digit(c) || is_alpha(c) || (c != '\0' && strchr("!#$&+-.^_`|~", c));
}

void http_disposition(struct buf *out, const char *filename, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";
	struct buf text = BUF_INIT;

	buf_adds(out, "attachment");
	if (len == 0)
		return;
	buf_adds(out, "; filename=\"");
	for (size_t i = 0; i < len;) {
		size_t n = utf8_sequence(filename + i, len - i);
		char c = filename[i];
		bool plain = c >= 0x20 && c < 0x7f && !strchr("\"\\%/", c);

		buf_add(out, plain ? &c : "_", 1);
		i += n ? n : 1;
	}
	buf_adds(out, "\"; filename*=UTF-8''");
	utf8_lossy(&text, filename, len);
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];
		char escape[3] = { '%', hex[c >> 4], hex[c & 15] };

		if (is_attr((char)c))
			buf_add(out, &c, 1);
		else
			buf_add(out, escape, 3);
	}
	if (buf_error(&text) < 0)
		out->failed = true;
	buf_release(&text);
}

size_t http_basename(const char *filename, size_t len, const char **base)
{
	size_t start = len;

	while (start > 0 && filename[start - 1] != '/' && filename[start - 1] != '\\')
		start--;
	*base = filename + start;
	return len - start;
}

static bool take_token(const char **s)
{
	const char *start = *s;

	while (is_token(**s))
		(*s)++;
	return *s > start;
}

static bool take_quoted(const char **s)
{
	const char *p = *s;

	if (*p++ != '"')
		return false;
	for (; *p != '"'; p++) {
		if (*p == '\\')
			p++;
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	}
	*s = p + 1;
	return true;
}

bool http_type_ok(const char *text)
{
	const char *s = text;

	if (strlen(text) > LIMIT_TYPE || !take_token(&s) || *s++ != '/' || !take_token(&s))
		return false;
	while (*(s = skip_space(s)) == ';') {
		s = skip_space(s + 1);
		if (!take_token(&s) || *s++ != '=' || !(take_token(&s) || take_quoted(&s)))
			return false;
	}
	return *s == '\0';
}

/* The host of an authority: a name, an IPv4 address, or an IPv6 address in brackets. */
static bool take_host(const char **s)
{
	const char *p = *s, *start = p;
	bool v6 = *p == '[';

	if (v6)
		p++;
	for (; *p && *p != ']'; p++) {
		bool hex = is_digit(*p) || (*p >= 'a' && *p <= 'f') || (*p >= 'A' && *p <= 'F');

		if (v6 ? !hex && *p != ':' && *p != '.'
		       : !is_digit(*p) && !is_alpha(*p) && !strchr("-._", *p))
			break;
	}
	if (v6 && (*p++ != ']' || p - start < 4))
		return false;
	if (p == start || p - start > LIMIT_HOST)
		return false;
	*s = p;
	return true;
}

bool http_uri_ok(const char *text)
{
	const char *s = text;
	uint64_t port = 80;

	if (strnlen(text, LIMIT_URI + 1) > LIMIT_URI ||
		!(take_text(&s, "http://") || take_text(&s, "https://")) || !take_host(&s))
		return false;
	if (*s == ':') {
		s++;
		if (!take_u64(&s, &port) || port == 0 || port > 65535)
			return false;
	}
	return *s == '\0' || (s[0] == '/' && s[1] == '\0');
}
