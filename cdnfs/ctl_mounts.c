#include "cdnfs/ctl_mounts.h"
#include "cdnfs/ctl_print.h"
#include "cdnfs/ctl_term.h"
#include "cdnfs/mounted.h"
#include <limits.h>
#include <pwd.h>
#include <string.h>

static void add_text(cJSON *o, const char *key, const char *text)
{
	char shown[PATH_MAX];

	(void)ctl_term_fit(text, sizeof(shown), shown, sizeof(shown)); /* cut when longer */
	cJSON_AddStringToObject(o, key, shown);
}

static int add(void *ctx, const char *path, const struct mounted *m)
{
	const struct passwd *who = getpwuid(m->uid);
	cJSON *list = ctx, *o = cJSON_CreateObject();
	char number[16];

	(void)snprintf(number, sizeof(number), "%u", (unsigned)m->uid); /* fits */
	add_text(o, "path", path);
	add_text(o, "url", m->source);
	add_text(o, "user", who ? who->pw_name : number);
	cJSON_AddStringToObject(o, "state", mounted_dead(path, m) ? "dead" : "mounted");
	if (!cJSON_AddItemToArray(list, o))
		cJSON_Delete(o);
	return 0;
}

cJSON *ctl_mounts(void)
{
	cJSON *list = cJSON_CreateArray();

	if (list && mounted_each(add, list) == 0)
		return list;
	cJSON_Delete(list);
	return NULL;
}

void ctl_mounts_check(const cJSON *mounts, struct ctl_findings *out)
{
	const cJSON *m;

	if (!mounts) {
		ctl_found(out, "mounts", "mount /proc",
			"it cannot be seen what is mounted: /proc/self/mountinfo cannot be read");
		return;
	}
	cJSON_ArrayForEach(m, mounts)
	{
		if (strcmp(ctl_words(m, "state"), "dead") == 0)
			ctl_found(out, "mount-dead",
				"mount it again, which clears it, or take it away: umount -l PATH, "
				"as a user fusermount3 -uz PATH",
				"the mount of %s at %s is dead: its cdnfs has gone",
				ctl_words(m, "url"), ctl_words(m, "path"));
	}
}
