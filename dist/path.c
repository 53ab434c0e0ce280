#include "dist/path.h"

#include "common/limits.h"
#include "common/name.h"
#include <errno.h>
#include <string.h>

int path_check(const char *path, size_t len)
{
	const char *end = path + len;

	if (len > LIMIT_PATH)
		return -ENAMETOOLONG;
	while (path < end) {
		const char *slash = memchr(path, '/', (size_t)(end - path));
		const char *stop = slash ? slash : end;
		int rc = stop > path ? name_check(path, (size_t)(stop - path)) : 0;

		if (rc < 0)
			return rc;
		path = slash ? slash + 1 : end;
	}
	return 0;
}
