#include "common/origin.h"

#include <stdio.h>

static char everybody[ORIGIN_TEXT]; /* written before there are threads */
static _Thread_local char own[ORIGIN_TEXT];

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
