#include "common/options.h"

#include "common/base.h"
#include "common/buf.h"
#include "common/limits.h"
#include "common/size.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NAME_MAX_LEN = 63 };

/* One run over the table. */
struct table {
	const struct option_row *rows;
	size_t n;
	void *conf;
	char *error;
	size_t cap;
};

static int fail(const struct table *t, const char *fmt, ...) ATTR_PRINTF(2, 3);

static int fail(const struct table *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(t->error, t->cap, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static void *field(const struct table *t, const struct option_row *row)
{
	return (char *)t->conf + row->offset;
}

/* mount options are written with '_' as often as with '-' */
static char fold(char c)
{
	return c == '_' ? '-' : (char)tolower((unsigned char)c);
}

static bool same_name(const char *a, const char *b, size_t blen)
{
	size_t i = 0;

	while (i < blen && a[i] && fold(a[i]) == fold(b[i]))
		i++;
	return i == blen && !a[i];
}

static const struct option_row *find(const struct table *t, const char *name, size_t len)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->rows[i].name && same_name(t->rows[i].name, name, len))
			return &t->rows[i];
	}
	return NULL;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edits that turn a into b (Levenshtein). */
static size_t distance(const char *a, const char *b, size_t blen)
{
	size_t row[NAME_MAX_LEN + 1], corner, up;

	for (size_t j = 0; j <= blen; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		corner = row[0];
		row[0] = i + 1;
		for (size_t j = 0; j < blen; j++) {
			up = row[j + 1];
			row[j + 1] = least(
				least(up, row[j]) + 1, corner + (fold(a[i]) == fold(b[j]) ? 0 : 1));
			corner = up;
		}
	}
	return row[blen];
}

/* The known name that was probably meant, or NULL. */
static const char *nearest(const struct table *t, const char *name, size_t len)
{
	size_t best = len / 3 + 2, d;
	const char *found = NULL;

	for (size_t i = 0; len <= NAME_MAX_LEN && i < t->n; i++) {
		if (!t->rows[i].name)
			continue;
		d = distance(t->rows[i].name, name, len);
		if (d < best) {
			best = d;
			found = t->rows[i].name;
		}
	}
	return found;
}

/* `dashes` is "--" where names are written so. */
static int unknown(
	const struct table *t, const char *where, const char *dashes, const char *name, size_t len)
{
	const char *near = nearest(t, name, len);
	int shown = (int)least(len, NAME_MAX_LEN);

	if (near)
		return fail(t, "%sunknown option %s%.*s; did you mean %s%s?", where, dashes, shown,
			name, dashes, near);
	return fail(t, "%sunknown option %s%.*s; see --help", where, dashes, shown, name);
}

static int parse_count(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		if (v > (UINT64_MAX - 9) / 10)
			return -ERANGE;
		v = v * 10 + (uint64_t)(*text - '0');
	}
	if (v < min || v > max)
		return -ERANGE;
	*out = v;
	return 0;
}

static int parse_bool(const char *text, bool *out)
{
	static const char *const words[] = { "0", "1", "no", "yes", "false", "true", "off", "on" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcasecmp(text, words[i]) == 0) {
			*out = i % 2;
			return 0;
		}
	}
	return -EINVAL;
}

static int set_text(const struct table *t, const struct option_row *row, const char *value)
{
	char **at = field(t, row);
	char *copy = strdup(value);

	if (!copy) {
		(void)fail(t, "out of memory");
		return -ENOMEM;
	}
	free(*at);
	*at = copy;
	return 0;
}

/* words: "one|two|three" */
static bool is_word(const char *words, const char *text)
{
	size_t len = strlen(text), n;

	for (const char *at = words; *at; at += n + (at[n] == '|')) {
		n = strcspn(at, "|");
		if (n == len && strncmp(at, text, n) == 0)
			return true;
	}
	return false;
}

/* scheme://USER:PASSWORD@… or …?password=… */
static bool has_password(const char *url)
{
	const char *at = strstr(url, "://"), *colon, *query = strchr(url, '?');
	size_t len;

	if (query && (strstr(query, "password=") || strstr(query, "sslkey=")))
		return true;
	if (!at)
		return false;
	at += 3;
	len = strcspn(at, "/?#");
	colon = memchr(at, ':', len);
	return colon && memchr(colon, '@', len - (size_t)(colon - at));
}

static int set_count(
	const struct table *t, const struct option_row *row, const char *value, const char *where)
{
	uint64_t max = row->max ? row->max : UINT32_MAX;
	uint64_t min = row->type == OPTION_POSITIVE;

	if (parse_count(value, min, max, field(t, row)) == 0)
		return 0;
	return fail(t, "%s: \"%.64s\" is not a whole number from %" PRIu64 " to %" PRIu64, where,
		value, min, max);
}

/* `where` is the whole beginning of the error, such as "--listen" or "file:3: listen". */
static int set(
	const struct table *t, const struct option_row *row, const char *value, const char *where)
{
	if (!value && row->type == OPTION_BOOL)
		value = "yes";
	if (!value)
		return fail(t, "%s needs a value (%s)", where, row->value ? row->value : "VALUE");
	switch (row->type) {
	case OPTION_WORD:
		if (!is_word(row->value, value))
			return fail(t, "%s: \"%.64s\" is not one of %s", where, value, row->value);
		return set_text(t, row, value);
	case OPTION_TEXT:
	case OPTION_URL:
	case OPTION_CONFIG:
		if (!*value)
			return fail(t, "%s: is empty; give a %s or leave it out", where,
				row->value ? row->value : "VALUE");
		return set_text(t, row, value);
	case OPTION_SIZE:
		if (size_parse(value, field(t, row)) < 0)
			return fail(t,
				"%s: \"%.64s\" is not a size such as 100M, 1.5T, 512KiB or 1000000",
				where, value);
		return 0;
	case OPTION_COUNT:
	case OPTION_POSITIVE:
		return set_count(t, row, value, where);
	case OPTION_BOOL:
		if (parse_bool(value, field(t, row)) < 0)
			return fail(t, "%s: \"%.64s\" is neither yes nor no", where, value);
		return 0;
	}
	return fail(t, "%s: is broken", where);
}

static int load_defaults(const struct table *t)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < t->n; i++) {
		if (t->rows[i].fallback)
			rc = set(t, &t->rows[i], t->rows[i].fallback, "the default");
	}
	return rc;
}

static int load_env(const struct table *t)
{
	const char *value;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < t->n; i++) {
		value = t->rows[i].env ? getenv(t->rows[i].env) : NULL;
		if (value && *value)
			rc = set(t, &t->rows[i], value, t->rows[i].env);
	}
	return rc;
}

static char *trim(char *text)
{
	char *end = text + strlen(text);

	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return text + strspn(text, " \t\r\v\f");
}

/* Cuts the line at a '#' that begins it or follows a space. */
static void cut_comment(char *line)
{
	for (char *at = line; (at = strchr(at, '#')); at++) {
		if (at == line || isspace((unsigned char)at[-1])) {
			*at = '\0';
			return;
		}
	}
}

static int load_line(const struct table *t, char *line, const char *file, unsigned number)
{
	const struct option_row *row;
	char where[512];
	char *equals, *name;

	cut_comment(line);
	name = trim(line);
	if (!*name)
		return 0;
	equals = strchr(name, '=');
	(void)snprintf(where, sizeof(where), "%.400s:%u: ", file, number);
	if (!equals)
		return fail(t, "%s\"%.64s\" is not of the form \"name = value\"", where, name);
	*equals = '\0';
	name = trim(name);
	row = find(t, name, strlen(name));
	if (!row)
		return unknown(t, where, "", name, strlen(name));
	(void)snprintf(where, sizeof(where), "%.400s:%u: %s", file, number, row->name);
	if (row->type == OPTION_CONFIG)
		return fail(t, "%s: a file does not name another; leave the line out", where);
	return set(t, row, trim(equals + 1), where);
}

static int read_all(FILE *f, struct buf *b)
{
	char chunk[4096];
	size_t n;

	while (b->len <= LIMIT_CONF_FILE && (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(b, chunk, n);
	if (ferror(f))
		return -EIO;
	return b->len > LIMIT_CONF_FILE ? -EFBIG : buf_error(b);
}

static int load_file(const struct table *t, const char *file, bool optional)
{
	struct buf b = BUF_INIT;
	FILE *f = fopen(file, "re");
	char *line, *rest;
	int rc;

	if (!f && errno == ENOENT && optional)
		return 0;
	if (!f)
		return fail(t, "%s: cannot be read: %s", file, strerror(errno));
	rc = read_all(f, &b);
	(void)fclose(f); /* only read: nothing can be lost */
	if (rc < 0)
		rc = fail(t, "%s: cannot be read: %s", file, strerror(-rc));
	else if (memchr(buf_str(&b), '\0', b.len))
		rc = fail(t, "%s: has a NUL byte; it must be text", file);
	rest = b.data;
	for (unsigned number = 1; rc == 0 && rest; number++) {
		line = strsep(&rest, "\n");
		rc = load_line(t, line, file, number);
	}
	buf_release(&b);
	return rc;
}

/* "--name", "--name=VALUE", "--name VALUE": sets it and says how many arguments it took. */
static int load_flag(const struct table *t, char **argv, int i, int argc)
{
	const char *name = argv[i] + 2, *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct option_row *row = find(t, name, len);
	const char *value = equals ? equals + 1 : NULL;
	char where[NAME_MAX_LEN + 8];
	int took = 1, rc;

	if (!row)
		return unknown(t, "", "--", name, len);
	/* what looks like the next flag is no value: "--listen --workers 4" forgot one */
	if (!value && row->type != OPTION_BOOL && i + 1 < argc &&
		strncmp(argv[i + 1], "--", 2) != 0) {
		value = argv[i + 1];
		took = 2;
	}
	(void)snprintf(where, sizeof(where), "--%s", row->name);
	if (row->type == OPTION_URL && value && has_password(value))
		return fail(t,
			"%s: a password as a flag is seen by everybody on this machine; give "
			"it by $%s or in the file of --config",
			where, row->env);
	rc = set(t, row, value, where);
	return rc < 0 ? rc : took;
}

static int load_flags(const struct table *t, int argc, char **argv, int *npos)
{
	bool only_positions = false;
	int n = 0, rc;

	for (int i = 1; i < argc; i++) {
		if (only_positions || argv[i][0] != '-' || !argv[i][1]) {
			argv[1 + n++] = argv[i];
		} else if (strcmp(argv[i], "--") == 0) {
			only_positions = true;
		} else if (argv[i][1] != '-') {
			return fail(t, "unknown option %.64s; see --help", argv[i]);
		} else {
			rc = load_flag(t, argv, i, argc);
			if (rc < 0)
				return rc;
			i += rc - 1;
		}
	}
	*npos = n;
	return 0;
}

/* 1 for --help, 2 for --version, whatever else is wrong. */
static int asked(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return 1;
		if (strcmp(argv[i], "--version") == 0)
			return 2;
	}
	return 0;
}

/* The value of row's last flag, or NULL. */
static const char *flag_value(const struct option_row *row, int argc, char **argv)
{
	const char *found = NULL, *name, *equals;

	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strncmp(argv[i], "--", 2) != 0)
			continue;
		name = argv[i] + 2;
		equals = strchr(name, '=');
		if (!same_name(row->name, name, equals ? (size_t)(equals - name) : strlen(name)))
			continue;
		found = equals ? equals + 1
			       : argv[i + 1]; /* NULL at the end: load_flags() says so */
	}
	return found;
}

/* The file that a flag, else the environment names, or NULL. Owned by them. */
static const char *config_file(const struct table *t, int argc, char **argv)
{
	const char *found = NULL;

	for (size_t i = 0; i < t->n; i++) {
		if (t->rows[i].type != OPTION_CONFIG)
			continue;
		found = flag_value(&t->rows[i], argc, argv);
		if (!found)
			found = getenv(t->rows[i].env);
	}
	return found && *found ? found : NULL;
}

int options_load(const struct option_row *rows, size_t n, void *conf, int argc, char **argv,
	int *npos, const char *file, bool file_optional, char *error, size_t cap)
{
	struct table t = { .rows = rows, .n = n, .conf = conf, .error = error, .cap = cap };
	const char *config = config_file(&t, argc, argv);
	int rc = asked(argc, argv);

	if (rc > 0)
		return rc;
	rc = load_defaults(&t);
	if (rc == 0 && (config || file))
		rc = load_file(&t, config ? config : file, !config && file_optional);
	if (rc == 0)
		rc = load_env(&t);
	if (rc == 0)
		rc = load_flags(&t, argc, argv, npos);
	if (rc < 0)
		options_release(rows, n, conf);
	return rc;
}

int options_set(const struct option_row *rows, size_t n, void *conf, const char *name,
	const char *value, const char *where, char *error, size_t cap)
{
	struct table t = { .rows = rows, .n = n, .conf = conf, .error = error, .cap = cap };
	const struct option_row *row = find(&t, name, strlen(name));
	char full[256];

	(void)snprintf(full, sizeof(full), "%.128s ", where);
	if (!row)
		return unknown(&t, full, "", name, strlen(name));
	(void)snprintf(full, sizeof(full), "%.128s %s", where, row->name);
	return set(&t, row, value, full);
}

static bool is_text(enum option_type type)
{
	return type == OPTION_TEXT || type == OPTION_WORD || type == OPTION_URL ||
	       type == OPTION_CONFIG;
}

void options_release(const struct option_row *rows, size_t n, void *conf)
{
	struct table t = { .rows = rows, .n = n, .conf = conf };

	for (size_t i = 0; i < n; i++) {
		char **at = field(&t, &rows[i]);

		if (!is_text(rows[i].type))
			continue;
		free(*at);
		*at = NULL;
	}
}

static void help_row(FILE *out, const struct option_row *row)
{
	char left[64];
	const char *open = " (", *value = row->value ? row->value : "VALUE";

	if (!row->name)
		(void)snprintf(left, sizeof(left), "%s", row->env);
	else if (row->type == OPTION_BOOL)
		(void)snprintf(left, sizeof(left), "--%s", row->name);
	else
		(void)snprintf(left, sizeof(left), "--%s=%s", row->name, value);
	(void)fprintf(out, "  %-28s%s%s", left, strlen(left) > 28 ? "  " : " ", row->help);
	if (row->name && row->env) {
		(void)fprintf(out, "%s$%s", open, row->env);
		open = "; ";
	} else if (!row->name) {
		(void)fprintf(out, "%senvironment only", open);
		open = "; ";
	}
	if (row->fallback && *row->fallback) {
		(void)fprintf(out, "%sdefault %s", open, row->fallback);
		open = "; ";
	}
	(void)fputs(open[0] == ';' ? ")\n" : "\n", out);
}

/* A terminal that went away has no use for help: what fprintf answers is cast away here. */
void options_help(FILE *out, const char *usage, const struct option_row *rows, size_t n)
{
	(void)fprintf(out, "%s%sOptions:\n", usage, *usage ? "\n\n" : "");
	for (size_t i = 0; i < n; i++)
		help_row(out, &rows[i]);
	(void)fprintf(out, "  %-28s %s\n", "--help", "this text");
	(void)fprintf(out, "  %-28s %s\n", "--version", "the version");
}
