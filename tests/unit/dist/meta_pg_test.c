/* What the PostgreSQL driver decides without a server; the rest is meta_test.c. */
#include "dist/meta_pg_conn.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void old_servers_are_refused(void **state)
{
	(void)state;
	assert_int_equal(pg_check_version(130023), -ENOTSUP);
	assert_string_equal(meta_error(), "PostgreSQL 13 is too old: 14 or newer is needed");
	assert_int_equal(pg_check_version(90624), -ENOTSUP);
}

static void others_are_taken(void **state)
{
	(void)state;
	assert_int_equal(pg_check_version(140000), 0);
	assert_int_equal(pg_check_version(170009), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(old_servers_are_refused),
		cmocka_unit_test(others_are_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
