/* The wire of POST fs: batches in, JSON out. */
#include "common/json.h"
#include "dist/batch.h"
#include "dist/emit.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define OWNER "\"mode\":420,\"uid\":7,\"gid\":8"
#define NAMED "\"dir\":1,\"name\":\"a\""

static struct batch good(const char *text)
{
	struct batch b;
	char error[256] = "";
	int rc = batch_parse(text, strlen(text), &b, error, sizeof(error));

	if (rc < 0)
		fail_msg("%s: %s", text, error);
	return b;
}

/* One operation. */
static struct batch good_op(const char *op)
{
	char text[16384];

	(void)snprintf(text, sizeof(text), "{\"ops\":[%s]}", op);
	return good(text);
}

static void bad(const char *text, const char *sentence)
{
	struct batch b = { .n = 77 };
	char error[256] = "";

	if (batch_parse(text, strlen(text), &b, error, sizeof(error)) != -EINVAL)
		fail_msg("%s: is accepted", text);
	if (!strstr(error, sentence))
		fail_msg("%s: got \"%s\", not \"%s\"", text, error, sentence);
	assert_int_equal(b.n, 77);
}

static void bad_op(const char *op, const char *sentence)
{
	char text[1024], expected[256];

	(void)snprintf(text, sizeof(text), "{\"ops\":[{\"op\":\"statfs\"},%s]}", op);
	(void)snprintf(expected, sizeof(expected), "ops[1]%s", sentence);
	bad(text, expected);
}

static int error_of(const char *op)
{
	struct batch b = good_op(op);
	int error = b.ops[0].error;

	batch_release(&b);
	return error;
}

static void reads_the_head(void **state)
{
	struct batch b = good("{\"session\":\"s1\",\"slot\":255,\"seq\":9007199254740991,"
			      "\"host\":\"h\",\"durable\":true,\"ops\":[]}");

	(void)state;
	assert_string_equal(b.session, "s1");
	assert_string_equal(b.host, "h");
	assert_int_equal(b.slot, 255);
	assert_int_equal(b.seq, 9007199254740991);
	assert_true(b.durable);
	assert_false(b.changes);
	assert_int_equal(b.n, 0);
	batch_release(&b);
}

static void refuses_bad_heads(void **state)
{
	char text[LIMIT_SESSION + 64], session[LIMIT_SESSION + 2];

	(void)state;
	bad("", "no JSON");
	bad("[]", "must be a JSON object");
	bad("{}", "ops: must be a list");
	bad("{\"ops\":{}}", "ops: must be a list");
	bad("{\"ops\":[]} x", "no JSON");
	bad("{\"ops\":[],\"durable\":1}", "durable: ");
	bad("{\"ops\":[],\"session\":\"s\"}", "seq: is missing");
	bad("{\"ops\":[],\"session\":7}", "session: ");
	bad("{\"ops\":[],\"slot\":256}", "slot: ");
	bad("{\"ops\":[],\"seq\":-1}", "seq: ");
	bad("{\"ops\":[],\"seq\":1.5}", "seq: ");
	bad("{\"ops\":[],\"host\":[]}", "host: ");
	memset(session, 's', LIMIT_SESSION + 1);
	session[LIMIT_SESSION + 1] = 0;
	(void)snprintf(text, sizeof(text), "{\"ops\":[],\"session\":\"%s\"}", session);
	bad(text, "session: ");
}

static void limits_operations_and_depth(void **state)
{
	char *text = malloc(200001);
	size_t len = (size_t)sprintf(text, "{\"ops\":[");
	struct batch b;
	char error[128];

	(void)state;
	for (unsigned i = 0; i < LIMIT_BATCH_OPS; i++)
		len += (size_t)sprintf(text + len, "%s{\"op\":\"statfs\"}", i ? "," : "");
	strcpy(text + len, "]}");
	b = good(text);
	assert_int_equal(b.n, LIMIT_BATCH_OPS);
	batch_release(&b);
	strcpy(text + len, ",{\"op\":\"statfs\"}]}");
	bad(text, "ops: must be a list of at most 1024");
	memset(text, '[', 200000);
	assert_int_equal(batch_parse(text, 200000, &b, error, sizeof(error)), -EINVAL);
	assert_string_equal(error, "the body is nested too deep");
	free(text);
}

static void reads_names_as_bytes(void **state)
{
	struct batch b = good_op("{\"op\":\"rename\",\"dir\":2,\"name\":\"a%FF%25\\u00e9\","
				 "\"todir\":3,\"toname\":\"%0A\",\"flags\":\"exchange\"}");
	const struct op *op = b.ops;

	(void)state;
	assert_int_equal(op->kind, OP_RENAME);
	assert_int_equal(op->error, 0);
	assert_int_equal(op->at.dir, 2);
	assert_int_equal(op->at.len, 5);
	assert_memory_equal(op->at.name, "a\xff%\xc3\xa9", 5);
	assert_int_equal(op->to.dir, 3);
	assert_int_equal(op->to.len, 1);
	assert_memory_equal(op->to.name, "\n", 1);
	assert_int_equal(op->flags, RENAME_SWAP);
	assert_true(b.changes);
	batch_release(&b);
}

static void reads_what_is_made(void **state)
{
	struct batch b = good("{\"ops\":["
			      "{\"op\":\"create\"," NAMED "," OWNER ",\"exclusive\":false},"
			      "{\"op\":\"create\"," NAMED ",\"mode\":33188,\"uid\":0,\"gid\":0},"
			      "{\"op\":\"mknod\"," NAMED ",\"mode\":8612,\"uid\":0,\"gid\":0,"
			      "\"rdev\":5},"
			      "{\"op\":\"mknod\"," NAMED "," OWNER ",\"rdev\":5},"
			      "{\"op\":\"mkdir\"," NAMED "," OWNER "},"
			      "{\"op\":\"symlink\"," NAMED "," OWNER ",\"target\":\"x/%FF\"}]}");

	(void)state;
	assert_int_equal(b.ops[0].new.mode, S_IFREG | 0644);
	assert_int_equal(b.ops[0].new.uid, 7);
	assert_int_equal(b.ops[0].new.gid, 8);
	assert_false(b.ops[0].new.exclusive);
	assert_int_equal(b.ops[1].new.mode, S_IFREG | 0644);
	assert_true(b.ops[1].new.exclusive);
	assert_int_equal(b.ops[2].new.mode, S_IFCHR | 0644);
	assert_int_equal(b.ops[2].new.rdev, 5);
	assert_int_equal(b.ops[3].new.mode, S_IFREG | 0644);
	assert_int_equal(b.ops[3].new.rdev, 0);
	assert_int_equal(b.ops[4].new.mode, S_IFDIR | 0644);
	assert_int_equal(b.ops[5].new.mode, S_IFLNK | 0644);
	assert_int_equal(b.ops[5].new.target_len, 3);
	assert_memory_equal(b.ops[5].new.target, "x/\xff", 3);
	for (size_t i = 0; i < b.n; i++)
		assert_int_equal(b.ops[i].error, 0);
	batch_release(&b);
}

static void reads_changes(void **state)
{
	struct batch b = good("{\"ops\":[{\"op\":\"setattr\",\"id\":5,\"mode\":33206,\"uid\":1,"
			      "\"size\":0,\"mtime\":[-1,999999999]},"
			      "{\"op\":\"setattr\",\"id\":5,\"gid\":2,\"atime\":[1,2],"
			      "\"ctime\":[3,4]}]}");

	(void)state;
	assert_int_equal(b.ops[0].change.set, SET_MODE | SET_UID | SET_SIZE | SET_MTIME);
	assert_int_equal(b.ops[0].change.mode, 0666);
	assert_int_equal(b.ops[0].change.mtime, -1);
	assert_int_equal(b.ops[1].change.set, SET_GID | SET_ATIME | SET_CTIME);
	assert_int_equal(b.ops[1].change.atime, 1000000002);
	batch_release(&b);
}

static void reads_readdir(void **state)
{
	struct batch b = good("{\"ops\":[{\"op\":\"readdir\",\"dir\":4},"
			      "{\"op\":\"readdir\",\"dir\":4,\"after\":\"%FE\",\"limit\":3}]}");

	(void)state;
	assert_int_equal(b.ops[0].at.len, 0);
	assert_int_equal(b.ops[0].limit, LIMIT_READDIR);
	assert_int_equal(b.ops[1].at.len, 1);
	assert_int_equal(b.ops[1].limit, 3);
	assert_false(b.changes);
	batch_release(&b);
}

static void names_operation_and_field(void **state)
{
	(void)state;
	bad_op("7", " must be a JSON object");
	bad_op("{}", ".op: is missing");
	bad_op("{\"op\":\"chmod\"}", ".op: is none of");
	bad_op("{\"op\":\"lookup\",\"name\":\"a\"}", ".dir: is missing");
	bad_op("{\"op\":\"lookup\",\"dir\":0,\"name\":\"a\"}", ".dir: must be");
	bad_op("{\"op\":\"lookup\",\"dir\":-1,\"name\":\"a\"}", ".dir: must be");
	bad_op("{\"op\":\"lookup\",\"dir\":9007199254740992,\"name\":\"a\"}", ".dir: must be");
	bad_op("{\"op\":\"lookup\",\"dir\":\"1\",\"name\":\"a\"}", ".dir: must be");
	bad_op("{\"op\":\"lookup\",\"dir\":1}", ".name: is missing");
	bad_op("{\"op\":\"lookup\",\"dir\":1,\"name\":5}", ".name: must be text");
	bad_op("{\"op\":\"lookup\",\"dir\":1,\"name\":\"%4\"}", ".name: has a bad");
	bad_op("{\"op\":\"lookup\",\"dir\":1,\"name\":\"%00\"}", ".name: has a bad");
	bad_op("{\"op\":\"getattr\"}", ".id: is missing");
	bad_op("{\"op\":\"create\"," NAMED ",\"uid\":1,\"gid\":1}", ".mode: is missing");
	bad_op("{\"op\":\"create\"," NAMED ",\"mode\":1,\"gid\":1}", ".uid: is missing");
	bad_op("{\"op\":\"mkdir\"," NAMED ",\"mode\":65536,\"uid\":1,\"gid\":1}", ".mode: must be");
	bad_op("{\"op\":\"create\"," NAMED "," OWNER ",\"exclusive\":1}", ".exclusive: ");
	bad_op("{\"op\":\"symlink\"," NAMED "," OWNER "}", ".target: is missing");
	bad_op("{\"op\":\"setattr\",\"id\":1,\"mtime\":[1,1000000000]}", ".mtime: ");
	bad_op("{\"op\":\"setattr\",\"id\":1,\"uid\":4294967296}", ".uid: ");
	bad_op("{\"op\":\"rename\"," NAMED ",\"todir\":1}", ".toname: is missing");
	bad_op("{\"op\":\"rename\"," NAMED ",\"todir\":1,\"toname\":\"b\",\"flags\":\"x\"}",
		".flags: must be");
	bad_op("{\"op\":\"readdir\",\"dir\":1,\"limit\":0}", ".limit: ");
	bad_op("{\"op\":\"readdir\",\"dir\":1,\"limit\":16385}", ".limit: ");
}

static void some_names_are_the_operations_error(void **state)
{
	char op[LIMIT_TARGET + 200], name[LIMIT_TARGET + 2];

	(void)state;
	assert_int_equal(error_of("{\"op\":\"unlink\",\"dir\":1,\"name\":\"..\"}"), -EINVAL);
	assert_int_equal(error_of("{\"op\":\"unlink\",\"dir\":1,\"name\":\"a/b\"}"), -EINVAL);
	assert_int_equal(error_of("{\"op\":\"unlink\",\"dir\":1,\"name\":\"\"}"), -EINVAL);
	assert_int_equal(error_of("{\"op\":\"lookup\",\"dir\":1,\"name\":\"..\"}"), 0);
	assert_int_equal(error_of("{\"op\":\"lookup\",\"dir\":1,\"name\":\".\"}"), 0);
	assert_int_equal(error_of("{\"op\":\"lookup\",\"dir\":1,\"name\":\"../x\"}"), -EINVAL);
	assert_int_equal(error_of("{\"op\":\"setattr\",\"id\":1,\"size\":1}"), -EINVAL);
	assert_int_equal(
		error_of("{\"op\":\"mknod\"," NAMED ",\"mode\":16877,\"uid\":0,\"gid\":0}"),
		-EINVAL);
	assert_int_equal(
		error_of("{\"op\":\"symlink\"," NAMED "," OWNER ",\"target\":\"\"}"), -ENOENT);
	memset(name, 'n', sizeof(name));
	(void)snprintf(op, sizeof(op), "{\"op\":\"lookup\",\"dir\":1,\"name\":\"%.*s\"}",
		LIMIT_NAME, name);
	assert_int_equal(error_of(op), 0);
	(void)snprintf(op, sizeof(op), "{\"op\":\"lookup\",\"dir\":1,\"name\":\"%.*s\"}",
		LIMIT_NAME + 1, name);
	assert_int_equal(error_of(op), -ENAMETOOLONG);
	(void)snprintf(op, sizeof(op),
		"{\"op\":\"symlink\"," NAMED "," OWNER ",\"target\":\"%.*s\"}", LIMIT_TARGET, name);
	assert_int_equal(error_of(op), 0);
	(void)snprintf(op, sizeof(op),
		"{\"op\":\"symlink\"," NAMED "," OWNER ",\"target\":\"%.*s\"}", LIMIT_TARGET + 1,
		name);
	assert_int_equal(error_of(op), -ENAMETOOLONG);
}

static void tells_what_may_free_bytes(void **state)
{
	struct batch b = good_op("{\"op\":\"unlink\"," NAMED "}");

	(void)state;
	assert_true(b.frees);
	batch_release(&b);
	b = good_op("{\"op\":\"mkdir\"," NAMED "," OWNER "}");
	assert_true(b.changes);
	assert_false(b.frees);
	batch_release(&b);
}

static const char *emitted(struct buf *b, const char *bytes, size_t len)
{
	buf_clear(b);
	emit_bytes(b, bytes, len);
	return buf_str(b);
}

static void writes_names(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	assert_string_equal(emitted(&b, "plain", 5), "\"plain\"");
	assert_string_equal(emitted(&b, "a\"b\\c", 5), "\"a\\\"b\\\\c\"");
	assert_string_equal(emitted(&b, "\xff%\n", 3), "\"%FF%25%0A\"");
	assert_string_equal(emitted(&b, "\xc3\xa9", 2), "\"\xc3\xa9\"");
	assert_string_equal(emitted(&b, "", 0), "\"\"");
	buf_clear(&b);
	emit_text(&b, "a\x01\xff\"");
	assert_string_equal(buf_str(&b), "\"a\\u0001\xef\xbf\xbd\\\"\"");
	buf_release(&b);
}

static void writes_times_and_numbers(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	emit_time(&b, -1);
	emit_time(&b, 1500000000);
	emit_time(&b, -2000000000);
	emit_u64(&b, UINT64_MAX);
	emit_u64(&b, 0);
	assert_string_equal(buf_str(&b), "[-1,999999999][1,500000000][-2,0]184467440737095516150");
	buf_release(&b);
}

static void writes_attributes(void **state)
{
	struct attr a = { .id = 33,
		.mode = S_IFREG | 0644,
		.uid = 1,
		.gid = 2,
		.nlink = 1,
		.size = 9,
		.allocated = 9,
		.mtime = 1,
		.stamp = 0x195453810d2b8e80,
		.etag = "00",
		.node = "node1" };
	struct buf b = BUF_INIT;
	cJSON *root = NULL;

	(void)state;
	emit_attr(&b, &a, "http://h:1");
	assert_string_equal(buf_str(&b),
		"{\"id\":33,\"mode\":33188,\"uid\":1,\"gid\":2,\"nlink\":1,\"size\":9,\"rdev\":0,"
		"\"atime\":[0,0],\"mtime\":[0,1],\"ctime\":[0,0],\"stamp\":\"195453810d2b8e80\","
		"\"etag\":\"00\",\"node\":\"node1\",\"uri\":\"http://h:1\"}");
	a = (struct attr){ .id = 2, .mode = S_IFLNK | 0777, .target = "\"\xff" };
	buf_clear(&b);
	emit_attr(&b, &a, NULL);
	assert_int_equal(json_parse(b.data, b.len, &root), 0);
	assert_string_equal(cJSON_GetObjectItem(root, "target")->valuestring, "\"%FF");
	assert_null(cJSON_GetObjectItem(root, "stamp"));
	cJSON_Delete(root);
	buf_release(&b);
}

static void writes_contents(void **state)
{
	struct content c = {
		.id = 1, .created = "2022-08-29T06:03:24.181883+00:00", .status = "OK"
	};
	struct buf b = BUF_INIT;

	(void)state;
	emit_content(&b, &c, NULL);
	assert_string_equal(buf_str(&b),
		"\"id\":1,\"filename\":null,\"size\":0,\"uri\":null,"
		"\"created_date\":\"2022-08-29T06:03:24.181883+00:00\",\"status\":\"OK\","
		"\"stamp\":null,\"etag\":null,\"content_type\":null,\"node\":null,\"mtime\":[0,0],"
		"\"ctime\":[0,0]");
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_head),
		cmocka_unit_test(refuses_bad_heads),
		cmocka_unit_test(limits_operations_and_depth),
		cmocka_unit_test(reads_names_as_bytes),
		cmocka_unit_test(reads_what_is_made),
		cmocka_unit_test(reads_changes),
		cmocka_unit_test(reads_readdir),
		cmocka_unit_test(names_operation_and_field),
		cmocka_unit_test(some_names_are_the_operations_error),
		cmocka_unit_test(tells_what_may_free_bytes),
		cmocka_unit_test(writes_names),
		cmocka_unit_test(writes_times_and_numbers),
		cmocka_unit_test(writes_attributes),
		cmocka_unit_test(writes_contents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
