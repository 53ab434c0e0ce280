#include "cdnfs/ctl_tables.h"
#include "cdnfs/ctl_print.h"
#include "cdnfs/ctl_term.h"
#include "common/size.h"
#include <string.h>
#include <time.h>

#define NAME_MAX_CELLS 32
#define NAME_CELLS 12

int ctl_table_names(const cJSON *object, int least)
{
	const cJSON *item;
	int widest = least;

	cJSON_ArrayForEach(item, object)
	{
		char name[256];
		int used = (int)ctl_term_fit(item->string, NAME_MAX_CELLS, name, sizeof(name));

		widest = used > widest ? used : widest;
	}
	return widest;
}

static const char *size_text(const cJSON *object, const char *key, char *text, size_t cap)
{
	return size_format(ctl_count(object, key), text, cap);
}

void ctl_table_stats(const struct ctl_screen *s, const cJSON *stats)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(stats, "stats"), *node;
	int names = ctl_table_names(list, NAME_CELLS);

	ctl_screen_line(s, SCREEN_HEAD "%-*s %-8s %10s %10s %7s %10s" SCREEN_PLAIN, names, "NODE",
		"STATUS", "MEMORY", "STORED", "USED", "CAPACITY");
	cJSON_ArrayForEach(node, list)
	{
		char name[256], status[64], memory[32], storage[32], most[32];

		(void)ctl_term_fit(node->string, NAME_MAX_CELLS, name, sizeof(name));
		(void)ctl_term_fit(ctl_words(node, "status"), 8, status, sizeof(status));
		ctl_screen_line(s, "%-*s %s%-8s" SCREEN_PLAIN " %10s %10s %6.2f%% %10s", names,
			name, strcmp(status, "UP") == 0 ? SCREEN_GOOD : SCREEN_BAD, status,
			size_text(node, "memory", memory, sizeof(memory)),
			size_text(node, "storage", storage, sizeof(storage)),
			ctl_figure(node, "storagep"),
			size_text(node, "max_storage", most, sizeof(most)));
	}
}

void ctl_table_nodes(const struct ctl_screen *s, const cJSON *nodes)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(nodes, "nodes"), *node;
	int names = ctl_table_names(list, NAME_CELLS);

	ctl_screen_line(
		s, SCREEN_HEAD "%-*s %-24s %5s" SCREEN_PLAIN, names, "NAME", "HOST", "PORT");
	cJSON_ArrayForEach(node, list)
	{
		char name[256], host[512];

		(void)ctl_term_fit(node->string, NAME_MAX_CELLS, name, sizeof(name));
		(void)ctl_term_fit(ctl_words(node, "host"), 253, host, sizeof(host));
		ctl_screen_line(s, "%-*s %-24s %5.0f", names, name, host, ctl_figure(node, "port"));
	}
}

void ctl_table_entry(const struct ctl_screen *s, const cJSON *entry)
{
	time_t when = (time_t)cJSON_GetNumberValue(
		cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(entry, "mtime"), 0));
	const char *type = ctl_words(entry, "type");
	bool folder = strcmp(type, "directory") == 0;
	char date[32] = "-";
	struct tm tm;

	if (localtime_r(&when, &tm))
		(void)strftime(date, sizeof(date), "%Y-%m-%d %H:%M", &tm); /* it fits */
	ctl_screen_text(s, "%-9s %10.0f %14.0f %s %s%s%s" SCREEN_PLAIN, type,
		ctl_figure(entry, "id"), ctl_figure(entry, "size"), date,
		folder ? SCREEN_HEAD : SCREEN_PLAIN, ctl_words(entry, "name"), folder ? "/" : "");
}
