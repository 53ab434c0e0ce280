#include "common/base.h"
#include "common/limits.h"
#include "common/options.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct conf {
	char *listen, *nodes, *secret, *level, *database, *config;
	uint64_t size, workers, poll;
	bool reads, longest;
};

static const struct option_row rows[] = {
	{ "listen", "TEST_LISTEN", OPTION_TEXT, offsetof(struct conf, listen), "127.0.0.1:80",
		"HOST:PORT", "address to serve", 0 },
	{ "nodes", "TEST_NODES", OPTION_TEXT, offsetof(struct conf, nodes), NULL, "FILE",
		"who is where", 0 },
	{ NULL, "TEST_SECRET", OPTION_TEXT, offsetof(struct conf, secret), NULL, NULL, "the token",
		0 },
	{ "max-storage", "TEST_MAX", OPTION_SIZE, offsetof(struct conf, size), "1K", "SIZE",
		"most bytes stored", 0 },
	{ "workers", NULL, OPTION_COUNT, offsetof(struct conf, workers), "4", "N", "threads", 64 },
	{ "protect-reads", "TEST_READS", OPTION_BOOL, offsetof(struct conf, reads), NULL, "BOOL",
		"token for reads too", 0 },
	{ "level", NULL, OPTION_WORD, offsetof(struct conf, level), "one", "one|two|three", "which",
		0 },
	{ "database", "TEST_DB", OPTION_URL, offsetof(struct conf, database), NULL, "URL", "where",
		0 },
	{ "a-name-that-is-very-long-indeed", NULL, OPTION_BOOL, offsetof(struct conf, longest),
		NULL, NULL, "what", 0 },
	{ "poll", NULL, OPTION_POSITIVE, offsetof(struct conf, poll), "1", "MS", "how often", 9 },
	{ "config", "TEST_CONFIG", OPTION_CONFIG, offsetof(struct conf, config), NULL, "FILE",
		"options", 0 },
};

static struct conf conf;
static char error[256];
static char *args[16];
static int npos;

static int end(void **state)
{
	(void)state;
	options_release(rows, ARRAY_LEN(rows), &conf);
	unsetenv("TEST_LISTEN");
	unsetenv("TEST_MAX");
	unsetenv("TEST_SECRET");
	unsetenv("TEST_READS");
	unsetenv("TEST_DB");
	unsetenv("TEST_CONFIG");
	return 0;
}

/* Arguments up to a NULL. */
static int load_from(const char *file, int optional, ...)
{
	int argc = 1;
	va_list ap;

	options_release(rows, ARRAY_LEN(rows), &conf);
	memset(&conf, 0, sizeof(conf));
	error[0] = '\0';
	args[0] = (char *)(uintptr_t) "program";
	va_start(ap, optional);
	while ((args[argc] = va_arg(ap, char *)))
		argc++;
	va_end(ap);
	return options_load(rows, ARRAY_LEN(rows), &conf, argc, args, &npos, file, optional, error,
		sizeof(error));
}

#define load(...) load_from(NULL, true, __VA_ARGS__)

static void test_defaults(void **state)
{
	(void)state;
	assert_int_equal(load(NULL), 0);
	assert_string_equal(conf.listen, "127.0.0.1:80");
	assert_null(conf.nodes);
	assert_int_equal(conf.size, 1000);
	assert_int_equal(conf.workers, 4);
	assert_false(conf.reads);
	assert_int_equal(npos, 0);
}

static void test_flags(void **state)
{
	(void)state;
	assert_int_equal(load("a", "--listen=x=y", "--max_storage", "2KiB", "-", "--protect-reads",
				 "b", "--workers", "64", "--nodes=n", "--", "--listen", "-z", NULL),
		0);
	assert_string_equal(conf.listen, "x=y");
	assert_string_equal(conf.nodes, "n");
	assert_int_equal(conf.size, 2048);
	assert_int_equal(conf.workers, 64);
	assert_true(conf.reads);
	assert_int_equal(npos, 5);
	assert_string_equal(args[1], "a");
	assert_string_equal(args[2], "-");
	assert_string_equal(args[3], "b");
	assert_string_equal(args[4], "--listen");
	assert_string_equal(args[5], "-z");
	assert_int_equal(load("--protect-reads", "--protect-reads=no", NULL), 0);
	assert_false(conf.reads);
}

static void test_booleans(void **state)
{
	static const char *const yes[] = { "1", "yes", "TRUE", "On" };
	static const char *const no[] = { "0", "no", "False", "off" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		assert_int_equal(options_set(rows, ARRAY_LEN(rows), &conf, "protect_reads", yes[i],
					 "-o", error, sizeof(error)),
			0);
		assert_true(conf.reads);
		assert_int_equal(options_set(rows, ARRAY_LEN(rows), &conf, "protect-reads", no[i],
					 "-o", error, sizeof(error)),
			0);
		assert_false(conf.reads);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *flag, *error;
	} table[] = {
		{ "--lisen=x", "unknown option --lisen; did you mean --listen?" },
		{ "--MAX-STORAGEE", "unknown option --MAX-STORAGEE; did you mean --max-storage?" },
		{ "--zzzzzz", "unknown option --zzzzzz; see --help" },
		{ "--=x", "unknown option --; see --help" },
		{ "-x", "unknown option -x; see --help" },
		{ "--listen", "--listen needs a value (HOST:PORT)" },
		{ "--max-storage=12Q", "--max-storage: \"12Q\" is not a size such as 100M, 1.5T, "
				       "512KiB or 1000000" },
		{ "--max-storage=",
			"--max-storage: \"\" is not a size such as 100M, 1.5T, 512KiB or 1000000" },
		{ "--workers=65", "--workers: \"65\" is not a whole number from 0 to 64" },
		{ "--workers=-1", "--workers: \"-1\" is not a whole number from 0 to 64" },
		{ "--nodes=", "--nodes: is empty; give a FILE or leave it out" },
		{ "--workers=", "--workers: \"\" is not a whole number from 0 to 64" },
		{ "--workers=99999999999999999999999999",
			"--workers: \"99999999999999999999999999\" is not a whole number from 0 to "
			"64" },
		{ "--poll=0", "--poll: \"0\" is not a whole number from 1 to 9" },
		{ "--level=", "--level: \"\" is not one of one|two|three" },
		{ "--level=tw", "--level: \"tw\" is not one of one|two|three" },
		{ "--level=one|two", "--level: \"one|two\" is not one of one|two|three" },
		{ "--config", "--config needs a value (FILE)" },
		{ "--protect-reads=maybe", "--protect-reads: \"maybe\" is neither yes nor no" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		assert_int_equal(load(table[i].flag, NULL), -EINVAL);
		assert_string_equal(error, table[i].error);
		assert_null(conf.listen);
	}
	/* a flag is not another one's value */
	assert_int_equal(load("--listen", "--workers=3", NULL), -EINVAL);
	assert_string_equal(error, "--listen needs a value (HOST:PORT)");
}

static void test_help(void **state)
{
	(void)state;
	assert_int_equal(load("--bad", "--help", NULL), 1);
	assert_int_equal(load("-h", NULL), 1);
	assert_int_equal(load("--version", "--bad", NULL), 2);
	assert_int_equal(load("--", "--help", NULL), 0);
	assert_string_equal(args[1], "--help");
}

static void test_environment(void **state)
{
	(void)state;
	setenv("TEST_LISTEN", "env:1", 1);
	setenv("TEST_MAX", "", 1);
	setenv("TEST_SECRET", "s3", 1);
	setenv("TEST_READS", "yes", 1);
	assert_int_equal(load(NULL), 0);
	assert_string_equal(conf.listen, "env:1");
	assert_string_equal(conf.secret, "s3");
	assert_int_equal(conf.size, 1000);
	assert_true(conf.reads);
	assert_int_equal(load("--listen=flag", "--protect-reads=0", NULL), 0);
	assert_string_equal(conf.listen, "flag");
	assert_false(conf.reads);
	setenv("TEST_MAX", "lots", 1);
	assert_int_equal(load(NULL), -EINVAL);
	assert_string_equal(
		error, "TEST_MAX: \"lots\" is not a size such as 100M, 1.5T, 512KiB or 1000000");
}

static char path[64];

static void write_file(const void *text, size_t len)
{
	int fd;

	(void)snprintf(path, sizeof(path), "%s", "/tmp/options_test.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	close(fd);
}

static int load_text(const char *text)
{
	int rc;

	write_file(text, strlen(text));
	rc = load_from(path, false, NULL);
	unlink(path);
	return rc;
}

static void test_file(void **state)
{
	(void)state;
	assert_int_equal(load_text("# all of it\n\n listen = file#1:80 # why\r\n"
				   "max_storage=5k\n\tprotect-reads\t=\tyes\t\nworkers = 7"),
		0);
	assert_string_equal(conf.listen, "file#1:80");
	assert_int_equal(conf.size, 5000);
	assert_int_equal(conf.workers, 7);
	assert_true(conf.reads);
	setenv("TEST_LISTEN", "env:1", 1);
	assert_int_equal(load_text("listen = file:1"), 0);
	assert_string_equal(conf.listen, "env:1");
	assert_int_equal(load_text(""), 0);
}

static void test_words(void **state)
{
	static const char *const words[] = { "one", "two", "three" };
	char flag[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		(void)snprintf(flag, sizeof(flag), "--level=%s", words[i]);
		assert_int_equal(load(flag, NULL), 0);
		assert_string_equal(conf.level, words[i]);
	}
}

/* As a flag, ps would show it to everybody. */
static void test_passwords_are_no_flags(void **state)
{
	static const char *const secret[] = { "--database=postgresql://u:p@h/n",
		"--database=postgresql://:p@h", "--database=x://h/n?a=b&password=p",
		"--database=x://u:a:b@[::1]:5/n", "--database=x:///n?sslkey=f&x=y" };
	static const char *const open[] = { "--database=postgresql://u@h:5432/n",
		"--database=sqlite:///a:b@c", "--database=x", "--database=x://[::1]:5/n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(secret); i++) {
		assert_int_equal(load(secret[i], NULL), -EINVAL);
		assert_string_equal(error,
			"--database: a password as a flag is seen by everybody on this machine; "
			"give it by $TEST_DB or in the file of --config");
		setenv("TEST_DB", strchr(secret[i], '=') + 1, 1);
		assert_int_equal(load(NULL), 0);
		assert_string_equal(conf.database, strchr(secret[i], '=') + 1);
		unsetenv("TEST_DB");
	}
	for (size_t i = 0; i < ARRAY_LEN(open); i++)
		assert_int_equal(load(open[i], NULL), 0);
}

static void test_file_of_a_flag(void **state)
{
	static const char text[] = "listen = file:1\nworkers = 7\n";
	char flag[80];

	(void)state;
	write_file(text, sizeof(text) - 1);
	(void)snprintf(flag, sizeof(flag), "--config=%s", path);
	assert_int_equal(load_from("/nowhere", true, flag, "--workers=8", NULL), 0);
	assert_string_equal(conf.listen, "file:1");
	assert_int_equal(conf.workers, 8);
	assert_int_equal(load("--config=/nowhere", "--config", path, NULL), 0);
	assert_string_equal(conf.listen, "file:1");
	setenv("TEST_CONFIG", "/nowhere", 1);
	assert_int_equal(load(flag, NULL), 0);
	assert_int_equal(load(NULL), -EINVAL);
	assert_string_equal(error, "/nowhere: cannot be read: No such file or directory");
	setenv("TEST_CONFIG", path, 1);
	assert_int_equal(load(NULL), 0);
	assert_int_equal(conf.workers, 7);
	assert_int_equal(load("--", flag, NULL), 0);
	assert_int_equal(conf.workers, 7);
	unlink(path);
}

static void test_file_refused(void **state)
{
	static const struct {
		const char *text, *error;
	} table[] = {
		{ "\nworkers = 65\n", ":2: workers: \"65\" is not a whole number from 0 to 64" },
		{ "wokers = 6\n", ":1: unknown option wokers; did you mean workers?" },
		{ "workers 6\n", ":1: \"workers 6\" is not of the form \"name = value\"" },
		{ "config = x\n", ":1: config: a file does not name another; leave the line out" },
		{ "= 6\n", ":1: unknown option ; see --help" },
		{ "\n\nmax-storage =\n", ":3: max-storage: \"\" is not a size such as 100M, 1.5T, "
					 "512KiB or 1000000" },
	};
	char *big = malloc(LIMIT_CONF_FILE + 1);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		assert_int_equal(load_text(table[i].text), -EINVAL);
		assert_memory_equal(error, path, strlen(path));
		assert_string_equal(error + strlen(path), table[i].error);
	}
	write_file("a\0b", 3);
	assert_int_equal(load_from(path, false, NULL), -EINVAL);
	assert_string_equal(error + strlen(path), ": has a NUL byte; it must be text");
	unlink(path);
	assert_int_equal(load_from(path, false, NULL), -EINVAL);
	assert_string_equal(error + strlen(path), ": cannot be read: No such file or directory");
	assert_int_equal(load_from(path, true, NULL), 0);
	assert_non_null(big);
	memset(big, '#', LIMIT_CONF_FILE + 1);
	write_file(big, LIMIT_CONF_FILE);
	assert_int_equal(load_from(path, false, NULL), 0);
	unlink(path);
	write_file(big, LIMIT_CONF_FILE + 1);
	assert_int_equal(load_from(path, false, NULL), -EINVAL);
	assert_string_equal(error + strlen(path), ": cannot be read: File too large");
	unlink(path);
	free(big);
}

static void test_set(void **state)
{
	(void)state;
	assert_int_equal(options_set(rows, ARRAY_LEN(rows), &conf, "max_storage", "9", "-o", error,
				 sizeof(error)),
		0);
	assert_int_equal(conf.size, 9);
	assert_int_equal(options_set(rows, ARRAY_LEN(rows), &conf, "protect_reads", NULL, "-o",
				 error, sizeof(error)),
		0);
	assert_true(conf.reads);
	assert_int_equal(options_set(rows, ARRAY_LEN(rows), &conf, "workers", NULL, "-o", error,
				 sizeof(error)),
		-EINVAL);
	assert_string_equal(error, "-o workers needs a value (N)");
	assert_int_equal(options_set(rows, ARRAY_LEN(rows), &conf, "worker", "3", "-o", error,
				 sizeof(error)),
		-EINVAL);
	assert_string_equal(error, "-o unknown option worker; did you mean workers?");
	assert_int_equal(options_set(rows, ARRAY_LEN(rows), &conf, "listen", "a", "-o", error,
				 sizeof(error)),
		0);
	assert_int_equal(options_set(rows, ARRAY_LEN(rows), &conf, "listen", "b", "-o", error,
				 sizeof(error)),
		0);
	assert_string_equal(conf.listen, "b");
}

static void test_help_text(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	options_help(out, "usage: program [options]", rows, ARRAY_LEN(rows));
	fclose(out);
	assert_non_null(strstr(text, "usage: program [options]\n\nOptions:\n"));
	assert_non_null(strstr(text, "  --listen=HOST:PORT           address to serve "
				     "($TEST_LISTEN; default 127.0.0.1:80)\n"));
	assert_non_null(strstr(text, "  --workers=N                  threads (default 4)\n"));
	assert_non_null(
		strstr(text, "  --protect-reads              token for reads too ($TEST_READS)\n"));
	assert_non_null(
		strstr(text, "  TEST_SECRET                  the token (environment only)\n"));
	assert_non_null(strstr(text, "  --a-name-that-is-very-long-indeed  what\n"));
	assert_non_null(strstr(text, "  --level=one|two|three        which (default one)\n"));
	free(text);
}

#define T(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_defaults),
		T(test_flags),
		T(test_booleans),
		T(test_refused),
		T(test_help),
		T(test_environment),
		T(test_file),
		T(test_words),
		T(test_passwords_are_no_flags),
		T(test_file_of_a_flag),
		T(test_file_refused),
		T(test_set),
		T(test_help_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
