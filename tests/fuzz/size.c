/* links: common */
#include "common/size.h"
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1), shown[16];
	uint64_t v = 17;
	int rc;

	if (!text)
		abort();
	memcpy(text, data, len);
	text[len] = '\0';
	rc = size_parse(text, &v);
	assert(rc == 0 || rc == -EINVAL || rc == -ERANGE);
	assert(rc == 0 ? v <= INT64_MAX : v == 17);
	if (rc == 0) {
		/* what is shown to people can be read back */
		size_format(v, shown, sizeof(shown));
		assert(size_parse(shown, &v) == 0 || v > UINT64_C(9200000000000000000));
	}
	free(text);
	return 0;
}
