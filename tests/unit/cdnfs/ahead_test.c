/* ahead: what a page says, as long as it holds, and when to ask for one. */
#include "cdnfs/ahead.h"

#include "cdnfs/gate.h"
#include "cdnfs/inode.h"
#include "common/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the four above */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DIR 7

static struct inodes *inodes;

static struct ahead *ahead;

static int setup(void **state)
{
	(void)state;
	assert_int_equal(inodes_open(&inodes), 0);
	assert_int_equal(ahead_open(inodes, &ahead), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ahead_close(&ahead);
	assert_null(ahead);
	ahead_close(&ahead);
	inodes_close(&inodes);
	return 0;
}

/* Entries first..first+n-1, named f0000 and so on, with ids from 100 on; link: all are symbolic links. */
static struct wire_page page_of(unsigned first, unsigned n, bool more, bool link)
{
	static const struct place *const somewhere = (const struct place *)&setup;
	struct wire_page p = { .more = more, .n = n };
	char name[16];

	p.list = calloc(n + 1, sizeof(*p.list));
	buf_add(&p.text, "", 1);
	for (unsigned i = 0; i < n; i++) {
		struct wire_entry *e = &p.list[i];

		(void)snprintf(name, sizeof(name), "f%04u", first + i);
		e->name = p.text.len;
		buf_add(&p.text, name, strlen(name) + 1);
		e->attr = (struct attr){ .id = 100 + first + i,
			.mode = link ? S_IFLNK : S_IFREG,
			.size = 10,
			.stamp = 5,
			.place = somewhere };
		if (link) {
			e->target = p.text.len;
			buf_add(&p.text, "target", 7);
		}
	}
	assert_int_equal(buf_error(&p.text), 0);
	return p;
}

static uint64_t put(uint64_t dir, const char *from, struct wire_page page)
{
	uint64_t tick = inodes_tick(inodes);

	ahead_put(ahead, dir, from, tick, &page);
	return tick;
}

/* The id of a name, 0: it is absent, -1: not known. */
static int64_t find(uint64_t dir, const char *name)
{
	struct attr attr = { 0 };
	char *target;
	uint64_t tick;
	enum dentry found = ahead_find(ahead, dir, name, &attr, &target, &tick);

	free(target);
	return found == DENTRY_UNKNOWN ? -1 : found == DENTRY_ABSENT ? 0 : (int64_t)attr.id;
}

static void test_a_page_tells_of_what_it_covers(void **state)
{
	(void)state;
	assert_int_equal(find(DIR, "f0003"), -1);
	put(DIR, "f00", page_of(2, 5, true, false));
	assert_int_equal(find(DIR, "f0002"), 102);
	assert_int_equal(find(DIR, "f0006"), 106);
	assert_int_equal(find(DIR, "f0001"), 0);
	assert_int_equal(find(DIR, "f0003x"), 0);
	assert_int_equal(find(DIR, "f00"), -1); /* behind it */
	assert_int_equal(find(DIR, "e"), -1);
	assert_int_equal(find(DIR, "f0007"), -1); /* there is more */
	assert_int_equal(find(DIR + 1, "f0002"), -1);
	/* another page takes its place, and has no end */
	put(DIR, "", page_of(0, 3, false, false));
	assert_int_equal(find(DIR, "f0006"), 0);
	assert_int_equal(find(DIR, "f0002"), 102);
	assert_int_equal(find(DIR, "a"), 0);
	put(DIR, "", page_of(0, 0, false, false));
	assert_int_equal(find(DIR, "f0002"), 0);
	put(DIR, "", page_of(0, 0, true, false));
	assert_int_equal(find(DIR, "f0002"), -1);
}

static void test_what_changed_is_not_told(void **state)
{
	(void)state;
	put(DIR, "", page_of(0, 9, false, false));
	gate_touch(inodes, gate_entry(DIR, "f0003"));
	gate_touch(inodes, gate_inode(105));
	assert_int_equal(find(DIR, "f0003"), -1);
	assert_int_equal(find(DIR, "f0005"), -1);
	assert_int_equal(find(DIR, "f0004"), 104);
	assert_int_equal(find(DIR, "none"), 0);
	gate_touch(inodes, gate_names(DIR));
	assert_int_equal(find(DIR, "none"), -1);
	assert_int_equal(find(DIR, "f0004"), 104);
	inodes_distrust(inodes, inodes_tick(inodes));
	assert_int_equal(find(DIR, "f0004"), -1);
}

static void test_targets_of_links(void **state)
{
	struct attr attr;
	char *target;
	uint64_t tick, asked = put(DIR, "", page_of(0, 2, false, true));

	(void)state;
	assert_int_equal(ahead_find(ahead, DIR, "f0001", &attr, &target, &tick), DENTRY_THERE);
	assert_string_equal(target, "target");
	assert_int_equal(tick, asked);
	free(target);
}

static void test_a_page_out_of_order_is_not_kept(void **state)
{
	struct wire_page p = page_of(0, 3, false, false);
	size_t name = p.list[0].name;

	(void)state;
	p.list[0].name = p.list[2].name;
	p.list[2].name = name;
	put(DIR, "", p);
	assert_int_equal(find(DIR, "f0001"), -1);
	put(DIR, "f0001", page_of(1, 3, false, false));
	assert_int_equal(find(DIR, "f0002"), -1);
}

static void test_only_so_many_directories(void **state)
{
	(void)state;
	for (uint64_t dir = 1; dir <= AHEAD_PAGES + 1; dir++)
		put(dir, "", page_of(0, 1, false, false));
	assert_int_equal(find(1, "f0000"), -1);
	for (uint64_t dir = 2; dir <= AHEAD_PAGES + 1; dir++)
		assert_int_equal(find(dir, "f0000"), 100);
}

/* A program looks up `upto` names in order; how many requests that takes, and how many entries they brought. */
static unsigned walk(unsigned upto, unsigned *brought)
{
	char name[16], from[LIMIT_NAME + 1];
	unsigned requests = 0, entries, first;

	*brought = 0;
	for (unsigned i = 0; i < upto; i++) {
		(void)snprintf(name, sizeof(name), "f%04u", i);
		if (find(DIR, name) >= 0)
			continue;
		requests++;
		entries = ahead_missed(ahead, DIR, name, from);
		if (!entries)
			continue;
		assert_true(entries <= AHEAD_MOST && strcmp(from, name) < 0);
		first = *from ? i / 10 * 10 : 0;
		put(DIR, from, page_of(first, entries, true, false));
		*brought += entries;
		if (find(DIR, name) < 0)
			requests++;
	}
	return requests;
}

static void test_a_walk_costs_few_requests(void **state)
{
	unsigned brought, requests = walk(9000, &brought);

	(void)state;
	assert_in_range(requests, AHEAD_MISSES, 20);
	assert_in_range(brought, 9000, 14000);
}

/* Names here and there in a large directory: it is tried ever more rarely. */
static void test_no_walk_brings_little(void **state)
{
	char name[16], from[LIMIT_NAME + 1];
	unsigned brought = 0, asked = 0;

	(void)state;
	for (unsigned i = 0; i < 4000; i++) {
		(void)snprintf(name, sizeof(name), "g%04u", i * 7919 % 10000);
		unsigned entries = ahead_missed(ahead, DIR, name, from);

		brought += entries;
		asked += entries != 0;
	}
	assert_in_range(asked, 2, 16);
	assert_true(brought < 2000);
}

static void test_from_where(void **state)
{
	char from[LIMIT_NAME + 1] = "?", longest[LIMIT_NAME + 1];

	(void)state;
	memset(longest, 'x', LIMIT_NAME);
	longest[LIMIT_NAME] = '\0';
	for (unsigned i = 1; i < AHEAD_MISSES; i++)
		assert_int_equal(ahead_missed(ahead, DIR, longest, from), 0);
	assert_int_equal(ahead_missed(ahead, DIR, longest, from), AHEAD_FIRST);
	assert_string_equal(from, "");
	while (!ahead_missed(ahead, DIR, longest, from))
		;
	assert_int_equal(strlen(from), LIMIT_NAME - 1);
	while (!ahead_missed(ahead, DIR, "a", from))
		;
	assert_string_equal(from, "");
}

static void test_files_that_are_read_one_after_the_other(void **state)
{
	struct attr next[AHEAD_FILES];
	uint64_t expected = 102;
	size_t n, all = 0;

	(void)state;
	assert_int_equal(ahead_read(ahead, 100, next), 0);
	put(DIR, "", page_of(0, 200, false, false));
	assert_int_equal(ahead_read(ahead, 100, next), 0);
	for (uint64_t id = 101; id < 300; id++) {
		n = ahead_read(ahead, id, next);
		for (size_t i = 0; i < n; i++, all++)
			assert_int_equal(next[i].id, expected++);
		assert_true(id >= 299 || expected > id + 1);
		assert_int_equal(ahead_read(ahead, id, next), 0); /* its next bytes */
	}
	assert_int_equal(all, 198);
}

static void test_reading_here_and_there_fetches_nothing(void **state)
{
	struct attr next[AHEAD_FILES];

	(void)state;
	put(DIR, "", page_of(0, 997, false, false));
	for (uint64_t i = 0; i < 997; i++)
		assert_int_equal(ahead_read(ahead, 100 + i * 389 % 997, next), 0);
}

static void test_a_walk_that_begins_in_the_middle(void **state)
{
	struct attr next[AHEAD_FILES];

	(void)state;
	put(DIR, "", page_of(0, 1000, false, false));
	assert_int_equal(find(DIR, "f0500"), 600);
	assert_int_equal(ahead_read(ahead, 600, next), 0);
	assert_int_equal(ahead_read(ahead, 601, next), AHEAD_FILES);
	assert_int_equal(next[0].id, 602);
}

/* Folders, empty and large files lie between, and are not fetched. */
static void test_what_is_not_fetched(void **state)
{
	struct wire_page p = page_of(0, 40, false, false);
	struct attr next[AHEAD_FILES];
	size_t n;

	(void)state;
	p.list[2].attr.mode = S_IFDIR;
	p.list[3].attr.size = 0;
	p.list[4].attr.size = AHEAD_SIZE + 1;
	p.list[5].attr.place = NULL;
	put(DIR, "", p);
	assert_int_equal(ahead_read(ahead, 100, next), 0);
	n = ahead_read(ahead, 101, next);
	assert_int_equal(n, AHEAD_FILES - 4);
	assert_int_equal(next[0].id, 106);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_page_tells_of_what_it_covers),
		T(test_what_changed_is_not_told),
		T(test_targets_of_links),
		T(test_a_page_out_of_order_is_not_kept),
		T(test_only_so_many_directories),
		T(test_a_walk_costs_few_requests),
		T(test_no_walk_brings_little),
		T(test_from_where),
		T(test_files_that_are_read_one_after_the_other),
		T(test_reading_here_and_there_fetches_nothing),
		T(test_a_walk_that_begins_in_the_middle),
		T(test_what_is_not_fetched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
