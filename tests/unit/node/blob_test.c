#include "node/blob.h"
#include "temp_dir.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct fixture {
	struct temp_dir dir;
	struct folder folder;
};

static int setup(void **state)
{
	static struct fixture f;
	char error[256];

	temp_dir_make(&f.dir);
	*state = &f;
	return folder_open(&f.folder, f.dir.path, error, sizeof(error));
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	folder_close(&f->folder);
	temp_dir_remove(&f->dir);
	return 0;
}

static void names_are_read_as_written(void **state)
{
	static const char *const bad[] = { "", "33", "33.0", "33.0.", "0.0.0000000000000001",
		"033.0.0000000000000001", "33.00.0000000000000001", "33.0.000000000000000G",
		"33.0.0000000000000000", "33.0.00000000000000011", "-3.0.0000000000000001",
		"../33.0.0000000000000001", "33.4294967296.0000000000000001",
		"9007199254740992.0.0000000000000001", "33.0.0000000000000001.x" };
	struct blob_name n = { 33, 0, 0x1234 }, got;
	char text[BLOB_NAME];
	uint64_t stamp, id;

	(void)state;
	blob_name_format(&n, text);
	assert_string_equal(text, "33.0.0000000000001234");
	assert_int_equal(blob_name_parse(text, &got), 0);
	assert_int_equal(got.id, 33);
	assert_int_equal(got.stamp, 0x1234);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(blob_name_parse(bad[i], &got), -EINVAL);
	pending_name_format(0x1234, 0, text);
	assert_int_equal(pending_name_parse(text, &stamp, &id), 0);
	assert_int_equal(stamp, 0x1234);
	assert_int_equal(id, 0);
	assert_int_equal(pending_name_parse("pending.", &stamp, &id), -EINVAL);
	assert_int_equal(pending_name_parse("pending.0000000000001234.", &stamp, &id), -EINVAL);
	assert_int_equal(pending_name_parse("up.1", &stamp, &id), -EINVAL);
}

static void metadata_survives_any_name(void **state)
{
	struct blob_meta m = { .etag = "0123456789abcdef0123456789abcdef",
		.size = 5,
		.mtime = -1500000000,
		.type = "text/plain; charset=utf-8",
		.name = "a\nb\xff \n",
		.name_len = 6 },
			 got;
	char text[BLOB_META_MAX];
	size_t len = blob_meta_format(&m, text);

	(void)state;
	assert_int_equal(blob_meta_parse(text, len, &got), 0);
	assert_memory_equal(&m, &got, sizeof(m));
	for (size_t i = 0; i < len - m.name_len; i++)
		assert_int_equal(blob_meta_parse(text, i, &got), -EINVAL);
	text[0] = '2';
	assert_int_equal(blob_meta_parse(text, len, &got), -EINVAL);
}

static void written_blob_reads_back(void **state)
{
	struct fixture *f = *state;
	struct blob_meta m = { .mtime = 1, .type = "text/plain", .name = "x", .name_len = 1 };
	struct blob_write w;
	struct blob_read r;
	char bytes[8], name[BLOB_NAME];

	assert_int_equal(blob_begin(&f->folder, &w), 0);
	strcpy(name, w.temp);
	assert_int_equal(blob_append(&w, "hel", 3), 0);
	assert_int_equal(blob_append(&w, "lo", 2), 0);
	assert_int_equal(blob_seal(&w, &m), 0);
	assert_string_equal(m.etag, "b5e9c1ad071b3e7fc779cfaa5e523818"); /* xxh128sum of hello */
	assert_int_equal(blob_open(f->folder.tmp, name, &r), 0);
	assert_int_equal(pread(r.fd, bytes, 8, 0), 5);
	assert_memory_equal(bytes, "hello", 5);
	assert_memory_equal(&r.meta, &m, sizeof(m));
	close(r.fd);
	blob_abort(&w);
	assert_int_equal(blob_open(f->folder.tmp, name, &r), -ENOENT);
}

static void shortened_blob_is_refused(void **state)
{
	struct fixture *f = *state;
	struct blob_meta m = { .type = "text/plain" };
	struct blob_write w;
	struct blob_read r;

	assert_int_equal(blob_begin(&f->folder, &w), 0);
	assert_int_equal(blob_append(&w, "hello", 5), 0);
	assert_int_equal(blob_open(f->folder.tmp, w.temp, &r), -EIO); /* no metadata yet */
	assert_int_equal(blob_seal(&w, &m), 0);
	assert_int_equal(ftruncate(w.fd, 4), 0);
	assert_int_equal(blob_open(f->folder.tmp, w.temp, &r), -EIO);
	blob_abort(&w);
}

static void second_node_on_the_folder_is_refused(void **state)
{
	struct fixture *f = *state;
	struct folder second;
	char error[256];

	assert_true(folder_open(&second, f->dir.path, error, sizeof(error)) < 0);
	assert_non_null(strstr(error, "another node"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_read_as_written),
		cmocka_unit_test(metadata_survives_any_name),
		cmocka_unit_test_setup_teardown(written_blob_reads_back, setup, teardown),
		cmocka_unit_test_setup_teardown(shortened_blob_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			second_node_on_the_folder_is_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
