#include "cdnfs/stale.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the three above */
#include <cmocka.h>

static struct stale s;

static int setup(void **state)
{
	(void)state;
	stale_init(&s);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stale_release(&s);
	return 0;
}

static void the_second_try_of_one_open(void **state)
{
	(void)state;
	assert_false(stale_again(&s, 7, 100));
	assert_true(stale_again(&s, 7, 101));
	/* it counted once: this is another open */
	assert_false(stale_again(&s, 7, 102));
	assert_true(stale_again(&s, 7, 103));
}

static void the_same_inode_is_no_second_try(void **state)
{
	(void)state;
	assert_false(stale_again(&s, 7, 100));
	assert_false(stale_again(&s, 7, 100));
	assert_true(stale_again(&s, 7, 101));
}

static void threads_are_apart(void **state)
{
	(void)state;
	assert_false(stale_again(&s, 7, 100));
	assert_false(stale_again(&s, 8, 101));
	assert_true(stale_again(&s, 7, 101));
	assert_true(stale_again(&s, 8, 102));
}

static void so_many_are_kept(void **state)
{
	(void)state;
	for (pid_t t = 1; t <= STALE_KEPT + 1; t++)
		assert_false(stale_again(&s, t, 100));
	assert_true(stale_again(&s, 2, 101));
	assert_true(stale_again(&s, STALE_KEPT + 1, 101));
	assert_false(stale_again(&s, 1, 101)); /* the oldest made room */
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(the_second_try_of_one_open),
		CASE(the_same_inode_is_no_second_try),
		CASE(threads_are_apart),
		CASE(so_many_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
