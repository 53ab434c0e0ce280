/* links: node/blob node/folder */
#include "node/blob.h"
#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Names and metadata that are accepted are written back as they were read. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct blob_meta m, again;
	struct blob_name n;
	char text[BLOB_META_MAX], name[BLOB_NAME];
	uint64_t stamp, id;
	size_t len;

	if (blob_meta_parse((const char *)data, size, &m) == 0) {
		len = blob_meta_format(&m, text);
		assert(blob_meta_parse(text, len, &again) == 0);
		assert(memcmp(&m, &again, sizeof(m)) == 0);
	}
	if (size >= sizeof(name))
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	if (blob_name_parse(text, &n) == 0) {
		blob_name_format(&n, name);
		assert(strcmp(name, text) == 0);
	}
	if (pending_name_parse(text, &stamp, &id) == 0) {
		pending_name_format(stamp, id, name);
		assert(strcmp(name, text) == 0);
	}
	return 0;
}
