#include "node/parameter.h"
#include "common/http.h"
#include "common/name.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS_MAX 9000000000LL /* in ns it fits 63 bits; the year 2255 */

static bool digits(const char *text, size_t n)
{
	return n > 0 && strspn(text, "0123456789") >= n;
}

int parameter_id(const char *text, uint64_t *out)
{
	size_t n = strlen(text);
	unsigned long long id;

	if (n > 16 || !digits(text, n))
		return -EINVAL;
	id = strtoull(text, NULL, 10);
	if (id == 0 || id > LIMIT_ID)
		return -EINVAL;
	*out = id;
	return 0;
}

int parameter_mtime(const char *text, int64_t *out)
{
	bool negative = *text == '-';
	const char *p = text + negative;
	size_t n = strspn(p, "0123456789");
	long long seconds, ns = 0;

	if (n == 0 || n > 10)
		return -EINVAL;
	seconds = strtoll(p, NULL, 10);
	if (seconds > SECONDS_MAX)
		return -EINVAL;
	p += n;
	if (*p == '.') {
		if (strlen(p + 1) != 9 || !digits(p + 1, 9))
			return -EINVAL;
		ns = strtoll(p + 1, NULL, 10);
	} else if (*p) {
		return -EINVAL;
	}
	*out = (negative ? -seconds : seconds) * 1000000000LL + ns;
	return 0;
}

int parameter_bool(const char *text, bool *out)
{
	if (strcmp(text, "1") == 0 || strcmp(text, "true") == 0)
		*out = true;
	else if (strcmp(text, "0") == 0 || strcmp(text, "false") == 0)
		*out = false;
	else
		return -EINVAL;
	return 0;
}

int parameter_filename(const char *text, size_t len, char out[LIMIT_NAME + 1], size_t *out_len)
{
	const char *base;
	size_t n = http_basename(text, len, &base);
	int rc = n ? name_check(base, n) : 0;

	if (rc == 0 && n == 0 && len > 0)
		rc = -EINVAL; /* "dir/" names no file */
	if (rc < 0)
		return rc;
	memcpy(out, base, n);
	out[n] = 0;
	*out_len = n;
	return 0;
}
