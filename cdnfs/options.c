#include "cdnfs/options.h"

#include "cdnfs/words.h"
#include "common/http.h"
#include "common/log.h"
#include "common/options.h"
#include "common/token.h"
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MEMORY_MIN (8ULL << 20)

#define AT(field) offsetof(struct options, field)
static const struct option_row rows[] = {
	{ "url", "CDN_URL", OPTION_TEXT, AT(url), "http://127.0.0.1:8000", "URL", "the distributor",
		0 },
	{ "timeout", "CDNFS_TIMEOUT", OPTION_COUNT, AT(timeout), "30", "SECONDS",
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
	{ "mount_timeout", NULL, OPTION_COUNT, AT(mount_timeout), "3", "SECONDS",
		"how long mounting waits for a distributor that is away", 86400 },
	{ "uid", NULL, OPTION_TEXT, AT(uid), NULL, "USER",
		"owner that all files are shown with, a number or a name", 0 },
	{ "gid", NULL, OPTION_TEXT, AT(gid), NULL, "GROUP",
		"group that all files are shown with, a number or a name", 0 },
	{ "umask", NULL, OPTION_TEXT, AT(umask), NULL, "OCTAL",
		"permissions that nobody is shown to have", 0 },
	{ "threads", NULL, OPTION_COUNT, AT(threads), "32", "N", "most operations at one time",
		1024 },
	{ "log_level", "LOG_LEVEL", OPTION_TEXT, AT(log_level), "info", "LEVEL",
		"error, warn, info or debug", 0 },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* While the words are read. */
struct parser {
	struct options *o;
	bool sloppy; /* unknown words are let pass */
	char *error;
	size_t cap;
};

static int known_row(const char *name)
{
	for (size_t i = 0; i < ROWS; i++)
		if (!strcmp(rows[i].name, name))
			return 1;
	return 0;
}

/* What we need to know of the kernel's words; the last one counts. */
static void note_fuse(struct options *o, const char *word)
{
	o->allow_other_set |= !strncmp(word, "allow_", 6);
	if (!strcmp(word, "ro") || !strcmp(word, "rw"))
		o->ro = word[1] == 'o';
	if (!strcmp(word, "sync") || !strcmp(word, "async"))
		o->sync = word[0] == 's';
}

static int take_word(struct parser *p, char *word)
{
	char *value = strchr(word, '=');

	if (!strcmp(word, "remount")) {
		(void)snprintf(p->error, p->cap,
			"remount: a mount's options cannot be changed; umount it, then mount it "
			"with the new ones");
		return -EOPNOTSUPP;
	}
	switch (words_kind(word)) {
	case WORDS_IGNORED:
		return 0;
	case WORDS_FUSE:
		buf_addf(&p->o->fuse, ",%s", word);
		note_fuse(p->o, word);
		return buf_error(&p->o->fuse);
	case WORDS_OURS:
		break;
	}
	if (value)
		*value++ = 0;
	if (known_row(word))
		return options_set(
			rows, ROWS, p->o, word, value ? value : "", "-o", p->error, p->cap);
	if (p->sloppy)
		return 0;
	(void)snprintf(p->error, p->cap, "-o %s: no such option; cdnfs -h lists them", word);
	return -EINVAL;
}

static int take_words(struct parser *p, const char *text)
{
	char *copy = strdup(text), *rest = copy, *word;
	int rc = copy ? 0 : -ENOMEM;

	while (!rc && (word = strsep(&rest, ",")))
		if (*word)
			rc = take_word(p, word);
	free(copy);
	return rc;
}

static int take_letter(struct parser *p, int c)
{
	struct options *o = p->o;

	if (c == 'o')
		return take_words(p, optarg);
	if (c == 'h')
		o->what = OPTIONS_HELP;
	else if (c == 'V')
		o->what = OPTIONS_VERSION;
	else if (c == 'f' && o->helper)
		o->what = OPTIONS_NOTHING; /* mount -f: as if */
	else if (c == 'f')
		o->foreground = true;
	else if (c == 's' && o->helper)
		p->sloppy = true;
	else if (c == 's')
		o->single = true;
	else if (c == 'd')
		o->debug = o->foreground = true;
	else if (c == 'r' && o->helper)
		return take_words(p, "ro");
	else if (c == 'w' && o->helper)
		return take_words(p, "rw");
	else if (c == '?' || !o->helper) {
		(void)snprintf(p->error, p->cap,
			"%s: no such option, or its value is missing; "
			"cdnfs -h lists them",
			optind > 0 ? "command line" : "?");
		return -EINVAL;
	}
	return 0; /* mount's -n -v -t -N: nothing to do */
}

/* [URL] MOUNTPOINT */
static int take_places(struct parser *p, int n, char **list)
{
	const char *url = n == 2 ? list[0] : NULL;

	if (n < 1 || n > 2) {
		(void)snprintf(p->error, p->cap, "give [URL] MOUNTPOINT; cdnfs -h explains");
		return -EINVAL;
	}
	p->o->mountpoint = strdup(list[n - 1]);
	if (!p->o->mountpoint)
		return -ENOMEM;
	if (!url || !strcmp(url, "cdnfs") || !strcmp(url, "none"))
		return 0; /* fstab's place-holder: the configuration tells */
	return options_set(rows, ROWS, p->o, "url", url, "command line", p->error, p->cap);
}

static int validate(struct parser *p)
{
	struct options *o = p->o;
	enum log_level level;
	const char *what = NULL;

	if (!http_uri_ok(o->url))
		what = "url: must be http://HOST[:PORT] or https://HOST[:PORT]";
	else if (!o->timeout)
		what = "timeout: must be at least 1 second";
	else if (o->memory < MEMORY_MIN)
		what = "memory: must be at least 8MiB";
	else if (!o->mount_timeout)
		what = "mount_timeout: must be at least 1 second";
	else if (!o->threads)
		what = "threads: must be at least 1";
	else if (log_level_parse(o->log_level, &level) < 0)
		what = "log_level: must be error, warn, info or debug";
	if (!what)
		return shown_parse(o->uid, o->gid, o->umask, &o->shown, p->error, p->cap);
	(void)snprintf(p->error, p->cap, "%s", what);
	return -EINVAL;
}

static int default_staging(struct options *o)
{
	const char *tmp = getenv("TMPDIR");

	if (o->staging)
		return 0;
	if (geteuid() == 0)
		o->staging = strdup("/var/cache/cdnfs");
	else
		o->staging = strdup(tmp && *tmp ? tmp : "/var/tmp");
	return o->staging ? 0 : -ENOMEM;
}

int options_parse(
	struct options *o, int argc, char **argv, const char *file, char *error, size_t cap)
{
	static const struct option longs[] = { { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' }, { NULL, 0, NULL, 0 } };
	const char *base = strrchr(argv[0], '/');
	struct parser p = { .o = o, .error = error, .cap = cap };
	char *none[] = { argv[0], NULL };
	int npos = 0, c, rc;

	base = base ? base + 1 : argv[0];
	o->helper = !strcmp(base, "mount.cdnfs");
	error[0] = 0;
	rc = options_load(rows, ROWS, o, 1, none, &npos, file, true, error, cap);
	optind = 0; /* from the start, also the second time */
	opterr = 0;
	while (!rc && (c = getopt_long(argc, argv, o->helper ? "o:fsdVhnvrwt:N:" : "o:fsdVh", longs,
			       NULL)) != -1)
		rc = take_letter(&p, c);
	if (rc || o->what != OPTIONS_RUN)
		return rc;
	rc = take_places(&p, argc - optind, argv + optind);
	if (!rc)
		rc = token_load(o->token_file, &o->token, error, cap);
	if (!rc)
		rc = default_staging(o);
	return rc ? rc : validate(&p);
}

void options_free(struct options *o)
{
	options_release(rows, ROWS, o);
	free(o->mountpoint);
	token_release(&o->token);
	buf_release(&o->fuse);
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

void options_usage(void)
{
	(void)printf(
		"cdnfs [-fdsVh] [-o OPTION[=VALUE],...] [URL] MOUNTPOINT\n"
		"mount -t cdnfs [-o ...] URL MOUNTPOINT; mount -t fuse cdnfs MOUNTPOINT\n\n"
		"Mounts a CDN as a directory. -f: stay in the foreground; -d: and tell all; -s: "
		"one thread;\n-V: version. Options, by -o, by the environment or as NAME = VALUE "
		"in " OPTIONS_FILE ",\nbesides the usual ones of mount(8):\n\n");
	for (size_t i = 0; i < ROWS; i++)
		usage_row(&rows[i]);
}
