/* http - the rules of HTTP that need no socket: status and errno, ranges, validators, dates. */
#ifndef COMMON_HTTP_H
#define COMMON_HTTP_H

#include "common/buf.h"
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* One table both ways. Unknown: 500, -EIO. `err` is negative. */
unsigned http_status_of(int err);
int http_errno_of(unsigned status);	/* 0 for 2xx */
const char *http_errno_name(int err);	/* "ENOENT"; "EIO" when unknown. For /fs results */
int http_errno_parse(const char *name); /* -ENOENT; -EIO when unknown */

/* HTTP dates (RFC 9110 5.6.7): all three forms are read, IMF-fixdate is written. */
#define HTTP_DATE 30
void http_date_format(time_t t, char text[HTTP_DATE]);
int http_date_parse(const char *text, time_t *out); /* 0 or -EINVAL */

/* A Range header against a representation of `size` bytes (RFC 9110 14.1.2).
 * HTTP_RANGE_NONE: absent, malformed, another unit, or several ranges: answer whole.
 * HTTP_RANGE_UNSATISFIABLE: 416. */
enum http_range { HTTP_RANGE_NONE, HTTP_RANGE_ONE, HTTP_RANGE_UNSATISFIABLE };
enum http_range http_range_parse(
	const char *header, uint64_t size, uint64_t *first, uint64_t *last);

/* Content-Range "bytes a-b/total" of a request. 0 or -EINVAL. */
int http_content_range_parse(const char *header, uint64_t *first, uint64_t *last, uint64_t *total);

/* The conditional headers of a request (NULL: absent) against one representation, in the
 * precedence of RFC 9110 13.2.2. Returns 200, 206, 304, 412 or 416; for 206 *first and *last. */
struct http_conditions {
	const char *if_match, *if_none_match, *if_modified_since, *if_unmodified_since, *if_range,
		*range;
	bool read; /* GET or HEAD: 304 is possible and Range counts */
};
struct http_validator {
	const char *etag; /* quoted strong tag, with its quotes; NULL: none */
	time_t modified;
	uint64_t size;
};
unsigned http_evaluate(const struct http_conditions *c, const struct http_validator *v,
	uint64_t *first, uint64_t *last);

/* attachment; filename="ascii"; filename*=UTF-8''… (RFC 6266, 8187), safe for any bytes. */
void http_disposition(struct buf *out, const char *filename, size_t len);
/* The last component of a file name sent by a client (after '/' and '\'). Returns its length. */
size_t http_basename(const char *filename, size_t len, const char **base);
/* True when text is a plausible media type (RFC 9110 8.3.1) of at most LIMIT_TYPE bytes. */
bool http_type_ok(const char *text);
/* "http://host:port" or https, no path but an optional '/', at most LIMIT_URI bytes. */
bool http_uri_ok(const char *text);

#endif
