#include "common/buf.h"
#include "node/changes.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static int keep(void *ctx, const void *data, size_t len)
{
	buf_add(ctx, data, len);
	return buf_error(ctx);
}

/* Feeds text in pieces of `step`. */
static int parse(struct changes *c, struct buf *bytes, const char *text, size_t len, size_t step)
{
	int rc = 0;

	changes_init(c, keep, bytes);
	for (size_t i = 0; rc == 0 && i < len; i += step)
		rc = changes_feed(c, text + i, len - i < step ? len - i : step);
	return rc < 0 ? rc : changes_finish(c);
}

static void test_every_change_in_pieces_of_any_size(void **state)
{
	static const char text[] = "write 5 3\nabc"
				   "append 2\n\n\n"
				   "zero 0 9007199254740991\n"
				   "copy 1 2 3 00000000000000ff 4\n"
				   "truncate 0\n"
				   "grow 9007199254740991\n";
	const struct change want[] = { { CHANGE_WRITE, 5, 3, 0, 0, 0, 0 },
		{ CHANGE_APPEND, 0, 2, 3, 0, 0, 0 }, { CHANGE_ZERO, 0, LIMIT_NUMBER, 0, 0, 0, 0 },
		{ CHANGE_COPY, 1, 2, 0, 3, 255, 4 }, { CHANGE_TRUNCATE, 0, 0, 0, 0, 0, 0 },
		{ CHANGE_GROW, 0, LIMIT_NUMBER, 0, 0, 0, 0 } };
	struct buf bytes = BUF_INIT;
	struct changes c;

	(void)state;
	for (size_t step = 1; step < sizeof(text); step++) {
		assert_int_equal(parse(&c, &bytes, text, sizeof(text) - 1, step), 0);
		assert_int_equal(c.n, 6);
		for (size_t i = 0; i < 6; i++)
			assert_memory_equal(&c.list[i], &want[i], sizeof(want[i]));
		assert_int_equal(bytes.len, 5);
		assert_memory_equal(bytes.data, "abc\n\n", 5);
		assert_true(changes_once(&c));
		changes_release(&c);
		buf_release(&bytes);
	}
}

static void check_bad(const char *text, size_t len)
{
	struct buf bytes = BUF_INIT;
	struct changes c;

	if (parse(&c, &bytes, text, len, len ? len : 1) != -EBADMSG)
		fail_msg("%.40s was taken", text);
	assert_true(c.error[0]);
	changes_release(&c);
	buf_release(&bytes);
}

static void test_malformed(void **state)
{
	static const char *const bad[] = { "", "\n", "write 1 1", "write 1 1\n", "write 1 2\na",
		"write 1 0\n", "write 01 1\na", "write 1 1 \na", "write 1  1\na", "write -1 1\na",
		"write 9007199254740991 1\na", "append 0\n", "append\n",
		"truncate 9007199254740992\n", "truncate 1\n\n", "truncate 1\ngrow", "zero 1\n",
		"zero 1 0\n", "copy 1 1 1 ff 1\n", "copy 1 1 0 00000000000000ff 1\n",
		"copy 1 1 1 00000000000000ff\n", "copy 1 1 1 00000000000000ff 9007199254740991\n",
		"copy 1 1 1 0000000000000000 1\n", "copy 1 1 1 00000000000000ff1\n", "shrink 1\n",
		"WRITE 1 1\na", "grow 18446744073709551617\n" };
	char line[LIMIT_CHANGE_LINE + 2];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		check_bad(bad[i], strlen(bad[i]));
	check_bad("grow 1\0\n", 8);
	check_bad("write 0 1\0\na", 12);
	memset(line, 'x', sizeof(line));
	check_bad(line, sizeof(line));
}

static void test_limit_of_changes(void **state)
{
	struct buf text = BUF_INIT, bytes = BUF_INIT;
	struct changes c;

	(void)state;
	for (size_t i = 0; i < LIMIT_CHANGES; i++)
		buf_adds(&text, "grow 1\n");
	assert_int_equal(parse(&c, &bytes, text.data, text.len, 1000), 0);
	assert_int_equal(c.n, LIMIT_CHANGES);
	assert_false(changes_once(&c));
	changes_release(&c);
	buf_adds(&text, "grow 1\n");
	check_bad(text.data, text.len);
	buf_release(&text);
}

static void test_what_the_sink_says_comes_back(void **state)
{
	struct changes c;

	(void)state;
	changes_init(&c, NULL, NULL);
	assert_int_equal(changes_feed(&c, "write 0 1\n", 10), 0);
	assert_int_equal(changes_finish(&c), -EBADMSG);
	changes_release(&c);
}

static void check_size(const char *text, uint64_t size, int rc, uint64_t after, uint64_t most)
{
	struct buf bytes = BUF_INIT;
	struct changes c;
	uint64_t got = 0, peak = 0;

	assert_int_equal(parse(&c, &bytes, text, strlen(text), 7), 0);
	assert_int_equal(changes_size(&c, size, &got, &peak), rc);
	if (rc == 0) {
		assert_int_equal(got, after);
		assert_int_equal(peak, most);
	}
	changes_release(&c);
	buf_release(&bytes);
}

static void test_sizes(void **state)
{
	(void)state;
	check_size("write 3 1\na", 10, 0, 10, 10);
	check_size("write 10 1\na", 10, 0, 11, 11);
	check_size("append 2\nab", 10, 0, 12, 12);
	check_size("truncate 3\n", 10, 0, 3, 3);
	check_size("truncate 30\n", 10, 0, 30, 30);
	check_size("grow 1\ntruncate 3\n", 10, 0, 3, 10);
	check_size("grow 3\n", 10, 0, 10, 10);
	check_size("grow 30\n", 10, 0, 30, 30);
	check_size("append 2\nabtruncate 1\nzero 1 4\n", 10, 0, 5, 12);
	check_size("append 2\nab", LIMIT_FILE_SIZE - 2, 0, LIMIT_FILE_SIZE, LIMIT_FILE_SIZE);
	check_size("append 2\nab", LIMIT_FILE_SIZE - 1, -EFBIG, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_change_in_pieces_of_any_size),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_limit_of_changes),
		cmocka_unit_test(test_what_the_sink_says_comes_back),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
