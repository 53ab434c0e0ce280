/* options - one table a program: flag, environment, configuration file and --help from the same
 * rows. Precedence: flag, environment, file, default. */
#ifndef COMMON_OPTIONS_H
#define COMMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum option_type {
	OPTION_TEXT,   /* char *, heap; NULL when unset and without default */
	OPTION_WORD,   /* the same, one of those that `value` names: "error|warn|info" */
	OPTION_URL,    /* the same; refused as a flag when it has a password, which ps would show */
	OPTION_CONFIG, /* the same: the file that the others are read from; not itself in a file */
	OPTION_SIZE,   /* uint64_t, common/size.h */
	OPTION_COUNT,  /* uint64_t, plain decimal */
	OPTION_POSITIVE, /* the same, 1 or more */
	OPTION_BOOL	 /* bool: 1 0 yes no true false on off; a bare flag means yes */
};

struct option_row {
	/* --name=VALUE or --name VALUE, and "name = value" in the file; '_' and '-' are the same.
	 * NULL: environment only (secrets) */
	const char *name;
	const char *env; /* NULL: none. A variable that is set to "" counts as unset */
	enum option_type type;
	size_t offset;	      /* of the field in the program's struct */
	const char *fallback; /* default, as text; NULL: NULL, 0, false */
	const char *value;    /* "SIZE", "URL" … for --help */
	const char *help;
	uint64_t max; /* OPTION_COUNT, OPTION_POSITIVE: largest value, 0: UINT32_MAX */
};

/* Fills *conf (zeroed by the caller). file: "key = value" lines with # comments, may be NULL or
 * absent from disk when file_optional; a row of OPTION_CONFIG that was given names another, which
 * must be there. Positional arguments are moved to argv[1..*npos]. 0, or
 * -EINVAL with a sentence that names flag, variable or file:line, what is wrong and what would
 * be right. --help and --version are the caller's: they come back as 1 and 2, whatever else is
 * wrong. Unless 0 came back, *conf holds nothing to release. */
int options_load(const struct option_row *rows, size_t n, void *conf, int argc, char **argv,
	int *npos, const char *file, bool file_optional, char *error, size_t cap);
/* Sets one row from text, as a mount option would: same checks (value NULL: a bare name, for
 * OPTION_BOOL), `where` names the source in the error. */
int options_set(const struct option_row *rows, size_t n, void *conf, const char *name,
	const char *value, const char *where, char *error, size_t cap);
void options_release(const struct option_row *rows, size_t n, void *conf);
/* usage: lines above the table, may be "". */
void options_help(FILE *out, const char *usage, const struct option_row *rows, size_t n);

#endif
