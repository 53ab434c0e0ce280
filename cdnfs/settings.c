#include "cdnfs/settings.h"

#include "common/options.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT(field) offsetof(struct settings, field)
static const struct option_row rows[] = {
	{ "url", "CDN_URL", OPTION_TEXT, AT(url), "http://127.0.0.1:8000", "URL", "the distributor",
		0 },
	{ "timeout", "CDNFS_TIMEOUT", OPTION_POSITIVE, AT(timeout), "30", "SECONDS",
		"how long an operation waits for a server that is away", 86400 },
	{ "attr_timeout", NULL, OPTION_COUNT, AT(attr_timeout), "1", "SECONDS",
		"how long the kernel keeps names and attributes", 86400 },
	{ "negative_timeout", NULL, OPTION_COUNT, AT(negative_timeout), "0", "SECONDS",
		"how long the kernel keeps that a name is not there", 86400 },
	{ "memory", "CDNFS_MEMORY", OPTION_SIZE, AT(memory), "64MiB", "SIZE",
		"cache of what is read, at least 8MiB", 0 },
	{ "staging", "CDNFS_STAGING", OPTION_TEXT, AT(staging), NULL, "DIR",
		"folder on disk for files being written (/var/cache/cdnfs; /var/tmp when not root)",
		0 },
	{ "stats", NULL, OPTION_TEXT, AT(stats), NULL, "FILE",
		"file that SIGUSR1 makes the mount write its counters to", 0 },
	{ "token_file", "CDN_TOKEN_FILE", OPTION_TEXT, AT(token_file), NULL, "FILE",
		"file with the servers' token (or CDN_TOKEN in the environment)", 0 },
	{ "ca_file", "CDN_CA", OPTION_TEXT, AT(ca_file), NULL, "FILE", "certificates to trust, PEM",
		0 },
	{ "locks", NULL, OPTION_WORD, AT(locks), "shared", "shared|local",
		"whether flock and fcntl locks hold on every mount or on this one", 0 },
	{ "mount_timeout", NULL, OPTION_POSITIVE, AT(mount_timeout), "3", "SECONDS",
		"how long mounting waits for a distributor that is away", 86400 },
	{ "uid", NULL, OPTION_TEXT, AT(uid), NULL, "USER",
		"owner that all files are shown with, a number or a name", 0 },
	{ "gid", NULL, OPTION_TEXT, AT(gid), NULL, "GROUP",
		"group that all files are shown with, a number or a name", 0 },
	{ "umask", NULL, OPTION_TEXT, AT(umask), NULL, "OCTAL",
		"permissions that nobody is shown to have", 0 },
	{ "threads", NULL, OPTION_POSITIVE, AT(threads), "32", "N", "most operations at one time",
		1024 },
	{ "log_level", "LOG_LEVEL", OPTION_WORD, AT(log_level), "info", "error|warn|info|debug",
		"what is logged", 0 },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static int default_staging(struct settings *s)
{
	const char *tmp = getenv("TMPDIR");

	if (s->staging)
		return 0;
	if (geteuid() == 0)
		s->staging = strdup("/var/cache/cdnfs");
	else
		s->staging = strdup(tmp && *tmp ? tmp : "/var/tmp");
	return s->staging ? 0 : -ENOMEM;
}

int settings_load(struct settings *s, const char *file, char *error, size_t cap)
{
	char *none[] = { NULL, NULL };
	int npos = 0, rc;

	rc = options_load(rows, ROWS, s, 1, none, &npos, file, true, error, cap);
	return rc < 0 ? rc : default_staging(s);
}

int settings_set(struct settings *s, const char *name, const char *value, const char *where,
	char *error, size_t cap)
{
	return options_set(rows, ROWS, s, name, value, where, error, cap);
}

bool settings_know(const char *name)
{
	for (size_t i = 0; i < ROWS; i++)
		if (!strcmp(rows[i].name, name))
			return true;
	return false;
}

void settings_release(struct settings *s)
{
	options_release(rows, ROWS, s);
}

static void usage_row(const struct option_row *row)
{
	(void)printf("  %s=%s\n        %s", row->name, row->value, row->help);
	if (row->fallback)
		(void)printf("; default %s", row->fallback);
	if (row->env)
		(void)printf("; $%s", row->env);
	(void)printf("\n");
}

void settings_help(void)
{
	for (size_t i = 0; i < ROWS; i++)
		usage_row(&rows[i]);
}
