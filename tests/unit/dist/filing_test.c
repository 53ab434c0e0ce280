/* The bodies of POST and PUT content. */
#include "common/base.h"
#include "dist/filing.h"
#include "tests/unit/dist/nodes_fixture.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STAMP "\"stamp\":\"195453810d2b8e80\""

static const char yaml[] =
	"nodes:\n"
	"  dist: {host: 10.0.0.1, port: 8000}\n"
	"  node1: {host: 10.0.0.1, port: 8001, internal: {host: node1, port: 80}}\n";

static int setup(void **state)
{
	return nodes_setup(yaml, state);
}

static struct filing *good(void **state, const char *text)
{
	struct filing *f = malloc(sizeof(*f));
	char error[256] = "";

	if (!f || filing_parse(text, strlen(text), *state, f, error, sizeof(error)) < 0)
		fail_msg("%s: %s", text, error);
	return f;
}

static void done(struct filing *f)
{
	filing_release(f);
	free(f);
}

static void bad(void **state, const char *text, int rc, const char *sentence)
{
	struct filing f;
	char error[256] = "";

	assert_int_equal(filing_parse(text, strlen(text), *state, &f, error, sizeof(error)), rc);
	if (!strstr(error, sentence))
		fail_msg("%s: got \"%s\", not \"%s\"", text, error, sentence);
}

static void data_is_all_of_the_size_or_as_told(void **state)
{
	struct filing *f = good(state, "{\"size\":10}");

	assert_int_equal(f->record.allocated, 10);
	done(f);
	f = good(state, "{\"size\":10,\"allocated\":0}");
	assert_int_equal(f->record.allocated, 0);
	done(f);
	bad(state, "{\"size\":10,\"allocated\":11}", -EINVAL, "allocated: must be");
	bad(state, "{\"allocated\":1}", -EINVAL, "allocated: must be");
	bad(state, "{\"size\":10,\"allocated\":-1}", -EINVAL, "allocated: must be");
}

static void nothing_is_needed(void **state)
{
	struct filing *f = good(state, "{}");

	assert_false(f->record.has_filename);
	assert_false(f->record.has_size);
	assert_false(f->record.has_uri);
	assert_null(f->record.name);
	assert_null(f->record.path);
	assert_null(f->record.node);
	assert_true(f->durable);
	done(f);
}

static void reads_what_a_person_registers(void **state)
{
	struct filing *f = good(state, "{\"filename\":\"dir/photo.jpg\",\"size\":3072,"
				       "\"uri\":\"http://192.168.0.4:8003/\"}");

	assert_true(f->record.has_filename && f->record.has_size && f->record.has_uri);
	assert_string_equal(f->record.filename, "dir/photo.jpg");
	assert_int_equal(f->record.name_len, 9);
	assert_memory_equal(f->record.name, "photo.jpg", 9);
	assert_string_equal(f->record.uri, "http://192.168.0.4:8003");
	assert_null(f->record.node);
	done(f);
}

static void reads_what_a_node_registers(void **state)
{
	struct filing *f = good(state,
		"{\"filename\":\"x\",\"name\":\"%FFx\",\"path\":\"a/%FE/b\",\"size\":1," STAMP
		",\"node\":\"node1\",\"etag\":\"6bba86c7e069f56d5a10b435f1c8e49c\","
		"\"content_type\":\"text/plain\",\"mtime\":[1,2],\"durable\":false}");

	assert_int_equal(f->record.name_len, 2);
	assert_memory_equal(f->record.name, "\xffx", 2);
	assert_int_equal(f->record.path_len, 5);
	assert_memory_equal(f->record.path, "a/\xfe/b", 5);
	assert_string_equal(f->record.node, "node1");
	assert_int_equal(f->record.stamp, 0x195453810d2b8e80);
	assert_int_equal(f->record.mtime, 1000000002);
	assert_true(f->record.has_mtime);
	assert_false(f->durable);
	done(f);
}

static void a_null_name_is_given(void **state)
{
	struct filing *f = good(state, "{\"filename\":null}");

	assert_true(f->record.has_filename);
	assert_null(f->record.filename);
	assert_null(f->record.name);
	done(f);
}

static void names_that_cannot_be_entries_are_none(void **state)
{
	struct filing *f = good(state, "{\"filename\":\"..\"}");

	assert_string_equal(f->record.filename, "..");
	assert_null(f->record.name);
	done(f);
}

static void knows_nodes_by_their_address(void **state)
{
	struct filing *f = good(state, "{" STAMP ",\"uri\":\"http://10.0.0.1:8001\"}");

	assert_string_equal(f->record.node, "node1");
	done(f);
	f = good(state, "{" STAMP ",\"uri\":\"http://node1:80\"}");
	assert_string_equal(f->record.node, "node1");
	done(f);
}

static void unknown_nodes_are_refused(void **state)
{
	bad(state, "{\"node\":\"node9\"}", -ENOTSUP, "node: ");
	bad(state, "{\"node\":\"dist\"}", -ENOTSUP, "node: ");
	bad(state, "{" STAMP "}", -ENOTSUP, "stamp: ");
	bad(state, "{" STAMP ",\"uri\":\"http://elsewhere:80\"}", -ENOTSUP, "stamp: ");
}

static void refuses_what_is_wrong(void **state)
{
	static const char *const wrong[][2] = {
		{ "", "no JSON" },
		{ "[]", "must be a JSON object" },
		{ "{\"size\":-1}", "size: " },
		{ "{\"size\":9007199254740992}", "size: " },
		{ "{\"size\":\"1\"}", "size: " },
		{ "{\"filename\":5}", "filename: " },
		{ "{\"uri\":\"ftp://x\"}", "uri: " },
		{ "{\"uri\":\"http://h/path\"}", "uri: " },
		{ "{\"uri\":\"\"}", "uri: " },
		{ "{\"uri\":[]}", "uri: " },
		{ "{\"etag\":\"zz\"}", "etag: " },
		{ "{\"etag\":\"\"}", "etag: " },
		{ "{\"stamp\":\"0000000000000000\"}", "stamp: " },
		{ "{\"content_type\":\"nope\"}", "content_type: " },
		{ "{\"content_type\":\"text/plain\\r\\nX: y\"}", "content_type: " },
		{ "{\"name\":\"..\"}", "name: " },
		{ "{\"name\":\"a/b\"}", "name: " },
		{ "{\"name\":\"%00\"}", "name: " },
		{ "{\"path\":\"%zz\"}", "path: " },
		{ "{\"path\":\"../x\"}", "path: " },
		{ "{\"path\":\"a/./x\"}", "path: " },
		{ "{\"mtime\":5}", "mtime: " },
		{ "{\"durable\":\"no\"}", "durable: " },
		{ "{\"node\":7}", "node: " },
	};

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		bad(state, wrong[i][0], -EINVAL, wrong[i][1]);
}

static void lengths_have_limits(void **state)
{
	char text[LIMIT_PATH * 2], long_text[LIMIT_PATH + 2];
	struct filing *f;

	memset(long_text, 'a', sizeof(long_text));
	(void)snprintf(text, sizeof(text), "{\"filename\":\"%.*s\"}", LIMIT_NAME, long_text);
	f = good(state, text);
	assert_int_equal(f->record.name_len, LIMIT_NAME);
	done(f);
	(void)snprintf(text, sizeof(text), "{\"filename\":\"%.*s\"}", LIMIT_NAME + 1, long_text);
	bad(state, text, -EINVAL, "filename: ");
	(void)snprintf(text, sizeof(text), "{\"name\":\"%.*s\"}", LIMIT_NAME + 1, long_text);
	bad(state, text, -EINVAL, "name: ");
	(void)snprintf(text, sizeof(text), "{\"filename\":\"%.*s\",\"name\":\"n\"}",
		4 * LIMIT_NAME + 1, long_text);
	bad(state, text, -EINVAL, "filename: ");
	(void)snprintf(text, sizeof(text), "{\"path\":\"%.*s\"}", LIMIT_PATH + 1, long_text);
	bad(state, text, -EINVAL, "path: ");
	(void)snprintf(text, sizeof(text), "{\"uri\":\"http://%.*s\"}", LIMIT_URI, long_text);
	bad(state, text, -EINVAL, "uri: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_is_all_of_the_size_or_as_told),
		cmocka_unit_test(nothing_is_needed),
		cmocka_unit_test(reads_what_a_person_registers),
		cmocka_unit_test(reads_what_a_node_registers),
		cmocka_unit_test(a_null_name_is_given),
		cmocka_unit_test(names_that_cannot_be_entries_are_none),
		cmocka_unit_test(knows_nodes_by_their_address),
		cmocka_unit_test(unknown_nodes_are_refused),
		cmocka_unit_test(refuses_what_is_wrong),
		cmocka_unit_test(lengths_have_limits),
	};

	return cmocka_run_group_tests(tests, setup, nodes_teardown);
}
