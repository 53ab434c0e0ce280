#include "cdnfs/ctl_findings.h"
#include "cdnfs/ctl_print.h"
#include "cdnfs/ctl_term.h"
#include "common/buf.h"
#include <limits.h>
#include <stdarg.h>
#include <string.h>

#define SENTENCE 1200
#define WRONG "wrong"
#define NOTE "note"
#define FINE "ok"

void ctl_findings_open(struct ctl_findings *f)
{
	f->list = cJSON_CreateArray();
}

void ctl_findings_release(struct ctl_findings *f)
{
	cJSON_Delete(f->list);
	f->list = NULL;
}

static void ATTR_PRINTF(5, 0) add(struct ctl_findings *f, const char *level, const char *check,
	const char *cure, const char *fmt, va_list ap)
{
	cJSON *item = cJSON_CreateObject();
	char what[SENTENCE], shown[SENTENCE];

	(void)vsnprintf(what, sizeof(what), fmt, ap); /* a long one is cut */
	(void)ctl_term_fit(what, UINT_MAX / 2, shown, sizeof(shown));
	cJSON_AddStringToObject(item, "level", level);
	cJSON_AddStringToObject(item, "check", check);
	cJSON_AddStringToObject(item, "what", shown);
	if (cure)
		cJSON_AddStringToObject(item, "cure", cure);
	if (!cJSON_AddItemToArray(f->list, item))
		cJSON_Delete(item);
}

void ctl_found(struct ctl_findings *f, const char *check, const char *cure, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(f, WRONG, check, cure, fmt, ap);
	va_end(ap);
}

void ctl_noted(struct ctl_findings *f, const char *check, const char *cure, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(f, NOTE, check, cure, fmt, ap);
	va_end(ap);
}

void ctl_fine(struct ctl_findings *f, const char *check, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(f, FINE, check, NULL, fmt, ap);
	va_end(ap);
}

static bool is_wrong(const cJSON *item)
{
	return strcmp(ctl_words(item, "level"), WRONG) == 0;
}

unsigned ctl_findings_count(const struct ctl_findings *f)
{
	const cJSON *item;
	unsigned n = 0;

	cJSON_ArrayForEach(item, f->list) n += is_wrong(item);
	return n;
}

void ctl_findings_print(const struct ctl_screen *s, const struct ctl_findings *f)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, f->list)
	{
		if (!is_wrong(item))
			continue;
		ctl_screen_text(s, SCREEN_BAD "-" SCREEN_PLAIN " %s", ctl_words(item, "what"));
		ctl_screen_text(s, "    %s", ctl_words(item, "cure"));
	}
}

void ctl_findings_report(const struct ctl_screen *s, const struct ctl_findings *f)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, f->list)
	{
		const char *level = ctl_words(item, "level");
		const char *mark = is_wrong(item)	      ? SCREEN_BAD
				   : strcmp(level, FINE) == 0 ? SCREEN_GOOD
							      : SCREEN_WARN;

		ctl_screen_text(
			s, "%s%-5s" SCREEN_PLAIN "  %s", mark, level, ctl_words(item, "what"));
		if (cJSON_HasObjectItem(item, "cure"))
			ctl_screen_text(s, "       cure: %s", ctl_words(item, "cure"));
	}
}
