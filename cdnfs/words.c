#include "cdnfs/words.h"

#include "common/base.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *const to_fuse[] = { "rw", "ro", "suid", "nosuid", "dev", "nodev", "exec",
	"noexec", "async", "sync", "noatime", "dirsync", "allow_other", "allow_root",
	"default_permissions", "auto_unmount" };

static const char *const ignored[] = { "auto", "noauto", "user", "nouser", "users", "owner",
	"group", "_netdev", "nofail", "defaults", "atime", "relatime", "norelatime", "strictatime",
	"nostrictatime", "diratime", "nodiratime", "lazytime", "nolazytime", "iversion",
	"noiversion", "loud", "silent", "comment", "helper", "nodirsync" };

static bool listed(const char *const *list, size_t n, const char *word, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(list[i]) == len && !memcmp(list[i], word, len))
			return true;
	return false;
}

enum words_kind words_kind(const char *word)
{
	size_t len = strcspn(word, "=");

	if (!strncmp(word, "x-", 2) || !strncmp(word, "X-", 2) ||
		listed(ignored, ARRAY_LEN(ignored), word, len))
		return WORDS_IGNORED;
	return listed(to_fuse, ARRAY_LEN(to_fuse), word, len) ? WORDS_FUSE : WORDS_OURS;
}

static void list(const char *title, const char *const *words, size_t n, const char *last)
{
	(void)printf("\n%s:\n\n ", title);
	for (size_t i = 0; i < n; i++)
		(void)printf(" %s", words[i]);
	(void)printf("%s\n", last);
}

void words_usage(void)
{
	list("Of mount(8)", to_fuse, ARRAY_LEN(to_fuse), "");
	list("For mount, fstab and systemd, without meaning here", ignored, ARRAY_LEN(ignored),
		" x-...");
}
