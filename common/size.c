#include "common/size.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char letters[] = "KMGTPE";

/* The factor of a unit such as "", "B", "k", "MiB"; 0 when there is none of that name. */
static uint64_t unit_factor(const char *unit)
{
	uint64_t factor = 1, base = 1000;
	const char *at;

	if (*unit == '\0')
		return 1;
	at = strchr(letters, *unit & ~0x20);
	if (at && *at && ((*unit >= 'a' && *unit <= 'z') || (*unit >= 'A' && *unit <= 'Z'))) {
		unit++;
		if (*unit == 'i' || *unit == 'I') {
			base = 1024;
			unit++;
		}
		for (const char *l = letters; l <= at; l++)
			factor *= base;
	}
	if (*unit == 'b' || *unit == 'B')
		unit++;
	return *unit ? 0 : factor;
}

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int size_parse(const char *text, uint64_t *out)
{
	unsigned __int128 whole = 0;
	uint64_t fraction = 0, scale = 1, factor;
	const int wide = 18; /* digits of a fraction that count */
	int digits = 0;

	if (!is_digit(*text))
		return -EINVAL;
	for (; is_digit(*text); text++) {
		if (whole <= INT64_MAX)
			whole = whole * 10 + (unsigned)(*text - '0');
	}
	if (*text == '.') {
		for (text++; is_digit(*text); text++) {
			if (digits++ < wide) {
				fraction = fraction * 10 + (unsigned)(*text - '0');
				scale *= 10;
			}
		}
		if (digits == 0)
			return -EINVAL;
	}
	if (*text == ' ' && text[1])
		text++;
	factor = unit_factor(text);
	if (factor == 0 || (factor == 1 && digits))
		return -EINVAL;
	whole = whole * factor + (unsigned __int128)fraction * factor / scale;
	if (whole > INT64_MAX)
		return -ERANGE;
	*out = (uint64_t)whole;
	return 0;
}

char *size_format(uint64_t bytes, char *text, size_t cap)
{
	unsigned __int128 tenths = (unsigned __int128)bytes * 10;
	uint64_t factor = 1, shown;
	int unit = -1;

	if (bytes < 1000) {
		(void)snprintf(text, cap, "%" PRIu64 " B", bytes);
		return text;
	}
	do {
		factor *= 1000;
		unit++;
		shown = (uint64_t)((tenths + factor / 2) / factor);
	} while (shown >= 10000 && letters[unit + 1]);
	(void)snprintf(
		text, cap, "%" PRIu64 ".%" PRIu64 " %cB", shown / 10, shown % 10, letters[unit]);
	return text;
}
