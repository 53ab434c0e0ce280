/* links: cdnfs/wire_xattr cdnfs/xattrs */
/* Any answer to listxattr or getxattr is refused, or all its names and values lie within their limits. */
#include "cdnfs/wire_xattr.h"
#include "common/json.h"
#include "common/limits.h"
#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_list(const struct xattrs *x)
{
	struct buf names = BUF_INIT, value = BUF_INIT;
	size_t n = 0;

	xattrs_names(x, &names);
	for (size_t at = 0; at < names.len; n++) {
		const char *name = names.data + at;
		size_t len = strlen(name);

		assert(len >= 1 && len <= LIMIT_XATTR_NAME);
		buf_clear(&value);
		if (xattrs_value(x, name, &value) == 0)
			assert(value.len <= LIMIT_XATTR_VALUE);
		at += len + 1;
	}
	assert(n == x->n);
	buf_release(&names);
	buf_release(&value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf value = BUF_INIT;
	struct xattrs *x = NULL;
	cJSON *root = NULL;

	if (json_parse((const char *)data, size, &root) < 0)
		return 0;
	if (wire_xattrs(root, &x) == 0)
		check_list(x);
	if (wire_xattr(root, &value) == 0)
		assert(value.len <= LIMIT_XATTR_VALUE);
	xattrs_free(&x);
	buf_release(&value);
	cJSON_Delete(root);
	return 0;
}
