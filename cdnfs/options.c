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

/* While the words are read. */
struct parser {
	struct options *o;
	bool sloppy; /* unknown words are let pass */
	char *error;
	size_t cap;
};

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
	if (settings_know(word))
		return settings_set(&p->o->set, word, value ? value : "", "-o", p->error, p->cap);
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
	if (c == 'f' && o->helper)
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
	return settings_set(&p->o->set, "url", url, "command line", p->error, p->cap);
}

static int validate(struct parser *p)
{
	struct options *o = p->o;
	const char *what = NULL;

	if (!http_uri_ok(o->set.url))
		what = "url: must be http://HOST[:PORT] or https://HOST[:PORT]";
	else if (o->set.memory < MEMORY_MIN)
		what = "memory: must be at least 8MiB";
	if (!what)
		return shown_parse(
			o->set.uid, o->set.gid, o->set.umask, &o->shown, p->error, p->cap);
	(void)snprintf(p->error, p->cap, "%s", what);
	return -EINVAL;
}

static int next_letter(const struct options *o, int argc, char **argv)
{
	static const struct option longs[] = { { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' }, { NULL, 0, NULL, 0 } };

	return getopt_long(argc, argv, o->helper ? "o:fsdVhnvrwt:N:" : "o:fsdVh", longs, NULL);
}

/* -h and -V count whatever else is wrong. */
static bool asked(struct options *o, int argc, char **argv)
{
	int c;

	optind = 0; /* from the start, also the second time */
	while ((c = next_letter(o, argc, argv)) != -1 && c != 'h' && c != 'V')
		;
	if (c != -1)
		o->what = c == 'h' ? OPTIONS_HELP : OPTIONS_VERSION;
	return c != -1;
}

int options_parse(
	struct options *o, int argc, char **argv, const char *file, char *error, size_t cap)
{
	const char *base = strrchr(argv[0], '/');
	struct parser p = { .o = o, .error = error, .cap = cap };
	int c, rc;

	base = base ? base + 1 : argv[0];
	o->helper = !strcmp(base, "mount.cdnfs");
	error[0] = 0;
	opterr = 0;
	if (asked(o, argc, argv))
		return 0;
	rc = settings_load(&o->set, file, error, cap);
	optind = 0;
	while (!rc && (c = next_letter(o, argc, argv)) != -1)
		rc = take_letter(&p, c);
	if (rc || o->what != OPTIONS_RUN)
		return rc;
	rc = take_places(&p, argc - optind, argv + optind);
	if (!rc)
		rc = token_load(o->set.token_file, &o->token, error, cap);
	return rc ? rc : validate(&p);
}

void options_free(struct options *o)
{
	settings_release(&o->set);
	free(o->mountpoint);
	token_release(&o->token);
	buf_release(&o->fuse);
}

void options_usage(void)
{
	(void)printf(
		"cdnfs [-fdsVh] [-o OPTION[=VALUE],...] [URL] MOUNTPOINT\n"
		"mount -t cdnfs [-o ...] URL MOUNTPOINT; mount -t fuse cdnfs MOUNTPOINT\n\n"
		"Mounts a CDN as a directory. -f: stay in the foreground; -d: and tell all; -s: "
		"one thread;\n-V: version. Options, by -o, by the environment or as NAME = VALUE "
		"in " SETTINGS_FILE ":\n\n");
	settings_help();
	words_usage();
}
