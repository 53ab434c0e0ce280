#include "cdnfs/caller.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>
#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

static const char status[] = "Name:\tGroups: 7\nUid:\t1\t1\t1\t1\nGroups:\t4 24 4294967295 130 \n"
			     "CapInh:\t0000000000000000\nCapEff:\t0000000000200010\n";

static void test_groups_in_text(void **state)
{
	(void)state;
	assert_true(caller_text_group(status, 4));
	assert_true(caller_text_group(status, 24));
	assert_true(caller_text_group(status, 130));
	assert_true(caller_text_group(status, UINT32_MAX));
	assert_false(caller_text_group(status, 13));
	assert_false(caller_text_group(status, 7)); /* the name */
	assert_false(caller_text_group(status, 0)); /* CapInh is no group */
	assert_false(caller_text_group("Groups:\t\nCapInh:\t5\n", 5));
	assert_false(caller_text_group("Groups:", 5));
	assert_false(caller_text_group("Name:\tx\n", 5));
	assert_false(caller_text_group("", 5));
}

static void test_capabilities_in_text(void **state)
{
	(void)state;
	assert_true(caller_text_capable(status, CALLER_FSETID));
	assert_true(caller_text_capable(status, CALLER_SYS_ADMIN));
	assert_false(caller_text_capable(status, 0));
	assert_false(caller_text_capable("Name:\tx\n", 0));
	assert_false(caller_text_capable("CapEff:\tffffffffffffffff", 63) == 0);
}

static void test_who_cannot_be_looked_at(void **state)
{
	struct caller c = { .pid = 0, .uid = 0, .gid = 5 };

	(void)state;
	assert_true(caller_capable(&c, CALLER_FSETID));
	assert_true(caller_in_group(&c, 5));
	assert_false(caller_in_group(&c, 6));
	c.uid = 1000;
	assert_false(caller_capable(&c, CALLER_FSETID));
}

/* More groups than one read of its status tells. */
static void test_a_process_of_many_groups(void **state)
{
	enum { MANY = 3000 };
	static gid_t groups[MANY];
	int to_child[2], to_parent[2];
	struct caller c = { .uid = 1000, .gid = 1 };
	char byte;

	(void)state;
	if (geteuid() != 0)
		skip(); /* only root gives himself groups */
	for (int i = 0; i < MANY; i++)
		groups[i] = (gid_t)(100000 + i);
	assert_int_equal(pipe(to_child), 0);
	assert_int_equal(pipe(to_parent), 0);
	c.pid = fork();
	assert_true(c.pid >= 0);
	if (c.pid == 0) {
		(void)close(to_child[1]);
		if (setgroups(MANY, groups) < 0 || write(to_parent[1], "x", 1) != 1)
			_exit(1);
		_exit(read(to_child[0], &byte, 1) == 0 ? 0 : 1);
	}
	assert_int_equal(read(to_parent[0], &byte, 1), 1);
	assert_true(caller_in_group(&c, 100000));
	assert_true(caller_in_group(&c, 100000 + MANY - 1));
	assert_true(caller_in_group(&c, 1));
	assert_false(caller_in_group(&c, 99999));
	for (int i = 0; i < 2; i++) {
		(void)close(to_child[1 - i]);
		(void)close(to_parent[i]);
	}
	assert_int_equal(waitpid(c.pid, NULL, 0), c.pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups_in_text),
		cmocka_unit_test(test_capabilities_in_text),
		cmocka_unit_test(test_who_cannot_be_looked_at),
		cmocka_unit_test(test_a_process_of_many_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
