#include "dist/row.h"

#include "common/name.h"
#include "dist/record.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void value_copy(char *out, size_t cap, const struct meta_value *v)
{
	size_t len = 0;

	if (v->type == META_TEXT || v->type == META_BYTES)
		len = v->len < cap ? v->len : cap - 1;
	if (len)
		memcpy(out, v->data, len);
	out[len] = '\0';
}

void created_format(int64_t ns, char text[CREATED_TEXT])
{
	time_t seconds = (time_t)(ns / 1000000000);
	int64_t rest = ns % 1000000000;
	struct tm tm;
	char date[24];

	if (rest < 0) {
		rest += 1000000000;
		seconds--;
	}
	if (!gmtime_r(&seconds, &tm) || !strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm))
		(void)snprintf(date, sizeof(date), "1970-01-01T00:00:00");
	(void)snprintf(text, CREATED_TEXT, "%s.%06d+00:00", date, (int)(rest / 1000));
}

void created_copy(char out[CREATED_TEXT], const struct meta_value *v)
{
	char micro[] = "000000", text[CREATED_TEXT];
	const char *p;

	value_copy(text, sizeof(text), v);
	if (strlen(text) < 19) {
		memcpy(out, text, sizeof(text));
		return;
	}
	p = text + 19;
	if (*p == '.')
		p++;
	for (size_t i = 0; i < 6 && isdigit((unsigned char)*p); i++)
		micro[i] = *p++;
	(void)snprintf(out, CREATED_TEXT, "%.10sT%.8s.%s+00:00", text, text + 11, micro);
}

bool row_reserved(uint64_t dir, const char *name, size_t len)
{
	return dir == ROOT_ID && len == sizeof(NAME_OWN) - 1 && memcmp(name, NAME_OWN, len) == 0;
}
