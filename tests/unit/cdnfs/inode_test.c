#include "cdnfs/inode.h"
#include "cdnfs/staging_dir.h"

#include "cdnfs/inode_bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the four above */
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct place here = { "node1", "http://h:1" };

static struct attr file(uint64_t id, uint64_t size, uint64_t stamp)
{
	return (struct attr){ .id = id,
		.mode = S_IFREG | 0644,
		.nlink = 1,
		.size = size,
		.stamp = stamp,
		.mtime = 5,
		.place = &here };
}

static int setup(void **state)
{
	struct inodes *t;

	assert_int_equal(inodes_open(&t), 0);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct inodes *t = *state;

	inodes_close(&t);
	return 0;
}

static void test_references_keep_it(void **state)
{
	struct attr a = file(9, 3, 1), shown;

	assert_int_equal(inode_learn(*state, &a, NULL, inodes_tick(*state), 1, &shown), 0);
	assert_int_equal(inode_learn(*state, &a, NULL, inodes_tick(*state), 1, &shown), 0);
	inode_forget(*state, 9, 1);
	assert_int_equal(inode_attr(*state, 9, &shown), 0);
	inode_forget(*state, 9, 1);
	assert_int_equal(inode_attr(*state, 9, &shown), -ENOENT);
	assert_int_equal(inodes_count(*state), 0);
	assert_int_equal(inode_learn(*state, &a, NULL, inodes_tick(*state), 0, &shown), 0);
	assert_int_equal(inodes_count(*state), 0);
}

static void test_old_answers_change_nothing(void **state)
{
	struct attr a = file(9, 3, 1), b = file(9, 7, 2), shown;
	uint64_t early = inodes_tick(*state), late = inodes_tick(*state);

	assert_int_equal(inode_learn(*state, &b, NULL, late, 1, &shown), 0);
	assert_int_equal(inode_learn(*state, &a, NULL, early, 1, &shown), 0);
	assert_int_equal(shown.size, 7);
	inode_changed(*state, &a, &shown);
	assert_int_equal(shown.size, 3);
	assert_int_equal(inode_learn(*state, &b, NULL, late, 1, &shown), 0);
	assert_int_equal(shown.size, 3);
	inode_forget(*state, 9, 3);
}

static void test_place_stays_when_not_told(void **state)
{
	struct attr a = file(9, 3, 1), b = file(9, 3, 1), shown;

	b.place = NULL;
	assert_int_equal(inode_learn(*state, &a, NULL, inodes_tick(*state), 1, &shown), 0);
	assert_int_equal(inode_learn(*state, &b, NULL, inodes_tick(*state), 0, &shown), 0);
	assert_ptr_equal(shown.place, &here);
	b.stamp = 2;
	assert_int_equal(inode_learn(*state, &b, NULL, inodes_tick(*state), 0, &shown), 0);
	assert_null(shown.place);
	inode_forget(*state, 9, 1);
}

static void test_dirty_shows_and_survives(void **state)
{
	struct attr a = file(9, 3, 1), shown;
	char error[100];
	struct staged_job job;
	struct staged *s;
	struct inode *in;
	struct staging_dir *dir;

	assert_int_equal(staging_dir_open("/var/tmp", &dir, error, sizeof(error)), 0);
	in = inode_hold_new(*state, &a, inodes_tick(*state), 1, &shown);
	assert_non_null(in);
	assert_int_equal(inode_stage(*state, in, dir, &s), 0);
	staged_begin(s, &(struct version){ .stamp = 0, .size = 0 });
	assert_int_equal(staged_write(s, "0123456789", 10, 0, false, 77), 0);
	assert_int_equal(inode_attr(*state, 9, &shown), 0);
	assert_int_equal(shown.size, 10);
	assert_int_equal(shown.mtime, 77);
	inode_drop(*state, in);
	inode_forget(*state, 9, 1);
	in = inode_next_dirty(*state, 0, true);
	assert_non_null(in);
	assert_int_equal(inode_id(in), 9);
	assert_null(inode_next_dirty(*state, 0, true)); /* held now */
	assert_null(inode_next_dirty(*state, 9, false));
	assert_int_equal(staged_send_begin(s, &job), 1);
	staged_send_end(s, STAGED_STORED, &(struct version){ .stamp = 4, .size = 10 });
	inode_drop(*state, in);
	assert_int_equal(inodes_count(*state), 0);
	staging_dir_close(&dir);
}

static void test_handles_follow_own_stores_only(void **state)
{
	struct attr a = file(9, 3, 1), b = file(9, 8, 2), shown;
	struct wire_stored stored = { .stamp = 3, .size = 5, .mtime = 6, .ctime = 7 };
	struct inode *in = inode_hold_new(*state, &a, inodes_tick(*state), 1, &shown);
	struct version v;
	unsigned commits;

	v = inode_version(*state, in, &commits);
	assert_int_equal(v.stamp, 1);
	assert_int_equal(inode_learn(*state, &b, NULL, inodes_tick(*state), 0, &shown), 0);
	inode_follow(*state, in, &commits, &v);
	assert_int_equal(v.stamp, 1);
	inode_stored(*state, in, &stored, &here, 2, &here);
	inode_follow(*state, in, &commits, &v);
	assert_int_equal(v.stamp, 3);
	assert_int_equal(v.size, 5);
	assert_ptr_equal(inode_take_unsynced(*state, in), &here);
	assert_null(inode_take_unsynced(*state, in));
	inode_drop(*state, in);
	inode_forget(*state, 9, 1);
}

static void test_pages_follow_own_stores(void **state)
{
	struct attr a = file(9, 3, 1), shown;
	struct wire_stored stored = { .stamp = 3, .size = 5 };
	struct inode *in = inode_hold_new(*state, &a, inodes_tick(*state), 1, &shown);

	assert_false(inode_pages(*state, in, 1));
	assert_true(inode_pages(*state, in, 1));
	inode_stored(*state, in, &stored, &here, 1, NULL);
	assert_true(inode_pages(*state, in, 3));
	inode_stored(
		*state, in, &stored, &here, 99, NULL); /* grew from what the kernel never saw */
	stored.stamp = 4;
	inode_stored(*state, in, &stored, &here, 99, NULL);
	assert_false(inode_pages(*state, in, 4));
	inode_drop(*state, in);
	inode_forget(*state, 9, 1);
}

static void test_unlinked_lives_on_for_its_users(void **state)
{
	struct wire_change c = { .set = WIRE_MODE | WIRE_MTIME, .mode = 0600, .mtime = 12 };
	struct attr a = file(9, 3, 1), shown;
	struct inode *in = inode_hold_new(*state, &a, inodes_tick(*state), 1, &shown);

	inode_unlinked(*state, 9, 0);
	assert_true(inode_gone(*state, 9));
	assert_int_equal(inode_attr(*state, 9, &shown), 0);
	assert_int_equal(shown.nlink, 0);
	assert_int_equal(inode_change_gone(*state, 9, &c, &shown), 0);
	assert_int_equal(shown.mode, S_IFREG | 0600);
	assert_int_equal(shown.mtime, 12);
	inode_drop(*state, in);
	assert_int_equal(inode_change_gone(*state, 9, &c, &shown), -ENOENT);
	inode_forget(*state, 9, 1);
}

static void test_fresh_until_it_may_have_changed(void **state)
{
	struct attr a = file(9, 3, 1), shown;
	uint64_t tick = inodes_tick(*state);
	int64_t age = -1;

	assert_false(inode_fresh(*state, 9, 60000, &shown, &age));
	assert_int_equal(inode_learn(*state, &a, NULL, tick, 1, &shown), 0);
	assert_true(inode_fresh(*state, 9, 60000, &shown, &age));
	assert_true(age >= 0);
	assert_false(inode_fresh(*state, 9, 0, &shown, &age));
	inodes_distrust(*state, tick);
	assert_true(inode_fresh(*state, 9, 60000, &shown, &age));
	inodes_distrust(*state, inodes_tick(*state));
	assert_false(inode_fresh(*state, 9, 60000, &shown, &age));
	assert_int_equal(inode_learn(*state, &a, NULL, inodes_tick(*state), 0, &shown), 0);
	assert_true(inode_fresh(*state, 9, 60000, &shown, &age));
	inode_stale(*state, 9);
	assert_false(inode_fresh(*state, 9, 60000, &shown, &age));
	inode_forget(*state, 9, 1);
}

static void test_targets_and_names(void **state)
{
	struct attr a = file(9, 3, 1), shown;
	uint64_t tick = inodes_tick(*state);
	char *target;

	assert_int_equal(inode_learn(*state, &a, "to/there", tick, 1, &shown), 0);
	target = inode_target(*state, 9);
	assert_string_equal(target, "to/there");
	free(target);
	assert_null(inode_target(*state, 10));
	assert_true(inode_names_tick(*state, 9) < tick);
	inode_names_changed(*state, 9);
	assert_true(inode_names_tick(*state, 9) > tick);
	inode_forget(*state, 9, 1);
}

static void test_place_is_taken_once(void **state)
{
	struct attr a = file(9, 3, 1), shown;
	struct inode *in = inode_hold_new(*state, &a, inodes_tick(*state), 0, &shown);

	inode_set_place(*state, in, &here);
	assert_ptr_equal(inode_take_place(*state, in), &here);
	assert_null(inode_take_place(*state, in));
	assert_false(inode_shared(*state, in, 1));
	inode_drop(*state, in);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { T(test_references_keep_it),
		T(test_old_answers_change_nothing), T(test_place_stays_when_not_told),
		T(test_dirty_shows_and_survives), T(test_handles_follow_own_stores_only),
		T(test_pages_follow_own_stores), T(test_unlinked_lives_on_for_its_users),
		T(test_targets_and_names), T(test_fresh_until_it_may_have_changed),
		T(test_place_is_taken_once) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
