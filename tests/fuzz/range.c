/* links: common */
/* Ranges, conditions and dates: what is accepted must lie inside the content, and dates must survive a round. */
#include "common/http.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void check_range(const char *text, uint64_t of)
{
	uint64_t first = 1, last = 0, total = 0;

	if (http_range_parse(text, of, &first, &last) == HTTP_RANGE_ONE)
		check(first <= last && last < of);
	if (http_content_range_parse(text, &first, &last, &total) == 0)
		check(first <= last && last < total);
}

static void check_conditions(const char *text, uint8_t which, uint64_t of)
{
	const struct http_validator v = {
		.etag = which & 64 ? "\"e\"" : NULL, .modified = 784111777, .size = of
	};
	const struct http_conditions c = { .if_match = which & 1 ? text : NULL,
		.if_none_match = which & 2 ? text : NULL,
		.if_modified_since = which & 4 ? text : NULL,
		.if_unmodified_since = which & 8 ? text : NULL,
		.if_range = which & 16 ? text : NULL,
		.range = which & 32 ? text : "bytes=1-2",
		.read = which & 128 };
	uint64_t first = 1, last = 0;
	unsigned status = http_evaluate(&c, &v, &first, &last);

	check(status == 200 || status == 206 || status == 304 || status == 412 || status == 416);
	if (status == 206)
		check(first <= last && last < of);
}

static void check_date(const char *text)
{
	char again[HTTP_DATE];
	time_t t, back;

	if (http_date_parse(text, &t) < 0)
		return;
	http_date_format(t, again);
	check(strlen(again) == HTTP_DATE - 1);
	check(http_date_parse(again, &back) == 0 && back == (t < 0 ? 0 : t));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t of;
	char *text;

	if (size < 9)
		return 0;
	memcpy(&of, data, 8);
	text = strndup((const char *)data + 9, size - 9);
	if (!text)
		return 0;
	check_range(text, of);
	check_conditions(text, data[8], of);
	check_date(text);
	free(text);
	return 0;
}
