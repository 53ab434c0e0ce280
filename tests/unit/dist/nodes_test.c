#include "common/base.h"
#include "dist/nodes.h"
#include "dist/promises.h"
#include "dist/watch.h"
#include "tests/unit/dist/nodes_fixture.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define GB UINT64_C(1000000000)

static const char yaml[] =
	"nodes:\n"
	"  dist: {host: 10.0.0.1, port: 8000}\n"
	"  node1: {host: 10.0.0.1, port: 8001, internal: {host: node1, port: 80}}\n"
	"  node2: {host: 10.0.0.1, port: 8002}\n"
	"  node3: {host: 10.0.0.1, port: 8003}\n";

static int setup(void **state)
{
	return nodes_setup(yaml, state);
}

static void answer(struct nodes *n, size_t i, uint64_t used, int64_t now)
{
	struct node_figures f = {
		.memory = 1, .storage = used, .max_storage = GB, .free = GB - used
	};

	(void)nodes_answered(n, i, &f, now);
}

static void dist_is_no_storage_node(void **state)
{
	struct nodes *n = *state;

	assert_int_equal(nodes_conf(n)->n, 4);
	assert_int_equal(nodes_count(n), 3);
	assert_string_equal(nodes_at(n, 0)->name, "node1");
	assert_null(nodes_find(n, "dist"));
	assert_null(nodes_find(n, ""));
	assert_ptr_equal(nodes_find(n, "node3"), nodes_at(n, 2));
}

static void is_known_by_either_base(void **state)
{
	struct nodes *n = *state;

	assert_ptr_equal(nodes_by_base(n, "http://10.0.0.1:8001"), nodes_at(n, 0));
	assert_ptr_equal(nodes_by_base(n, "http://10.0.0.1:8001/"), nodes_at(n, 0));
	assert_ptr_equal(nodes_by_base(n, "http://node1:80"), nodes_at(n, 0));
	assert_null(nodes_by_base(n, "http://10.0.0.1:8000"));
	assert_null(nodes_by_base(n, "http://10.0.0.1:80011"));
	assert_null(nodes_by_base(n, "http://10.0.0.1:800"));
	assert_null(nodes_by_base(n, ""));
}

static void goes_down_at_a_refusal_or_two_silences(void **state)
{
	struct node_figures f = { .max_storage = GB, .free = GB, .storage = 7 };
	struct nodes *n = *state;

	assert_false(nodes_up(n, 0));
	assert_false(nodes_missed(n, 0, true));
	assert_true(nodes_answered(n, 0, &f, 1));
	assert_false(nodes_answered(n, 0, &f, 2));
	assert_false(nodes_missed(n, 0, false));
	assert_true(nodes_up(n, 0));
	assert_false(nodes_answered(n, 0, &f, 3));
	assert_false(nodes_missed(n, 0, false));
	assert_true(nodes_missed(n, 0, false));
	assert_false(nodes_up(n, 0));
	assert_true(nodes_answered(n, 0, &f, 4));
	assert_true(nodes_missed(n, 0, true));
	memset(&f, 0, sizeof(f));
	assert_false(nodes_status(n, 0, &f));
	assert_int_equal(f.storage, 7); /* last known */
}

static void nobody_is_up_at_first(void **state)
{
	const struct conf_node *got = NULL;

	assert_int_equal(nodes_place(*state, 0, NULL, 0, &got), -EHOSTDOWN);
	assert_null(got);
	assert_null(nodes_any(*state));
}

static void promises_spread_a_burst(void **state)
{
	const struct conf_node *got;
	struct nodes *n = *state;
	unsigned count[3] = { 0 };

	for (size_t i = 0; i < 3; i++)
		answer(n, i, 0, 0);
	for (unsigned i = 0; i < 300; i++) {
		assert_int_equal(nodes_place(n, 0, NULL, 0, &got), 0);
		count[got->name[4] - '1']++;
	}
	assert_int_equal(count[0], 100);
	assert_int_equal(count[1], 100);
	assert_int_equal(count[2], 100);
}

static void passes_over_names(void **state)
{
	const struct conf_node *got;
	struct nodes *n = *state;

	for (size_t i = 0; i < 3; i++)
		answer(n, i, i, 0);
	assert_int_equal(nodes_place(n, 0, "node1,node2", 0, &got), 0);
	assert_string_equal(got->name, "node3");
	assert_int_equal(nodes_place(n, 0, ",,node1x,ode2,node2,", 0, &got), 0);
	assert_string_equal(got->name, "node1");
	assert_int_equal(nodes_place(n, 0, "node3,node1,node2", 0, &got), -EHOSTDOWN);
	assert_int_equal(nodes_place(n, 2 * GB, "", 0, &got), -ENOSPC);
}

static uint64_t room(struct nodes *n)
{
	uint64_t total, left;

	nodes_room(n, &total, &left);
	return left;
}

static void promises_lapse_with_later_answers(void **state)
{
	const struct conf_node *got;
	struct nodes *n = *state;

	answer(n, 0, 0, 10000);
	assert_int_equal(nodes_place(n, 1000, NULL, 10001, &got), 0);
	assert_int_equal(room(n), GB - PROMISE_MIN);
	assert_int_equal(nodes_place(n, 1000000, NULL, 10002, &got), 0);
	assert_int_equal(room(n), GB - PROMISE_MIN - 1000000);
	answer(n, 0, 0, 10001 + NODES_PROMISE_MS); /* too early: the upload may not have begun */
	assert_int_equal(room(n), GB - PROMISE_MIN - 1000000);
	answer(n, 0, 500, 10002 + NODES_PROMISE_MS);
	assert_int_equal(room(n), GB - 500 - 1000000);
	answer(n, 0, 500, 10003 + NODES_PROMISE_MS);
	assert_int_equal(room(n), GB - 500);
}

static void what_came_counts_until_the_next_answer(void **state)
{
	const struct conf_node *got;
	struct nodes *n = *state;

	answer(n, 0, 0, 0);
	assert_int_equal(nodes_place(n, 1000000, NULL, 0, &got), 0);
	nodes_took(n, "node1", 1000000); /* the promise was kept: counted once */
	assert_int_equal(room(n), GB - 1000000);
	assert_int_equal(nodes_place(n, 0, NULL, 0, &got), 0);
	nodes_took(n, "node1", 70000); /* of unknown size when it was placed */
	assert_int_equal(room(n), GB - 1070000);
	nodes_took(n, "nobody", GB);
	answer(n, 0, 1070000, 1);
	assert_int_equal(room(n), GB - 1070000);
}

/* The node is asked while an upload runs: its bytes are reserved there and promised here. */
static void bytes_on_their_way_count_once(void **state)
{
	struct node_figures f = { .max_storage = GB, .free = GB - 1000000, .reserved = 1000000 };
	const struct conf_node *got;
	struct nodes *n = *state;

	answer(n, 0, 0, 0);
	assert_int_equal(nodes_place(n, 1000000, NULL, 0, &got), 0);
	(void)nodes_answered(n, 0, &f, 1);
	assert_int_equal(room(n), GB - 1000000);
	nodes_took(n, "node1", 1000000);
	assert_int_equal(room(n), GB - 1000000);
	nodes_took(n, "node1", 500000); /* this one came later */
	assert_int_equal(room(n), GB - 1500000);
	answer(n, 0, 1500000, 2);
	assert_int_equal(room(n), GB - 1500000);
}

static void bytes_spread_evenly_between_answers(void **state)
{
	uint64_t came[3] = { 0 }, least = GB, most = 0, seed = 1;
	const struct conf_node *got;
	struct nodes *n = *state;

	for (size_t i = 0; i < 3; i++)
		answer(n, i, 0, 0);
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t size = (seed = seed * 6364136223846793005U + 1) >> 44; /* up to 1 MiB */

		assert_int_equal(nodes_place(n, i % 2 ? size : 0, NULL, 0, &got), 0);
		nodes_took(n, got->name, size);
		came[got->name[4] - '1'] += size;
		if (i % 7 == 0) /* figures come at different times */
			answer(n, i % 3, came[i % 3], 0);
	}
	for (size_t i = 0; i < 3; i++) {
		least = came[i] < least ? came[i] : least;
		most = came[i] > most ? came[i] : most;
	}
	assert_in_range(most - least, 0, 1 << 20);
}

static void room_is_that_of_nodes_up(void **state)
{
	struct nodes *n = *state;
	uint64_t total, left;

	answer(n, 0, 10, 0);
	answer(n, 1, 20, 0);
	nodes_room(n, &total, &left);
	assert_int_equal(total, 2 * GB);
	assert_int_equal(left, 2 * GB - 30);
	(void)nodes_missed(n, 1, true);
	nodes_room(n, &total, &left);
	assert_int_equal(total, GB);
	assert_int_equal(left, GB - 10);
}

static void any_takes_turns_among_those_up(void **state)
{
	struct nodes *n = *state;
	const struct conf_node *first;

	answer(n, 0, 0, 0);
	answer(n, 2, GB, 0); /* full is good enough for no bytes */
	first = nodes_any(n);
	assert_ptr_not_equal(nodes_any(n), first);
	assert_ptr_equal(nodes_any(n), first);
}

static int parse(const char *text, struct node_figures *out)
{
	return watch_parse(text, strlen(text), out);
}

static void reads_what_nodes_say(void **state)
{
	struct node_figures f;

	(void)state;
	assert_int_equal(parse("{\"memory\": 5, \"storage\": 10, \"storagep\": 10.0, "
			       "\"max_storage\": 100}",
				 &f),
		0);
	assert_int_equal(f.memory, 5);
	assert_int_equal(f.free, 90);
	assert_int_equal(f.reserved, 0);
	assert_int_equal(
		parse("{\"memory\":5,\"storage\":110,\"max_storage\":100,\"reserved\":1}", &f), 0);
	assert_int_equal(f.free, 0);
	assert_int_equal(f.reserved, 1);
	assert_int_equal(
		parse("{\"memory\":5,\"storage\":10,\"max_storage\":100,\"free\":33}", &f), 0);
	assert_int_equal(f.free, 33);
}

static void refuses_what_is_no_answer(void **state)
{
	static const char *const bad[] = { "", "{", "[]", "{}", "null", "<html>",
		"{\"memory\":5,\"storage\":10}", "{\"memory\":-5,\"storage\":10,\"max_storage\":1}",
		"{\"memory\":5,\"storage\":\"10\",\"max_storage\":1}",
		"{\"memory\":5,\"storage\":1e300,\"max_storage\":1}" };
	struct node_figures f = { .free = 77 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(parse(bad[i], &f), -EPROTO);
	assert_int_equal(f.free, 77);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, nodes_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(dist_is_no_storage_node),
		TEST(is_known_by_either_base),
		TEST(goes_down_at_a_refusal_or_two_silences),
		TEST(nobody_is_up_at_first),
		TEST(promises_spread_a_burst),
		TEST(passes_over_names),
		TEST(promises_lapse_with_later_answers),
		TEST(what_came_counts_until_the_next_answer),
		TEST(bytes_on_their_way_count_once),
		TEST(bytes_spread_evenly_between_answers),
		TEST(room_is_that_of_nodes_up),
		TEST(any_takes_turns_among_those_up),
		cmocka_unit_test(reads_what_nodes_say),
		cmocka_unit_test(refuses_what_is_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
