#include "common/service_options.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct program {
	struct service_options service;
	char *own;
};

static const struct option_row rows[] = {
	{ "listen", NULL, OPTION_TEXT, offsetof(struct program, service.listen), "127.0.0.1:1",
		"HOST:PORT", "where", 0 },
	{ "own", NULL, OPTION_TEXT, offsetof(struct program, own), NULL, "TEXT", "own", 0 },
};
static const struct service_table table = { "usage", rows, ARRAY_LEN(rows) };
static char error[256];

static int load(struct program *p, const char *a, const char *b)
{
	char *argv[] = { (char *)"program", (char *)a, (char *)b, NULL };

	*p = (struct program){ 0 };
	error[0] = '\0';
	return service_options_load(
		&table, &p->service, a ? b ? 3 : 2 : 1, argv, error, sizeof(error));
}

static void release(struct program *p)
{
	service_options_release(&table, &p->service);
	assert_null(p->own);
	assert_null(p->service.listen);
	assert_null(p->service.token);
}

static int clear(void **state)
{
	static const char *const names[] = { "CDN_TOKEN", "CDN_TOKEN_FILE", "PROTECT_READS",
		"TLS_CERT", "TLS_KEY", "CDN_CA", "LOG_LEVEL", "ACCESS_LOG" };
	int rc = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		rc |= unsetenv(names[i]);
	return rc;
}

static void test_defaults(void **state)
{
	struct program p;

	(void)state;
	assert_int_equal(load(&p, NULL, NULL), 0);
	assert_string_equal(p.service.listen, "127.0.0.1:1");
	assert_null(p.own);
	assert_true(p.service.access_log);
	assert_null(p.service.token);
	assert_int_equal(p.service.workers, 16);
	assert_int_equal(p.service.level, LOG_LEVEL_INFO);
	release(&p);
}

static void test_both_tables(void **state)
{
	struct program p;
	struct httpd_conf conf;

	(void)state;
	assert_int_equal(setenv("CDN_TOKEN", "secret", 1), 0);
	assert_int_equal(load(&p, "--own=mine", "--protect-reads"), 0);
	assert_string_equal(p.own, "mine");
	conf = service_options_httpd(&p.service);
	assert_string_equal(conf.listen, "127.0.0.1:1");
	assert_string_equal(conf.token, "secret");
	assert_true(conf.token_for_reads);
	assert_null(conf.tls_cert);
	assert_int_equal(conf.workers, 16);
	release(&p);
	assert_int_equal(load(&p, "--log-level=debug", "--workers=3"), 0);
	assert_int_equal(p.service.level, LOG_LEVEL_DEBUG);
	assert_int_equal(service_options_httpd(&p.service).workers, 3);
	release(&p);
}

static void test_refused(void **state)
{
	static const struct {
		const char *flag, *says;
	} bad[] = { { "--workers=0", "workers" }, { "--log-level=loud", "loud" },
		{ "--tls-cert=/c", "tls-key" }, { "--token-file=", "empty" },
		{ "--tls-key=/k", "tls-cert" }, { "--token-file=/nonexistent", "/nonexistent" },
		{ "word", "word" }, { "--event-threads=257", "event-threads" },
		{ "--nothing", "--nothing" } };
	struct program p;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_true(load(&p, bad[i].flag, NULL) < 0);
		assert_non_null(strstr(error, bad[i].says));
		release(&p);
	}
}

static void test_asked(void **state)
{
	struct program p;

	(void)state;
	assert_int_equal(load(&p, "--workers=0", "--help"), 1);
	release(&p);
	assert_int_equal(load(&p, "--version", NULL), 2);
	release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_defaults, clear, clear),
		cmocka_unit_test_setup_teardown(test_both_tables, clear, clear),
		cmocka_unit_test_setup_teardown(test_refused, clear, clear),
		cmocka_unit_test_setup_teardown(test_asked, clear, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
