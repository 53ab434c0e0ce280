#include "cdnfs/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the four above */
#include <cmocka.h>

static void test_whose(void **state)
{
	(void)state;
	assert_int_equal(words_kind("rw"), WORDS_FUSE);
	assert_int_equal(words_kind("nodev"), WORDS_FUSE);
	assert_int_equal(words_kind("noatime"), WORDS_FUSE);
	assert_int_equal(words_kind("max_read=4096"), WORDS_OURS);
	assert_int_equal(words_kind("nodiratime"), WORDS_IGNORED);
	assert_int_equal(words_kind("_netdev"), WORDS_IGNORED);
	assert_int_equal(words_kind("x-systemd.automount"), WORDS_IGNORED);
	assert_int_equal(words_kind("user=joe"), WORDS_IGNORED);
	assert_int_equal(words_kind("timeout=5"), WORDS_OURS);
	assert_int_equal(words_kind("rwx"), WORDS_OURS);
	assert_int_equal(words_kind(""), WORDS_OURS);
	assert_int_equal(words_kind("=rw"), WORDS_OURS);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_whose) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
