#include "cdnfs/coherence.h"

#include "cdnfs/gate.h"
#include "cdnfs/inode.h"
#include "common/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the four above */
#include <cmocka.h>
#include <string.h>

#define DIR 7
#define LONG_MS 600000

static struct inodes *inodes;
static struct coherence c;

static int setup(void **state)
{
	(void)state;
	memset(&c, 0, sizeof(c));
	assert_int_equal(inodes_open(&inodes), 0);
	return coherence_open(inodes, &c);
}

static int teardown(void **state)
{
	(void)state;
	coherence_close(&c);
	inodes_close(&inodes);
	return 0;
}

static void test_without_a_lease_nothing_is_left(void **state)
{
	(void)state;
	assert_int_equal(coherence_left(&c), 0);
	coherence_lease(&c, clock_ms() - 1);
	assert_int_equal(coherence_left(&c), 0);
}

static void test_a_lease_lasts_until_it_is_over(void **state)
{
	int64_t left;

	(void)state;
	coherence_lease(&c, clock_ms() + LONG_MS);
	left = coherence_left(&c);
	assert_true(left > 0 && left <= LONG_MS);
	coherence_lease(&c, 0);
	assert_int_equal(coherence_left(&c), 0);
}

static void test_names_are_relied_upon_while_it_lasts(void **state)
{
	uint64_t id = 0;

	(void)state;
	assert_true(dentries_learn(c.dentries, DIR, "a", 33, inodes_tick(inodes)));
	assert_true(dentries_learn(c.dentries, DIR, "none", 0, inodes_tick(inodes)));
	assert_int_equal(coherence_find(&c, DIR, "a", &id), DENTRY_UNKNOWN);
	coherence_lease(&c, clock_ms() + LONG_MS);
	assert_int_equal(coherence_find(&c, DIR, "a", &id), DENTRY_THERE);
	assert_int_equal(id, 33);
	assert_int_equal(coherence_find(&c, DIR, "none", &id), DENTRY_ABSENT);
	assert_int_equal(coherence_find(&c, DIR, "other", &id), DENTRY_UNKNOWN);
	coherence_lease(&c, 0);
	assert_int_equal(coherence_find(&c, DIR, "a", &id), DENTRY_UNKNOWN);
}

/* A directory of another hash than DIR's, and one of the same. */
static uint64_t neighbour(bool same)
{
	uint64_t dir = DIR + 1;

	while ((gate_names(dir) % COHERENCE_FOLDERS == gate_names(DIR) % COHERENCE_FOLDERS) != same)
		dir++;
	return dir;
}

static void test_a_directory_is_busy_until_the_last_change_ends(void **state)
{
	(void)state;
	assert_false(coherence_busy(&c, DIR));
	coherence_begin(&c, DIR);
	coherence_begin(&c, DIR);
	assert_true(coherence_busy(&c, DIR));
	assert_true(coherence_busy(&c, neighbour(true)));
	assert_false(coherence_busy(&c, neighbour(false)));
	coherence_end(&c, DIR);
	assert_true(coherence_busy(&c, DIR));
	coherence_end(&c, DIR);
	assert_false(coherence_busy(&c, DIR));
}

static void test_what_was_not_opened_is_closed(void **state)
{
	struct coherence never;

	(void)state;
	memset(&never, 0, sizeof(never));
	coherence_close(&never);
	assert_null(never.dentries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_without_a_lease_nothing_is_left, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_lease_lasts_until_it_is_over, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_names_are_relied_upon_while_it_lasts, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_directory_is_busy_until_the_last_change_ends, setup, teardown),
		cmocka_unit_test(test_what_was_not_opened_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
