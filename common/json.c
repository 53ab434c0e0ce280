#include "common/json.h"

#include "common/limits.h"
#include "common/name.h"
#include "common/stamp.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHOLE_MAX 9007199254740991ULL /* 2^53-1: exact in a double */
#define PLAIN_MAX 1000000000000000ULL /* from here on cJSON would print an exponent */

/* The string that starts behind its quote. Returns the bytes up to and with the closing quote,
 * or 0: not closed, control bytes, not UTF-8, or a NUL escape. */
static size_t scan_string(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && text[i] != '"') {
		size_t n = utf8_sequence(text + i, len - i);

		if (n == 0 || (unsigned char)text[i] < 0x20)
			return 0;
		if (text[i] == '\\') {
			if (len - i >= 6 && memcmp(text + i, "\\u0000", 6) == 0)
				return 0;
			n = 2; /* an escaped quote must not close; cJSON checks which escapes are good */
		}
		i += n;
	}
	return i < len ? i + 1 : 0;
}

/* What cJSON lets pass: depth, encoding, control bytes. Grammar is cJSON's. */
static int scan(const char *text, size_t len)
{
	size_t depth = 0, n;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"') {
			n = scan_string(text + i + 1, len - i - 1);
			if (n == 0)
				return -EINVAL;
			i += n;
		} else if (c == '{' || c == '[') {
			if (++depth > LIMIT_JSON_DEPTH)
				return -E2BIG;
		} else if (c == '}' || c == ']') {
			if (depth == 0)
				return -EINVAL;
			depth--;
		} else if (c > 0x7e || (c < 0x20 && c != '\t' && c != '\n' && c != '\r')) {
			return -EINVAL;
		}
	}
	return 0;
}

int json_parse(const char *text, size_t len, cJSON **out)
{
	const char *end = NULL;
	cJSON *value;
	int rc;

	rc = scan(text, len);
	if (rc < 0)
		return rc;
	value = cJSON_ParseWithLengthOpts(text, len, &end, false);
	if (!value)
		return -EINVAL;
	while (end < text + len && strchr(" \t\r\n", *end))
		end++;
	if (end != text + len) {
		cJSON_Delete(value);
		return -EINVAL;
	}
	*out = value;
	return 0;
}

int json_parse_body(const char *text, size_t len, cJSON **out, char *error, size_t cap)
{
	int rc = json_parse(text, len, out);

	if (rc == 0 || rc == -ENOMEM)
		return rc;
	(void)snprintf(error, cap, "the body is %s", rc == -E2BIG ? "nested too deep" : "no JSON");
	return -EINVAL;
}

void json_print(cJSON *value, struct buf *out)
{
	char *text = value ? cJSON_PrintBuffered(value, 512, false) : NULL;

	if (text)
		buf_adds(out, text);
	else
		out->failed = true;
	cJSON_free(text);
	cJSON_Delete(value);
}

static void complain(struct json_reader *r, const char *key, const char *fmt, ...)
	ATTR_PRINTF(3, 4);

static void complain(struct json_reader *r, const char *key, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (r->error[0])
		return;
	n = snprintf(r->error, sizeof(r->error), "%s: ", key);
	if (n < 0 || (size_t)n >= sizeof(r->error))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(r->error + n, sizeof(r->error) - (size_t)n, fmt, ap);
	va_end(ap);
}

void json_reader_init(struct json_reader *r, const cJSON *object)
{
	*r = (struct json_reader){ .object = object };
	if (!cJSON_IsObject(object)) {
		r->object = NULL;
		(void)snprintf(r->error, sizeof(r->error), "must be a JSON object");
	}
}

/* The member, or NULL when it is absent or null. */
static const cJSON *member(const struct json_reader *r, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(r->object, key);

	return cJSON_IsNull(item) ? NULL : item;
}

static bool is_whole(const cJSON *item, int64_t low, int64_t high)
{
	if (!cJSON_IsNumber(item) || !(item->valuedouble >= (double)low) ||
		!(item->valuedouble <= (double)high))
		return false;
	return (double)(int64_t)item->valuedouble == item->valuedouble;
}

bool json_u64(struct json_reader *r, const char *key, uint64_t max, uint64_t *out)
{
	const cJSON *item = member(r, key);

	if (!item)
		return false;
	if (max > WHOLE_MAX)
		max = WHOLE_MAX;
	if (!is_whole(item, 0, (int64_t)max)) {
		complain(r, key, "must be a whole number from 0 to %" PRIu64, max);
		return false;
	}
	*out = (uint64_t)item->valuedouble;
	return true;
}

bool json_u32(struct json_reader *r, const char *key, uint32_t max, uint32_t *out)
{
	uint64_t v;

	if (!json_u64(r, key, max, &v))
		return false;
	*out = (uint32_t)v;
	return true;
}

bool json_bool(struct json_reader *r, const char *key, bool *out)
{
	const cJSON *item = member(r, key);

	if (!item)
		return false;
	if (!cJSON_IsBool(item)) {
		complain(r, key, "must be true or false");
		return false;
	}
	*out = cJSON_IsTrue(item);
	return true;
}

bool json_text(struct json_reader *r, const char *key, size_t max, const char **out)
{
	const cJSON *item = member(r, key);

	if (!item)
		return false;
	if (!cJSON_IsString(item)) {
		complain(r, key, "must be text");
		return false;
	}
	if (strlen(item->valuestring) > max) {
		complain(r, key, "must not be longer than %zu bytes", max);
		return false;
	}
	*out = item->valuestring;
	return true;
}

bool json_stamp(struct json_reader *r, const char *key, uint64_t *out)
{
	const char *text;

	if (!json_text(r, key, SIZE_MAX, &text))
		return false;
	if (stamp_parse(text, out) < 0) {
		complain(r, key, "must be a stamp, 16 lower-case hex digits");
		return false;
	}
	return true;
}

bool json_time(struct json_reader *r, const char *key, int64_t *ns)
{
	const cJSON *item = member(r, key);
	const cJSON *s, *n;

	if (!item)
		return false;
	s = cJSON_IsArray(item) ? item->child : NULL;
	n = s ? s->next : NULL;
	if (!n || n->next || !is_whole(s, -LIMIT_SECONDS, LIMIT_SECONDS) ||
		!is_whole(n, 0, 999999999)) {
		complain(r, key, "must be [seconds, nanoseconds]");
		return false;
	}
	*ns = (int64_t)s->valuedouble * 1000000000 + (int64_t)n->valuedouble;
	return true;
}

bool json_bytes(struct json_reader *r, const char *key, char *out, size_t cap, size_t *len)
{
	const char *text;
	ssize_t n;

	if (!json_text(r, key, SIZE_MAX, &text))
		return false;
	n = name_decode(text, out, cap);
	if (n == -ENAMETOOLONG) {
		complain(r, key, "must not be longer than %zu bytes", cap);
		return false;
	}
	if (n < 0) {
		complain(r, key, "has a bad %%XX escape");
		return false;
	}
	*len = (size_t)n;
	return true;
}

void json_need(struct json_reader *r, bool got, const char *key)
{
	if (!got)
		complain(r, key, "is missing");
}

int json_failed(const struct json_reader *r)
{
	return r->error[0] ? -EINVAL : 0;
}

int json_failed_body(const struct json_reader *r, char *error, size_t cap)
{
	if (!r->error[0])
		return 0;
	(void)snprintf(error, cap, "%s%s", r->object ? "" : "the body ", r->error);
	return -EINVAL;
}

/* The adders below cast cJSON's answer away: it is NULL only without memory, and then the member is
 * missing, which the reader on the other side reports. */

void json_add_u64(cJSON *object, const char *key, uint64_t value)
{
	char text[24];

	if (value < PLAIN_MAX) {
		(void)cJSON_AddNumberToObject(object, key, (double)value);
		return;
	}
	(void)snprintf(text, sizeof(text), "%" PRIu64, value);
	(void)cJSON_AddRawToObject(object, key, text);
}

void json_add_time(cJSON *object, const char *key, int64_t ns)
{
	int64_t rest = ns % 1000000000;
	int64_t s = ns / 1000000000;
	char text[48];

	if (rest < 0) {
		rest += 1000000000;
		s--;
	}
	(void)snprintf(text, sizeof(text), "[%" PRId64 ",%" PRId64 "]", s, rest);
	(void)cJSON_AddRawToObject(object, key, text);
}

void json_add_stamp(cJSON *object, const char *key, uint64_t stamp)
{
	char text[STAMP_TEXT];

	if (stamp == 0)
		return;
	stamp_format(stamp, text);
	(void)cJSON_AddStringToObject(object, key, text);
}

static void add_buf(cJSON *object, const char *key, struct buf *b)
{
	if (buf_error(b) == 0)
		(void)cJSON_AddStringToObject(object, key, buf_str(b));
	buf_release(b);
}

void json_add_bytes(cJSON *object, const char *key, const char *bytes, size_t len)
{
	struct buf b = BUF_INIT;

	name_encode(&b, bytes, len);
	add_buf(object, key, &b);
}

void json_add_lossy(cJSON *object, const char *key, const char *bytes, size_t len)
{
	struct buf b = BUF_INIT;

	utf8_lossy(&b, bytes, len);
	add_buf(object, key, &b);
}
