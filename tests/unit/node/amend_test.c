#include "node/amend.h"
#include "temp_dir.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct fixture {
	struct temp_dir dir;
	struct store *store;
	struct blob_write base, spool, made;
	struct changes changes;
};

static int spool_data(void *ctx, const void *data, size_t len)
{
	return blob_append(ctx, data, len);
}

static int setup(void **state)
{
	static struct fixture f;
	struct store_conf conf = { .path = f.dir.path, .max = 1U << 30, .trash_ttl = 3600 };
	char error[256];

	temp_dir_make(&f.dir);
	if (store_open(&conf, &f.store, error, sizeof(error)) < 0)
		fail_msg("%s", error);
	assert_int_equal(blob_begin(&f.store->folder, &f.base), 0);
	assert_int_equal(blob_begin(&f.store->folder, &f.spool), 0);
	assert_int_equal(blob_begin(&f.store->folder, &f.made), 0);
	changes_init(&f.changes, spool_data, &f.spool);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	changes_release(&f->changes);
	blob_abort(&f->base);
	blob_abort(&f->spool);
	blob_abort(&f->made);
	store_close(&f->store);
	temp_dir_remove(&f->dir);
	return 0;
}

static void feed(struct fixture *f, const char *text)
{
	assert_int_equal(changes_feed(&f->changes, text, strlen(text)), 0);
}

static int run(struct fixture *f, bool with_base)
{
	assert_int_equal(changes_finish(&f->changes), 0);
	return amend(f->store, with_base ? f->base.fd : -1, &f->changes, f->spool.fd, &f->made);
}

static void check(struct fixture *f, const char *want, size_t len)
{
	char *got = malloc(len + 1), etag[HASH_TEXT], expected[HASH_TEXT];

	assert_non_null(got);
	assert_int_equal(f->made.size, len);
	assert_int_equal(pread(f->made.fd, got, len + 1, 0), len);
	assert_memory_equal(got, want, len);
	hash_text(f->made.hash, etag);
	hash_bytes(want, len, expected);
	assert_string_equal(etag, expected);
	free(got);
}

static void test_nothing_becomes_something(void **state)
{
	feed(*state, "write 2 2\nabappend 1\nczero 6 2\n");
	assert_int_equal(run(*state, false), 0);
	check(*state, "\0\0abc\0\0\0", 8);
}

static void test_the_old_version_stays_as_it_is(void **state)
{
	struct fixture *f = *state;
	char was[10];

	assert_int_equal(blob_append(&f->base, "0123456789", 10), 0);
	feed(f, "write 1 2\nabtruncate 8\nzero 4 1\nappend 2\nyzgrow 11\n");
	assert_int_equal(run(f, true), 0);
	check(f,
		"0ab3\0"
		"567yz\0",
		11);
	assert_int_equal(pread(f->base.fd, was, 10, 0), 10);
	assert_memory_equal(was, "0123456789", 10);
}

static void test_what_is_cut_off_first_is_not_copied(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(blob_append(&f->base, "0123456789", 10), 0);
	feed(f, "truncate 3\ngrow 5\n");
	assert_int_equal(run(f, true), 0);
	check(f, "012\0\0", 5);
}

static void test_holes_stay_holes(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	assert_int_equal(ftruncate(f->base.fd, 64 << 20), 0);
	assert_int_equal(pwrite(f->base.fd, "x", 1, 32 << 20), 1);
	feed(f, "write 5 1\ny");
	assert_int_equal(run(f, true), 0);
	assert_int_equal(f->made.size, 64 << 20);
	assert_int_equal(fstat(f->made.fd, &st), 0);
	assert_true(st.st_blocks * 512 < 1 << 20);
}

static void test_copy_from_a_version(void **state)
{
	struct fixture *f = *state;
	struct pending p = { .stamp = 0xff, .size = 10 };
	struct blob_meta m = { .type = "text/plain" };
	struct blob_write source;

	assert_int_equal(store_reserve(f->store, 10), 0);
	assert_int_equal(blob_begin(&f->store->folder, &source), 0);
	assert_int_equal(blob_append(&source, "0123456789", 10), 0);
	assert_int_equal(blob_seal(&source, &m), 0);
	assert_int_equal(store_pend(f->store, &source, &p, false), 0);
	assert_int_equal(store_publish(f->store, &p, 7, -1), 0);
	blob_abort(&source);
	feed(f, "copy 1 3 7 00000000000000ff 7\n");
	assert_int_equal(run(f, false), 0);
	check(f,
		"\0"
		"789",
		4);
}

static void test_copy_of_what_is_not_held(void **state)
{
	feed(*state, "copy 0 3 7 00000000000000ff 8\n");
	assert_int_equal(run(*state, false), -ESTALE);
}

/* What is known of a section that was not changed is not read again. */
static void test_sections_that_stay_are_not_read(void **state)
{
	struct fixture *f = *state;
	struct blob_meta m = { .type = "text/plain" };
	struct blob_sections s;
	char sum[HASH_TEXT];
	off_t size = 3LL * HASH_SECTION + 10;

	assert_int_equal(ftruncate(f->base.fd, size), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pwrite(f->base.fd, "x", 1, i * (off_t)HASH_SECTION), 1);
	assert_int_equal(blob_recount(&f->base, NULL), 0);
	assert_int_equal(blob_seal(&f->base, &m), 0);
	blob_sections_read(f->base.fd, &s);
	assert_int_equal(s.n, 3);
	feed(f, "write 67108870 1\nytruncate 134217736\ngrow 201326602\n");
	assert_int_equal(run(f, true), 0);
	hash_text(f->made.hash, sum);
	assert_int_equal(blob_recount(&f->made, NULL), 0); /* all of it, read */
	assert_true(hash_is(f->made.hash, sum));
	/* were section 0 damaged, its digest would still be what was stored */
	assert_int_equal(pwrite(f->made.fd, "z", 1, 5), 1);
	blob_sections_change(&s, HASH_SECTION, (uint64_t)size);
	assert_int_equal(blob_recount(&f->made, &s), 0);
	assert_true(hash_is(f->made.hash, sum));
	assert_int_equal(blob_recount(&f->made, NULL), 0);
	assert_false(hash_is(f->made.hash, sum));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { T(test_nothing_becomes_something),
		T(test_the_old_version_stays_as_it_is), T(test_what_is_cut_off_first_is_not_copied),
		T(test_holes_stay_holes), T(test_sections_that_stay_are_not_read),
		T(test_copy_from_a_version), T(test_copy_of_what_is_not_held) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
