#include "cdnfs/wire_xattr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include "common/base.h"
#include <cmocka.h>
#include <errno.h>
#include <string.h>

static int parse(const char *text, struct xattrs **out)
{
	cJSON *o = cJSON_Parse(text);
	int rc;

	assert_non_null(o);
	rc = wire_xattrs(o, out);
	cJSON_Delete(o);
	return rc;
}

static void test_a_list(void **state)
{
	struct buf out = BUF_INIT;
	struct xattrs *x;

	(void)state;
	assert_int_equal(parse("{\"xattrs\":[{\"name\":\"user.%FF\",\"value\":\"AAE=\"},"
			       "{\"name\":\"user.long\"},{\"name\":\"user.none\",\"value\":\"\"}]}",
				 &x),
		0);
	assert_int_equal(xattrs_value(x, "user.\xff", &out), 0);
	assert_int_equal(out.len, 2);
	assert_memory_equal(out.data, "\0\1", 2);
	assert_int_equal(xattrs_value(x, "user.long", &out), -EOVERFLOW);
	assert_int_equal(xattrs_value(x, "user.", &out), -ENODATA);
	buf_clear(&out);
	assert_int_equal(xattrs_value(x, "user.none", &out), 0);
	assert_int_equal(out.len, 0);
	xattrs_names(x, &out);
	assert_int_equal(out.len, 27);
	assert_memory_equal(out.data, "user.\xff\0user.long\0user.none", 27);
	buf_release(&out);
	xattrs_free(&x);
	assert_null(x);
	xattrs_free(&x);
}

static void test_an_empty_list(void **state)
{
	struct buf out = BUF_INIT;
	struct xattrs *x;

	(void)state;
	assert_int_equal(parse("{\"xattrs\":[]}", &x), 0);
	assert_int_equal(xattrs_value(x, "user.a", &out), -ENODATA);
	xattrs_names(x, &out);
	assert_int_equal(out.len, 0);
	xattrs_free(&x);
}

static void test_bad_lists(void **state)
{
	static const char *const rows[] = { "{}", "{\"xattrs\":{}}", "{\"xattrs\":[1]}",
		"{\"xattrs\":[{}]}", "{\"xattrs\":[{\"name\":\"\",\"value\":\"\"}]}",
		"{\"xattrs\":[{\"name\":\"user.%00\"}]}",
		"{\"xattrs\":[{\"name\":\"user.a\",\"value\":\"A\"}]}",
		"{\"xattrs\":[{\"name\":\"user.a\",\"value\":5}]}",
		"{\"xattrs\":[{\"name\":\"user.a\",\"value\":\"AA==\"},{\"name\":7}]}" };
	struct xattrs *x;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(parse(rows[i], &x), -EPROTO);
}

static void test_a_value(void **state)
{
	cJSON *op = cJSON_CreateObject();
	struct buf out = BUF_INIT;

	(void)state;
	wire_add_base64(op, "value", "\0a\xff", 3);
	assert_int_equal(wire_xattr(op, &out), 0);
	assert_int_equal(out.len, 3);
	assert_memory_equal(out.data, "\0a\xff", 3);
	assert_int_equal(wire_xattr(cJSON_GetObjectItemCaseSensitive(op, "value"), &out), -EPROTO);
	cJSON_Delete(op);
	op = cJSON_Parse("{\"value\":\"%%%%\"}");
	assert_int_equal(wire_xattr(op, &out), -EPROTO);
	cJSON_Delete(op);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_list),
		cmocka_unit_test(test_an_empty_list),
		cmocka_unit_test(test_bad_lists),
		cmocka_unit_test(test_a_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
