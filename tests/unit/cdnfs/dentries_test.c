#include "cdnfs/dentries.h"

#include "cdnfs/coherence.h"
#include "cdnfs/gate.h"
#include "cdnfs/inode.h"
#include "common/clock.h"
#include "common/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the four above */
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define DIR 7

struct world {
	struct inodes *inodes;
	struct dentries *d;
};

static struct world world;

static int setup_with(size_t limit)
{
	assert_int_equal(inodes_open(&world.inodes), 0);
	assert_int_equal(dentries_open(world.inodes, limit, &world.d), 0);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	return setup_with(0);
}

static int setup_small(void **state)
{
	(void)state;
	return setup_with(8);
}

static int teardown(void **state)
{
	(void)state;
	dentries_close(&world.d);
	inodes_close(&world.inodes);
	return 0;
}

static uint64_t now(void)
{
	return inodes_tick(world.inodes);
}

static bool learn(const char *name, uint64_t id)
{
	return dentries_learn(world.d, DIR, name, id, now());
}

/* 0: absent; -1: not known */
static int64_t known(const char *name)
{
	uint64_t id = 0;

	switch (dentries_find(world.d, DIR, name, &id)) {
	case DENTRY_THERE:
		return (int64_t)id;
	case DENTRY_ABSENT:
		return 0;
	default:
		return -1;
	}
}

static void test_what_was_told_is_known(void **state)
{
	struct dentries_counts c;

	(void)state;
	assert_int_equal(known("a"), -1);
	assert_true(learn("a", 5));
	assert_true(learn("b", 0));
	assert_int_equal(known("a"), 5);
	assert_int_equal(known("b"), 0);
	assert_int_equal(known("c"), -1);
	assert_true(learn("a", 0));
	assert_int_equal(known("a"), 0);
	dentries_counts(world.d, &c);
	assert_int_equal(c.names, 2);
	assert_int_equal(c.hits, 3);
	assert_int_equal(c.misses, 2);
}

static void test_an_answer_that_was_overtaken_is_not_remembered(void **state)
{
	uint64_t asked = now();

	(void)state;
	assert_int_equal(dentries_changed(world.d, DIR, "a"), 0);
	assert_false(dentries_learn(world.d, DIR, "a", 5, asked));
	assert_int_equal(known("a"), -1);
	assert_true(dentries_learn(world.d, DIR, "b", 6, asked)); /* another name */
	assert_true(learn("a", 5));
	asked = now();
	inodes_distrust(world.inodes, now());
	assert_false(dentries_learn(world.d, DIR, "c", 5, asked));
}

static void test_a_change_of_others_is_forgotten(void **state)
{
	(void)state;
	assert_true(learn("a", 5));
	assert_true(learn("b", 6));
	assert_int_equal(dentries_changed(world.d, DIR, "a"), 0);
	assert_int_equal(known("a"), -1);
	assert_int_equal(known("b"), 6);
}

static void test_own_changes(void **state)
{
	uint64_t first = now(), second = now();

	(void)state;
	dentries_set(world.d, DIR, "a", 5, first);
	assert_int_equal(known("a"), 5);
	/* two that were under way together: nobody knows which was the last */
	dentries_set(world.d, DIR, "a", 6, second);
	assert_int_equal(known("a"), -1);
	dentries_set(world.d, DIR, "a", 0, now());
	assert_int_equal(known("a"), 0);
	dentries_set(world.d, DIR, "a", DENTRY_LOST, now());
	assert_int_equal(known("a"), -1);
}

static void test_an_own_change_overtakes_what_was_asked_before(void **state)
{
	uint64_t asked = now(), began = now();

	(void)state;
	dentries_set(world.d, DIR, "a", 5, began);
	assert_false(dentries_learn(world.d, DIR, "a", 0, asked));
	assert_int_equal(known("a"), 5);
}

static void test_all_names_of_a_folder(void **state)
{
	uint64_t asked = now();

	(void)state;
	assert_true(dentries_learn(world.d, DIR, "a", 5, asked));
	dentries_complete(world.d, DIR, asked);
	assert_int_equal(known("a"), 5);
	assert_int_equal(known("b"), 0);
	/* others: only that name is not known any more */
	assert_int_equal(dentries_changed(world.d, DIR, "b"), 0);
	assert_int_equal(known("b"), -1);
	assert_int_equal(known("c"), 0);
	/* own */
	dentries_set(world.d, DIR, "c", 8, now());
	assert_int_equal(known("c"), 8);
	assert_int_equal(known("d"), 0);
}

static void test_a_listing_that_was_overtaken_is_not_all(void **state)
{
	uint64_t asked = now();

	(void)state;
	assert_int_equal(dentries_changed(world.d, DIR, "x"), 0);
	dentries_complete(world.d, DIR, asked);
	assert_int_equal(known("b"), -1);
	asked = now();
	dentries_set(world.d, DIR, "y", 8, now());
	dentries_complete(world.d, DIR, asked);
	assert_int_equal(known("b"), -1);
}

static void test_names_are_limited(void **state)
{
	struct dentries_counts c;
	char name[8];

	(void)state;
	for (int i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		assert_true(learn(name, (uint64_t)i + 1));
		assert_int_equal(known("0"), i < 100 ? 1 : 0); /* used again and again: it stays */
	}
	dentries_counts(world.d, &c);
	assert_int_equal(c.names, 8);
	assert_int_equal(known("99"), 100);
	assert_int_equal(known("50"), -1);
}

static void test_a_name_that_goes_leaves_its_folder_incomplete(void **state)
{
	uint64_t asked = now();
	char name[8];

	(void)state;
	assert_true(dentries_learn(world.d, DIR, "a", 5, asked));
	dentries_complete(world.d, DIR, asked);
	for (int i = 0; i < 7; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		assert_true(dentries_learn(world.d, DIR + 1, name, 9, now()));
		assert_int_equal(known("not"), i < 6 ? 0 : -1);
	}
	assert_int_equal(known("a"), -1);
}

static void test_what_the_kernel_believes_stays(void **state)
{
	int64_t until = clock_ms() + 3600000;
	char name[8];

	(void)state;
	for (int i = 0; i < 8; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		assert_true(learn(name, 5));
		assert_true(dentries_tell(world.d, DIR, name, 5, until));
	}
	assert_false(learn("one-more", 5)); /* no room: the kernel is not told of it */
	assert_false(dentries_tell(world.d, DIR, "one-more", 5, until));
	for (int i = 0; i < 8; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		assert_int_equal(known(name), 5);
	}
}

static void test_the_kernel_is_told_what_is_known_only(void **state)
{
	int64_t until = clock_ms() + 3600000;

	(void)state;
	assert_false(dentries_tell(world.d, DIR, "a", 5, until));
	assert_true(learn("a", 5));
	assert_false(dentries_tell(world.d, DIR, "a", 6, until));
	assert_false(dentries_tell(world.d, DIR, "a", 0, until));
	assert_true(dentries_tell(world.d, DIR, "a", 5, until));
	assert_int_equal(dentries_changed(world.d, DIR, "a"), until);
	assert_int_equal(dentries_changed(world.d, DIR, "a"), 0); /* it has been told */
	/* a folder that others change: its names are told no more */
	assert_true(learn("b", 5));
	assert_false(dentries_tell(world.d, DIR, "b", 5, until));
}

static void test_absence_in_a_complete_folder_is_told(void **state)
{
	int64_t until = clock_ms() + 3600000;

	(void)state;
	dentries_complete(world.d, DIR, now());
	assert_true(dentries_tell(world.d, DIR, "a", 0, until));
	assert_int_equal(dentries_changed(world.d, DIR, "a"), until);
}

static void test_a_rename_takes_the_kernels_belief_along(void **state)
{
	int64_t until = clock_ms() + 3600000;

	(void)state;
	assert_true(learn("a", 5));
	assert_true(dentries_tell(world.d, DIR, "a", 5, until));
	dentries_set(world.d, DIR, "a", 0, now());
	dentries_set(world.d, DIR, "b", 5, now());
	assert_true(dentries_move(world.d, DIR, "a", DIR, "b", false));
	assert_int_equal(dentries_changed(world.d, DIR, "b"), until);
	assert_false(dentries_move(world.d, DIR, "a", DIR, "nowhere", false));
	assert_true(dentries_move(world.d, DIR, "never", DIR, "nowhere", false));
	assert_true(dentries_move(world.d, DIR, "b", DIR, "a", true));
	assert_int_equal(dentries_changed(world.d, DIR, "b"), until);
}

static void collect(void *arg, uint64_t dir, const char *name, uint64_t meant, int64_t until)
{
	assert_int_equal(dir, DIR);
	assert_int_equal(meant, 5);
	assert_true(until > clock_ms());
	(void)strcat(arg, name);
}

static void test_all_is_forgotten(void **state)
{
	int64_t until = clock_ms() + 3600000;
	char told[8] = "";

	(void)state;
	assert_true(learn("a", 5));
	assert_true(learn("b", 6));
	dentries_complete(world.d, DIR, now());
	assert_true(dentries_tell(world.d, DIR, "a", 5, until));
	dentries_clear(world.d, collect, told);
	assert_string_equal(told, "a");
	assert_int_equal(known("a"), -1);
	assert_int_equal(known("b"), -1);
	assert_int_equal(known("c"), -1);
	assert_int_equal(
		dentries_changed(world.d, DIR, "a"), until); /* it may believe that still */
}

static void test_the_gate(void **state)
{
	uint64_t asked = now();

	(void)state;
	assert_int_not_equal(gate_inode(1), gate_inode(2));
	assert_int_not_equal(gate_entry(1, "a"), gate_entry(1, "b"));
	assert_int_not_equal(gate_entry(1, "a"), gate_entry(2, "a"));
	assert_int_not_equal(gate_names(1), gate_inode(1));
	assert_true(gate_clean(world.inodes, gate_inode(1), asked));
	gate_touch(world.inodes, gate_inode(1));
	assert_false(gate_clean(world.inodes, gate_inode(1), asked));
	assert_true(gate_clean(world.inodes, gate_inode(1), now()));
}

static void test_the_lease(void **state)
{
	struct coherence c = { 0 };
	uint64_t id;

	(void)state;
	assert_int_equal(coherence_open(world.inodes, &c), 0);
	assert_true(dentries_learn(c.dentries, DIR, "a", 5, now()));
	assert_int_equal(coherence_left(&c), 0);
	assert_int_equal(coherence_find(&c, DIR, "a", &id), DENTRY_UNKNOWN);
	coherence_lease(&c, clock_ms() + 3600000);
	assert_true(coherence_left(&c) > 3000000);
	assert_int_equal(coherence_find(&c, DIR, "a", &id), DENTRY_THERE);
	coherence_lease(&c, clock_ms() - 1);
	assert_int_equal(coherence_find(&c, DIR, "a", &id), DENTRY_UNKNOWN);
	assert_false(coherence_busy(&c, DIR));
	coherence_begin(&c, DIR);
	coherence_begin(&c, DIR);
	coherence_end(&c, DIR);
	assert_true(coherence_busy(&c, DIR));
	coherence_end(&c, DIR);
	assert_false(coherence_busy(&c, DIR));
	coherence_close(&c);
}

/* What dist has, for all names: the truth of each is a number that only rises. */
static struct {
	pthread_mutex_t lock;
	uint64_t value[4];
	_Atomic bool stop;
} truth = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void *change_on(void *arg)
{
	char name[2] = "0";

	(void)arg;
	for (int i = 0; i < 20000; i++) {
		int k = i % 4;

		pthread_mutex_lock(&truth.lock);
		truth.value[k]++;
		pthread_mutex_unlock(&truth.lock);
		name[0] = (char)('0' + k);
		(void)dentries_changed(world.d, DIR, name);
	}
	truth.stop = true;
	return NULL;
}

static void *ask_on(void *arg)
{
	char name[2] = "0";

	for (int i = 0; !truth.stop; i++) {
		int k = i % 4;
		uint64_t asked = now(), answer, id;

		name[0] = (char)('0' + k);
		if (dentries_find(world.d, DIR, name, &id) == DENTRY_UNKNOWN) {
			pthread_mutex_lock(&truth.lock);
			answer = truth.value[k] + 1;
			pthread_mutex_unlock(&truth.lock);
			(void)dentries_learn(world.d, DIR, name, answer, asked);
		}
	}
	return arg;
}

/* However answers and changes cross: what is remembered in the end is true. */
static void test_threads(void **state)
{
	pthread_t t[4];
	char name[2] = "0";

	(void)state;
	truth.stop = false;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, i ? ask_on : change_on, NULL), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(t[i], NULL), 0);
	for (int k = 0; k < 4; k++) {
		int64_t id;

		name[0] = (char)('0' + k);
		id = known(name);
		assert_true(id == -1 || id == (int64_t)truth.value[k] + 1);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define SMALL(f) cmocka_unit_test_setup_teardown(f, setup_small, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_what_was_told_is_known),
		TEST(test_an_answer_that_was_overtaken_is_not_remembered),
		TEST(test_a_change_of_others_is_forgotten),
		TEST(test_own_changes),
		TEST(test_an_own_change_overtakes_what_was_asked_before),
		TEST(test_all_names_of_a_folder),
		TEST(test_a_listing_that_was_overtaken_is_not_all),
		SMALL(test_names_are_limited),
		SMALL(test_a_name_that_goes_leaves_its_folder_incomplete),
		SMALL(test_what_the_kernel_believes_stays),
		TEST(test_the_kernel_is_told_what_is_known_only),
		TEST(test_absence_in_a_complete_folder_is_told),
		TEST(test_a_rename_takes_the_kernels_belief_along),
		TEST(test_all_is_forgotten),
		TEST(test_the_gate),
		TEST(test_the_lease),
		TEST(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
