#include "common/origin.h"

#include <stdio.h>

static char everybody[ORIGIN_TEXT]; /* written before there are threads */
static _Thread_local char own[ORIGIN_TEXT];

bool origin_ok(const char *text, size_t len)
{
	if (len < 1 || len > LIMIT_SESSION)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    c == '_' || c == '-'))
			return false;
	}
	return true;
}

void origin_set(const char *id)
{
	(void)snprintf(own, sizeof(own), "%s", id); /* good ones fit */
}

void origin_set_default(const char *id)
{
	(void)snprintf(everybody, sizeof(everybody), "%s", id); /* as above */
}

const char *origin_get(void)
{
	return own[0] ? own : everybody;
}
