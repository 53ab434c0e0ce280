#include "cdnfs/gate.h"

#include "cdnfs/inode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the four above */
#include <cmocka.h>

static struct inodes *inodes;

static int setup(void **state)
{
	(void)state;
	return inodes_open(&inodes);
}

static int teardown(void **state)
{
	(void)state;
	inodes_close(&inodes);
	return 0;
}

static void test_what_nobody_touched_is_clean(void **state)
{
	(void)state;
	assert_true(gate_clean(inodes, gate_inode(7), inodes_tick(inodes)));
}

static void test_a_change_between_request_and_answer_is_noticed(void **state)
{
	uint64_t before = inodes_tick(inodes);

	(void)state;
	gate_touch(inodes, gate_inode(7));
	assert_false(gate_clean(inodes, gate_inode(7), before));
	assert_true(gate_clean(inodes, gate_inode(7), inodes_tick(inodes)));
}

static void test_the_last_change_counts(void **state)
{
	uint64_t between;

	(void)state;
	gate_touch(inodes, gate_inode(7));
	between = inodes_tick(inodes);
	gate_touch(inodes, gate_inode(7));
	assert_false(gate_clean(inodes, gate_inode(7), between));
}

static void test_each_kind_is_apart(void **state)
{
	uint64_t before = inodes_tick(inodes);
	uint64_t keys[] = { gate_inode(7), gate_names(7), gate_entry(7, "a"), gate_entry(7, "b"),
		gate_entry(8, "a"), gate_entry(7, "ab"), gate_inode(8), gate_names(8) };
	size_t n = sizeof(keys) / sizeof(*keys);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = i; k < n; k++)
			assert_true(gate_clean(inodes, keys[k], before));
		gate_touch(inodes, keys[i]);
		assert_false(gate_clean(inodes, keys[i], before));
	}
}

/* Nothing need be remembered of what changed: a collision costs a request, never a wrong answer. */
static void test_two_of_one_slot_are_touched_together(void **state)
{
	uint64_t before = inodes_tick(inodes);

	(void)state;
	gate_touch(inodes, 5);
	assert_false(gate_clean(inodes, 5 + GATE_SLOTS, before));
	assert_true(gate_clean(inodes, 6, before));
}

static void test_what_was_asked_before_distrust_is_not_clean(void **state)
{
	uint64_t before = inodes_tick(inodes);

	(void)state;
	inodes_distrust(inodes, inodes_tick(inodes));
	assert_false(gate_clean(inodes, gate_inode(7), before));
	assert_true(gate_clean(inodes, gate_inode(7), inodes_tick(inodes)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_nobody_touched_is_clean, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_change_between_request_and_answer_is_noticed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_last_change_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_each_kind_is_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_two_of_one_slot_are_touched_together, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_what_was_asked_before_distrust_is_not_clean, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
