/* links: common */
#include "common/sign.h"
#include "common/name.h"
#include <assert.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The one form of a path is plain ASCII, and decoded it has that form again. */
static void check_path(const char *path)
{
	struct buf form = BUF_INIT, again = BUF_INIT;
	char *back = malloc(strlen(path) + 2);

	if (!back)
		abort();
	sign_path(&form, path);
	for (size_t i = 0; i < form.len; i++)
		assert(form.data[i] > 0x20 && form.data[i] < 0x7f);
	assert(name_decode(buf_str(&form), back, strlen(path) + 1) >= 0);
	sign_path(&again, back);
	assert(strcmp(buf_str(&form), buf_str(&again)) == 0);
	free(back);
	buf_release(&form);
	buf_release(&again);
}

/* Three lines: path, expires, signature. Only what sign_link() made is taken. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1), *expires, *signature, right[SIGN_TEXT], decimal[24];
	uint64_t until;

	if (!text)
		abort();
	memcpy(text, data, len);
	text[len] = '\0';
	expires = strchr(text, '\n');
	signature = expires ? strchr(expires + 1, '\n') : NULL;
	if (signature) {
		*expires++ = *signature++ = '\0';
		check_path(text);
		if (sign_check("token", text, expires, signature, &until) == 0) {
			(void)snprintf(decimal, sizeof(decimal), "%" PRIu64, until);
			assert(strcmp(decimal, expires) == 0);
			assert(sign_link("token", text, until, right) == 0);
			assert(strcmp(right, signature) == 0);
		}
		until = strtoull(expires, NULL, 10) % 1000000000000000;
		(void)snprintf(decimal, sizeof(decimal), "%" PRIu64, until);
		assert(sign_link("token", text, until, right) == 0);
		assert(until == 0 || sign_check("token", text, decimal, right, &until) == 0);
	}
	free(text);
	return 0;
}
