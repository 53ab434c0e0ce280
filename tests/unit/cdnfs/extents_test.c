/* What a node tells of a version's data. */
#include "cdnfs/extents.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the three above */
#include "common/base.h"
#include "common/buf.h"
#include "common/limits.h"
#include <cmocka.h>
#include <errno.h>
#include <string.h>

static void learn(struct extents *e, uint64_t stamp, uint64_t from, const char *text)
{
	struct stretch s;

	assert_int_equal(extents_parse(text, strlen(text), from, &s), 0);
	s.stamp = stamp;
	extents_learn(e, &s);
}

/* What is told of `at`: is it data, and to where. */
static void told(struct extents *e, uint64_t at, bool data, uint64_t end)
{
	uint64_t to = UINT64_MAX;
	bool is = !data;

	assert_true(extents_look(e, 5, at, &is, &to));
	assert_int_equal(is, data);
	assert_int_equal(to, end);
}

static void test_one_answer(void **state)
{
	struct extents e;
	uint64_t end = 25;
	bool data;

	(void)state;
	extents_init(&e);
	assert_false(extents_look(&e, 5, 0, &data, &end));
	learn(&e, 5, 4, "{\"size\":100,\"extents\":[[10,20],[20,30],[50,60]]}");
	told(&e, 4, false, 10);
	told(&e, 10, true, 30);
	told(&e, 29, true, 30);
	told(&e, 30, false, 50);
	told(&e, 60, false, 100);
	assert_true(extents_look(&e, 5, 10, &data, &end));
	assert_int_equal(end, 25); /* no more than asked for */
	assert_false(extents_look(&e, 5, 3, &data, &end));
	assert_false(extents_look(&e, 5, 100, &data, &end));
	assert_false(extents_look(&e, 6, 10, &data, &end));
	learn(&e, 5, 30, "{\"size\":100,\"extents\":[[50,60]],\"next\":60}");
	assert_false(extents_look(&e, 5, 10, &data, &end)); /* only the last one is kept */
	told(&e, 59, true, 60);
	assert_false(extents_look(&e, 5, 60, &data, &end));
	learn(&e, 5, 60, "{\"size\":100,\"extents\":[]}");
	told(&e, 60, false, 100);
	extents_release(&e);
}

static void test_what_is_no_answer(void **state)
{
	static const char *const bad[] = { "", "5", "{}", "{\"size\":100}", "{\"extents\":[]}",
		"{\"size\":100,\"extents\":5}", "{\"size\":100,\"extents\":[5]}",
		"{\"size\":100,\"extents\":[[5]]}", "{\"size\":100,\"extents\":[[5,6,7]]}",
		"{\"size\":100,\"extents\":[[3,6]]}", "{\"size\":100,\"extents\":[[5,5]]}",
		"{\"size\":100,\"extents\":[[6,5]]}", "{\"size\":100,\"extents\":[[5,101]]}",
		"{\"size\":100,\"extents\":[[5.5,7]]}", "{\"size\":100,\"extents\":[[\"5\",7]]}",
		"{\"size\":100,\"extents\":[[5,9],[8,12]]}", "{\"size\":4,\"extents\":[]}",
		"{\"size\":100,\"extents\":[[5,9]],\"next\":8}",
		"{\"size\":100,\"extents\":[],\"next\":4}",
		"{\"size\":100,\"extents\":[],\"next\":101}" };
	struct stretch s;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (extents_parse(bad[i], strlen(bad[i]), 4, &s) != -EPROTO)
			fail_msg("%s", bad[i]);
}

static int parse_many(uint64_t n)
{
	struct buf text = BUF_INIT;
	struct stretch s = { .stamp = 0 };
	int rc;

	buf_adds(&text, "{\"size\":1000000,\"extents\":[");
	for (uint64_t i = 0; i < n; i++)
		buf_addf(&text, "%s[%u,%u]", i ? "," : "", (unsigned)i * 2, (unsigned)i * 2 + 1);
	buf_adds(&text, "]}");
	rc = extents_parse(buf_str(&text), text.len, 0, &s);
	if (rc == 0)
		assert_int_equal(s.data.n, n);
	ranges_release(&s.data);
	buf_release(&text);
	return rc;
}

static void test_most_pieces(void **state)
{
	(void)state;
	assert_int_equal(parse_many(LIMIT_EXTENTS), 0);
	assert_int_equal(parse_many(LIMIT_EXTENTS + 1), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_one_answer),
		cmocka_unit_test(test_what_is_no_answer), cmocka_unit_test(test_most_pieces) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
