/* json - cJSON with limits, and typed access that keeps the first error as a sentence. */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include "common/buf.h"
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

/* Parses exactly one value and nothing after it. -EINVAL (malformed, NUL inside, not UTF-8,
 * duplicate keys are not checked), -E2BIG (deeper than LIMIT_JSON_DEPTH), -ENOMEM. */
int json_parse(const char *text, size_t len, cJSON **out);
/* The same for a request's body: -EINVAL with a sentence in error, or -ENOMEM. */
int json_parse_body(const char *text, size_t len, cJSON **out, char *error, size_t cap);
/* Compact text; adds to out and frees the value. */
void json_print(cJSON *value, struct buf *out);

/* Reads the members of one object. `error` holds the first thing that was wrong ("size: must be a
 * whole number from 0 to 9007199254740991"), "" while all is well. Getters return true when the
 * member was there and good; when it is absent (or null) *out is untouched. */
struct json_reader {
	const cJSON *object;
	char error[160];
};

void json_reader_init(struct json_reader *r, const cJSON *object); /* not an object: an error */
bool json_u64(struct json_reader *r, const char *key, uint64_t max, uint64_t *out);
bool json_u32(struct json_reader *r, const char *key, uint32_t max, uint32_t *out);
bool json_bool(struct json_reader *r, const char *key, bool *out);
bool json_text(struct json_reader *r, const char *key, size_t max,
	const char **out); /* points into the object */
bool json_stamp(struct json_reader *r, const char *key, uint64_t *out);
bool json_time(struct json_reader *r, const char *key, int64_t *ns); /* [seconds, nanoseconds] */
/* A name or target, decoded from the wire form of common/name.h into out, which holds cap bytes
 * and a NUL (cap + 1). */
bool json_bytes(struct json_reader *r, const char *key, char *out, size_t cap, size_t *len);
void json_need(struct json_reader *r, bool got, const char *key); /* "key: is missing" unless got */
int json_failed(const struct json_reader *r);			  /* 0 or -EINVAL */
/* The same, with the sentence in error when the object is a request's body. */
int json_failed_body(const struct json_reader *r, char *error, size_t cap);

/* Writing. */
void json_add_u64(cJSON *object, const char *key, uint64_t value); /* <= 2^53-1 */
void json_add_time(cJSON *object, const char *key, int64_t ns);
void json_add_stamp(cJSON *object, const char *key, uint64_t stamp); /* nothing for 0 */
void json_add_bytes(cJSON *object, const char *key, const char *bytes, size_t len); /* wire form */
void json_add_lossy(cJSON *object, const char *key, const char *bytes, size_t len); /* utf8_lossy */

#endif
