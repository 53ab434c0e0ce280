/* cdnctl: the CDN from the command line, over REST. */
#include "cdnfs/ctl_doctor.h"
#include "cdnfs/ctl_exit.h"
#include "cdnfs/ctl_feed.h"
#include "cdnfs/ctl_fsck.h"
#include "cdnfs/ctl_protect.h"
#include "cdnfs/ctl_rest.h"
#include "cdnfs/ctl_scenario.h"
#include "cdnfs/ctl_status.h"
#include "cdnfs/ctl_watch.h"
#include "cdnfs/settings.h"
#include "common/http.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/options.h"
#include "common/pem.h"
#include "common/token.h"
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define WATCH_S "2"

struct flags {
	char *url, *token_file, *ca_file, *folder, *mount, *expires, *watch;
	uint64_t size;
	bool json;
};

static const struct option_row rows[] = {
	{ "url", "CDN_URL", OPTION_TEXT, offsetof(struct flags, url), "http://127.0.0.1:8000",
		"URL", "the distributor", 0 },
	{ "json", NULL, OPTION_BOOL, offsetof(struct flags, json), NULL, "BOOL",
		"print the servers' answers as JSON", 0 },
	{ "token-file", "CDN_TOKEN_FILE", OPTION_TEXT, offsetof(struct flags, token_file), NULL,
		"FILE", "holds the CDN's token; CDN_TOKEN holds it itself", 0 },
	{ "ca-file", "CDN_CA", OPTION_TEXT, offsetof(struct flags, ca_file), NULL, "FILE",
		"certificates to trust for https", 0 },
	{ "folder", NULL, OPTION_TEXT, offsetof(struct flags, folder), ".", "DIR",
		"scenario: where client_data/ and tmp/ are", 0 },
	{ "size", NULL, OPTION_SIZE, offsetof(struct flags, size), "3072", "SIZE",
		"scenario: of the generated files", 0 },
	{ "mount", NULL, OPTION_TEXT, offsetof(struct flags, mount), NULL, "DIR",
		"scenario: the same through this mounted CDN", 0 },
	{ "expires", NULL, OPTION_TEXT, offsetof(struct flags, expires), NULL, "SECONDS",
		"locate: a link that needs no token for so long", 0 },
	{ "watch", NULL, OPTION_TEXT, offsetof(struct flags, watch), NULL, "SECONDS",
		"status, stats, nodes, ls: again and again; -w, -wSECONDS, --watch alone: each 2 s",
		0 },
};

/* What the machine's mounts are told; it stands in for options that are not given. */
static struct settings machine;
static char machine_error[512]; /* why there are none, or "" */

static const struct command {
	const char *name, *args, *help;
	int least, most;
	int (*run)(struct ctl *c, char **argv); /* NULL: the scenario */
	bool watch;				/* may be repeated */
} commands[] = {
	{ "status", "", "one screen: nodes, mounts here, contents, what is wrong", 0, 0, ctl_status,
		true },
	{ "doctor", "", "what is wrong, with CDN or machine, and what cures it", 0, 0, ctl_doctor,
		false },
	{ "fsck", "", "tree and register against their own rules; changes nothing", 0, 0, ctl_fsck,
		false },
	{ "watch", "", "what changes in the tree, as it changes, until it is interrupted", 0, 0,
		ctl_feed, false },
	{ "stats", "", "memory and storage of every node", 0, 0, ctl_rest_stats, true },
	{ "nodes", "", "who is where", 0, 0, ctl_rest_nodes, true },
	{ "ls", "[PATH]", "list a directory of the tree", 0, 1, ctl_rest_ls, true },
	{ "put", "FILE [PATH]", "store a file; \"-\" is standard input, \"dir/\" keeps its name", 1,
		2, ctl_rest_put, false },
	{ "get", "ID|PATH [FILE]", "fetch a content; \"-\" is standard output", 1, 2, ctl_rest_get,
		false },
	{ "update", "ID FILE", "replace a content's bytes; its name stays", 2, 2, ctl_rest_update,
		false },
	{ "rm", "ID|PATH", "delete a content or an empty directory", 1, 1, ctl_rest_rm, false },
	{ "locate", "ID|PATH", "where its bytes are; with --expires a signed link", 1, 1,
		ctl_rest_locate, false },
	{ "protect", "DIR", "an unmounted mount point cannot be written to by mistake", 1, 1,
		ctl_protect, false },
	{ "unprotect", "DIR", "the reverse", 1, 1, ctl_unprotect, false },
	{ "scenario", "",
		"store, retrieve, update, locate and delete generated files, step by step", 0, 0,
		NULL, false },
};

static void help(FILE *out)
{
	fprintf(out, "usage: cdnctl [options] COMMAND [arguments]\n\n");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(out, "  %-9s %-15s %s\n", commands[i].name, commands[i].args,
			commands[i].help);
	fprintf(out, "\nA number is an id, anything else a path; /33 is the file named 33.\n");
	options_help(out, "", rows, ARRAY_LEN(rows));
	ctl_exit_help(out);
}

static int usage(const char *sentence)
{
	fprintf(stderr, "cdnctl: %s\ncdnctl: --help shows the commands\n", sentence);
	return CTL_EXIT_USAGE;
}

/* 0 when text (NULL: none) is a link's duration, left in *out; else -EINVAL. */
static int parse_expires(const char *text, uint64_t *out)
{
	char *end;
	unsigned long n;

	if (!text)
		return 0;
	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || n < 1 || n > LIMIT_LINK_S)
		return -EINVAL;
	*out = n;
	return 0;
}

/* 0 when text (NULL: do not) is how often, left in *out; else -EINVAL. */
static int parse_watch(const char *text, double *out)
{
	double seconds;
	char *end;

	if (!text)
		return 0;
	seconds = strtod(text, &end);
	if (*text < '0' || *text > '9' || *end || !(seconds >= 0.1) || seconds > CTL_WATCH_MOST_S)
		return -EINVAL;
	*out = seconds;
	return 0;
}

/* What the options say of one command. */
struct wish {
	uint64_t expires;
	double watch; /* seconds; 0: once */
};

static int run(struct ctl *c, const struct command *command, const struct flags *opt,
	const struct wish *wish, char **argv)
{
	if (!command->run)
		return ctl_scenario(c, opt->folder, opt->size, opt->mount);
	if (wish->watch > 0)
		return ctl_watch(c, command->name, wish->watch, command->run, argv);
	return command->run(c, argv);
}

/* doctor tells what is wrong with it, protect asks no server. */
static bool needs_token(const struct command *command)
{
	return command->run != ctl_doctor && command->run != ctl_protect &&
	       command->run != ctl_unprotect;
}

static int perform(const struct command *command, const struct flags *opt, const struct wish *wish,
	char **argv)
{
	struct ctl c = { .url = opt->url,
		.token_file = opt->token_file,
		.staging = machine.staging,
		.machine_error = machine_error,
		.json = opt->json,
		.expires = wish->expires };
	struct httpc_conf conf = { .ca_file = opt->ca_file, .user_agent = "cdnctl/" VERSION };
	char *token = NULL;
	int rc;

	if (machine_error[0] && command->run != ctl_doctor)
		return usage(machine_error);
	rc = token_load(opt->token_file, &token, c.error, sizeof(c.error));
	if (!needs_token(command)) {
		rc = 0;
		c.error[0] = '\0';
	}
	conf.token = token;
	ctl_progress_open(&c.progress, stderr);
	ctl_screen_open(&c.screen, stdout);
	if (rc == 0)
		rc = pem_check_authorities(opt->ca_file, c.error, sizeof(c.error));
	if (rc < 0) { /* said of no content */
		token_release(&token);
		return usage(c.error);
	}
	rc = httpc_open(&conf, &c.http);
	if (rc < 0)
		ctl_fail(&c, rc, "cannot start: %s", strerror(-rc));
	if (rc == 0)
		rc = run(&c, command, opt, wish, argv);
	if (rc >= 0 && (fflush(stdout) != 0 || ferror(stdout)))
		rc = ctl_fail(&c, -EIO, "cannot write the answer");
	httpc_close(&c.http);
	token_release(&token);
	if (rc < 0)
		fprintf(stderr, "cdnctl: %s\n", c.error[0] ? c.error : strerror(-rc));
	return rc > 0 ? rc : (int)ctl_exit_of(rc);
}

static int choose(const struct flags *opt, int npos, char **pos)
{
	char sentence[256];
	struct wish wish = { 0 };

	if (npos == 0)
		return usage("no command is given");
	if (parse_expires(opt->expires, &wish.expires) < 0) {
		(void)snprintf(sentence, sizeof(sentence),
			"--expires: must be a whole number of seconds from 1 to %d",
			LIMIT_LINK_S); /* fits */
		return usage(sentence);
	}
	if (parse_watch(opt->watch, &wish.watch) < 0)
		return usage("--watch: must be a number of seconds from 0.1 to 86400");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		const struct command *k = &commands[i];
		char *argv[3] = { NULL };

		if (strcmp(k->name, pos[0]) != 0)
			continue;
		if (npos - 1 < k->least || npos - 1 > k->most) {
			(void)snprintf(sentence, sizeof(sentence), "usage: cdnctl %s %s", k->name,
				k->args); /* fits */
			return usage(sentence);
		}
		if (opt->watch && !k->watch)
			return usage("--watch: is for status, stats, nodes and ls");
		for (int a = 1; a < npos; a++)
			argv[a - 1] = pos[a];
		return perform(k, opt, &wish, argv);
	}
	(void)snprintf(
		sentence, sizeof(sentence), "there is no command \"%s\"", pos[0]); /* or cut */
	return usage(sentence);
}

/* -w, -wSECONDS and a bare --watch, as the table of options knows them. */
static void expand_watch(int argc, char **argv)
{
	static char text[64];

	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strncmp(argv[i], "-w", 2) == 0)
			(void)snprintf(text, sizeof(text), "--watch=%s",
				argv[i][2] ? argv[i] + 2 : WATCH_S); /* or cut: no number, then */
		else if (strcmp(argv[i], "--watch") == 0)
			(void)snprintf(text, sizeof(text), "--watch=" WATCH_S); /* fits */
		else
			continue;
		argv[i] = text;
	}
}

/* Flags, then the environment, then /etc/cdnfs.conf, as for a mount. */
static int load(struct flags *opt, int argc, char **argv, int *npos, char *error, size_t cap)
{
	struct option_row own[ARRAY_LEN(rows)];

	memcpy(own, rows, sizeof(own));
	if (settings_load(&machine, SETTINGS_FILE, machine_error, sizeof(machine_error)) < 0 &&
		!machine_error[0])
		(void)snprintf(machine_error, sizeof(machine_error), "memory is out"); /* fits */
	for (size_t i = 0; !machine_error[0] && i < ARRAY_LEN(own); i++) {
		if (own[i].offset == offsetof(struct flags, url))
			own[i].fallback = machine.url;
		else if (own[i].offset == offsetof(struct flags, token_file))
			own[i].fallback = machine.token_file;
		else if (own[i].offset == offsetof(struct flags, ca_file))
			own[i].fallback = machine.ca_file;
	}
	return options_load(own, ARRAY_LEN(own), opt, argc, argv, npos, NULL, true, error, cap);
}

int main(int argc, char **argv)
{
	struct flags opt = { 0 };
	char error[512] = "";
	int npos = 0, rc;
	size_t len;

	if (!setlocale(LC_CTYPE, "") || MB_CUR_MAX == 1)
		(void)setlocale(LC_CTYPE,
			"C.UTF-8");	/* as names are; else '?' stands for what is not ASCII */
	(void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of write, with a sentence */
	expand_watch(argc, argv);
	log_init("cdnctl", LOG_LEVEL_WARN, stderr);
	log_request_new();
	rc = load(&opt, argc, argv, &npos, error, sizeof(error));
	if (rc == 1) {
		help(stdout);
		rc = 0;
	} else if (rc == 2) {
		printf("cdnctl %s\n", VERSION);
		rc = 0;
	} else if (rc < 0) {
		rc = usage(error);
	} else {
		len = strlen(opt.url);
		while (len && opt.url[len - 1] == '/')
			opt.url[--len] = '\0';
		rc = http_uri_ok(opt.url)
			     ? choose(&opt, npos, argv + 1)
			     : usage("--url: must be http://HOST:PORT or https://HOST:PORT");
	}
	options_release(rows, ARRAY_LEN(rows), &opt);
	settings_release(&machine);
	return rc;
}
