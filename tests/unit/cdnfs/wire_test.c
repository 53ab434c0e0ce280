#include "cdnfs/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the four above */
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define TIMES "\"atime\":[1,2],\"mtime\":[3,4],\"ctime\":[5,6]"

static struct places *places;

static int setup(void **state)
{
	(void)state;
	return places_open(&places);
}

static int teardown(void **state)
{
	(void)state;
	places_close(&places);
	return 0;
}

static int answer(const char *text, cJSON **root, const cJSON **result)
{
	const cJSON *results;
	int rc = wire_answer(text, strlen(text), 1, root, &results);

	if (rc < 0)
		return rc;
	rc = wire_result(results, 0, result);
	if (rc < 0)
		cJSON_Delete(*root);
	return rc;
}

static cJSON *one(cJSON *op)
{
	cJSON *ops = cJSON_CreateArray();

	assert_true(cJSON_AddItemToArray(ops, op));
	return ops;
}

static void test_batch_text(void **state)
{
	struct wire_head head = { "s1", "host", 3, 9, true };
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(wire_batch(&head, one(wire_op_name("lookup", 7, "a%\xff")), &out), 0);
	assert_string_equal(buf_str(&out),
		"{\"session\":\"s1\",\"slot\":3,\"seq\":9,\"host\":\"host\",\"durable\":true,"
		"\"ops\":[{\"op\":\"lookup\",\"dir\":7,\"name\":\"a%25%FF\"}]}");
	buf_release(&out);
	head.session = NULL;
	assert_int_equal(wire_batch(&head, cJSON_CreateArray(), &out), 0);
	assert_string_equal(buf_str(&out), "{\"durable\":true,\"ops\":[]}");
	buf_release(&out);
}

static void test_change_sends_what_is_set(void **state)
{
	struct wire_change c = { .set = WIRE_MODE | WIRE_MTIME, .mode = 0640, .mtime = 1500000000 };
	cJSON *op = wire_op_change(5, &c);
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(wire_batch(&(struct wire_head){ 0 }, one(op), &out), 0);
	assert_non_null(strstr(out.data, "\"mode\":416"));
	assert_non_null(strstr(out.data, "\"mtime\":[1,500000000]"));
	assert_null(strstr(out.data, "uid"));
	assert_null(strstr(out.data, "size"));
	buf_release(&out);
}

static void test_errors_of_answers(void **state)
{
	const cJSON *result;
	cJSON *root;

	(void)state;
	assert_int_equal(answer("{\"results\":[{\"errno\":\"ENOENT\"}]}", &root, &result), -ENOENT);
	assert_int_equal(answer("{\"results\":[]}", &root, &result), -EPROTO);
	assert_int_equal(answer("{\"results\":[3]}", &root, &result), -EPROTO);
	assert_int_equal(answer("{\"results\":[{},{}]}", &root, &result), -EPROTO);
	assert_int_equal(answer("{}", &root, &result), -EPROTO);
	assert_int_equal(answer("<html>", &root, &result), -EPROTO);
	assert_int_equal(answer("", &root, &result), -EPROTO);
}

static void test_file(void **state)
{
	const char *text =
		"{\"results\":[{\"attr\":{\"id\":33,\"mode\":33188,\"uid\":1,\"gid\":2,"
		"\"nlink\":1,\"size\":3072,\"rdev\":0," TIMES
		",\"stamp\":\"0123456789abcdef\",\"node\":\"node3\",\"uri\":\"http://h:3\"}}]}";
	const cJSON *result;
	struct wire_file f;
	cJSON *root;

	(void)state;
	assert_int_equal(answer(text, &root, &result), 0);
	assert_int_equal(wire_file(result, places, &f), 0);
	assert_int_equal(f.attr.id, 33);
	assert_true(S_ISREG(f.attr.mode));
	assert_int_equal(f.attr.size, 3072);
	assert_int_equal(f.attr.allocated, 3072);
	assert_int_equal(f.attr.stamp, 0x0123456789abcdef);
	assert_int_equal(f.attr.mtime, 3000000004);
	assert_string_equal(f.attr.place->uri, "http://h:3");
	assert_ptr_equal(f.attr.place, places_get(places, "node3", "http://h:3/"));
	assert_null(f.target);
	cJSON_Delete(root);
}

static void test_a_file_with_holes(void **state)
{
	const char *text = "{\"results\":[{\"attr\":{\"id\":33,\"mode\":33188,\"size\":3072,"
			   "\"allocated\":7," TIMES "}}]}";
	const cJSON *result;
	struct wire_file f;
	cJSON *root;

	(void)state;
	assert_int_equal(answer(text, &root, &result), 0);
	assert_int_equal(wire_file(result, places, &f), 0);
	assert_int_equal(f.attr.size, 3072);
	assert_int_equal(f.attr.allocated, 7);
	cJSON_Delete(root);
}

static void test_bad_files_are_refused(void **state)
{
	static const char *const bad[] = {
		"{\"results\":[{}]}",
		"{\"results\":[{\"attr\":5}]}",
		"{\"results\":[{\"attr\":{\"id\":0,\"mode\":33188," TIMES "}}]}",
		"{\"results\":[{\"attr\":{\"id\":3," TIMES "}}]}",
		"{\"results\":[{\"attr\":{\"id\":3,\"mode\":33188}}]}",
		"{\"results\":[{\"attr\":{\"id\":3,\"mode\":33188,\"size\":-1," TIMES "}}]}",
		"{\"results\":[{\"attr\":{\"id\":3,\"mode\":33188,\"stamp\":\"x\"," TIMES "}}]}",
		"{\"results\":[{\"attr\":{\"id\":\"3\",\"mode\":33188," TIMES "}}]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct wire_file f = { 0 };
		const cJSON *result;
		cJSON *root;

		assert_int_equal(answer(bad[i], &root, &result), 0);
		assert_int_equal(wire_file(result, places, &f), -EPROTO);
		cJSON_Delete(root);
	}
}

static void test_page(void **state)
{
	const char *text =
		"{\"results\":[{\"parent\":4,\"more\":true,\"entries\":["
		"{\"name\":\"a%0Ab\",\"attr\":{\"id\":5,\"mode\":33188,\"node\":\"node3\","
		"\"uri\":\"http://h:3/\"," TIMES "}},"
		"{\"name\":\"l\",\"attr\":{\"id\":6,\"mode\":41471,\"target\":\"a%FF\"," TIMES
		"}}]}]}";
	const cJSON *result;
	struct wire_page p;
	cJSON *root;

	(void)state;
	assert_int_equal(answer(text, &root, &result), 0);
	assert_int_equal(wire_page(result, places, &p), 0);
	assert_int_equal(p.n, 2);
	assert_true(p.more);
	assert_int_equal(p.parent, 4);
	assert_string_equal(p.text.data + p.list[0].name, "a\nb");
	assert_int_equal(p.list[0].target, 0);
	assert_ptr_equal(p.list[0].attr.place, places_get(places, "node3", "http://h:3/"));
	assert_null(p.list[1].attr.place);
	assert_string_equal(p.text.data + p.list[1].target, "a\xff");
	wire_page_release(&p);
	cJSON_Delete(root);
	assert_int_equal(answer("{\"results\":[{\"more\":false,\"entries\":[{\"name\":\"\"}]}]}",
				 &root, &result),
		0);
	assert_int_equal(wire_page(result, places, &p), -EPROTO);
	cJSON_Delete(root);
}

static void test_places(void **state)
{
	static const char *const good[] = { "{\"node\":\"n\",\"uri\":\"http://h:1/update\"}",
		"{\"node\":\"n\",\"uri\":\"http://h:1/update/\"}",
		"{\"node\":\"n\",\"uri\":\"http://h:1\"}" };
	static const char *const bad[] = { "{\"node\":\"n\"}", "{\"uri\":\"ftp://h\"}",
		"{\"uri\":\"http://h:1/other\"}", "{\"uri\":7}", "[]" };
	const struct place *p = NULL;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		cJSON *o = cJSON_Parse(good[i]);

		assert_int_equal(wire_place(o, "update", places, &p), 0);
		assert_string_equal(p->uri, "http://h:1");
		cJSON_Delete(o);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cJSON *o = cJSON_Parse(bad[i]);

		assert_int_equal(wire_place(o, "update", places, &p), -EPROTO);
		cJSON_Delete(o);
	}
}

static void test_stored_and_room(void **state)
{
	const char *text = "{\"id\":3,\"stamp\":\"00000000000000ff\",\"size\":5,\"mtime\":[1,2]}";
	struct wire_stored s;
	struct wire_room room;
	cJSON *o;

	(void)state;
	assert_int_equal(wire_stored(text, strlen(text), &s), 0);
	assert_int_equal(s.stamp, 255);
	assert_int_equal(s.mtime, 1000000002);
	assert_int_equal(s.ctime, 0);
	assert_int_equal(wire_stored("{\"id\":3}", 8, &s), -EPROTO);
	o = cJSON_Parse("{\"total\":10,\"free\":4,\"files\":2,\"free_files\":9}");
	assert_int_equal(wire_room(o, &room), 0);
	assert_int_equal(room.free, 4);
	cJSON_Delete(o);
	o = cJSON_Parse("{\"total\":10}");
	assert_int_equal(wire_room(o, &room), -EPROTO);
	cJSON_Delete(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_batch_text),
		cmocka_unit_test(test_change_sends_what_is_set),
		cmocka_unit_test(test_errors_of_answers), cmocka_unit_test(test_file),
		cmocka_unit_test(test_a_file_with_holes),
		cmocka_unit_test(test_bad_files_are_refused), cmocka_unit_test(test_page),
		cmocka_unit_test(test_places), cmocka_unit_test(test_stored_and_room) };

	return cmocka_run_group_tests(tests, setup, teardown);
}
