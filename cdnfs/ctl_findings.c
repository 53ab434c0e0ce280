#include "cdnfs/ctl_findings.h"
#include "cdnfs/ctl_print.h"
#include "cdnfs/ctl_term.h"
#include "common/buf.h"
#include <limits.h>
#include <stdarg.h>

#define SENTENCE 1200

void ctl_findings_open(struct ctl_findings *f)
{
	f->list = cJSON_CreateArray();
}

void ctl_findings_release(struct ctl_findings *f)
{
	cJSON_Delete(f->list);
	f->list = NULL;
}

void ctl_found(struct ctl_findings *f, const char *check, const char *cure, const char *fmt, ...)
{
	cJSON *item = cJSON_CreateObject();
	char what[SENTENCE], shown[SENTENCE];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap); /* a long one is cut */
	va_end(ap);
	(void)ctl_term_fit(what, UINT_MAX / 2, shown, sizeof(shown));
	cJSON_AddStringToObject(item, "check", check);
	cJSON_AddStringToObject(item, "what", shown);
	cJSON_AddStringToObject(item, "cure", cure);
	if (!cJSON_AddItemToArray(f->list, item))
		cJSON_Delete(item);
}

unsigned ctl_findings_count(const struct ctl_findings *f)
{
	return (unsigned)cJSON_GetArraySize(f->list);
}

void ctl_findings_print(const struct ctl_screen *s, const struct ctl_findings *f)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, f->list)
	{
		ctl_screen_text(s, SCREEN_BAD "-" SCREEN_PLAIN " %s", ctl_words(item, "what"));
		ctl_screen_text(s, "    %s", ctl_words(item, "cure"));
	}
}
