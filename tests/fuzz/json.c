/* links: common */
#include "common/json.h"
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void read_all(const cJSON *value)
{
	struct json_reader r;
	uint64_t u = 0;
	uint32_t w = 0;
	int64_t ns;
	bool yes;
	const char *text;
	char bytes[17];
	size_t n = 0;

	json_reader_init(&r, value);
	assert(!json_u64(&r, "u", 1000, &u) || u <= 1000);
	assert(!json_u32(&r, "w", 10, &w) || w <= 10);
	(void)json_bool(&r, "b", &yes);
	assert(!json_text(&r, "t", 16, &text) || strlen(text) <= 16);
	assert(!json_stamp(&r, "s", &u) || (u > 0 && u <= INT64_MAX));
	(void)json_time(&r, "m", &ns);
	assert(!json_bytes(&r, "n", bytes, 16, &n) || (n <= 16 && strlen(bytes) == n));
	assert((json_failed(&r) < 0) == (r.error[0] != '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	/* exactly so long: a byte read past the end is found */
	char *text = malloc(len ? len : 1);
	struct buf b = BUF_INIT;
	cJSON *value = NULL, *again = NULL;
	int rc;

	if (!text)
		abort();
	memcpy(text, data, len);
	rc = json_parse(text, len, &value);
	assert(rc == 0 || rc == -EINVAL || rc == -E2BIG);
	if (rc == 0) {
		read_all(value);
		json_print(value, &b);
		assert(json_parse(buf_str(&b), b.len, &again) == 0);
		cJSON_Delete(again);
	}
	buf_release(&b);
	free(text);
	return 0;
}
