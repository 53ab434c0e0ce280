#include "common/clock.h"
#include "node/store.h"
#include "temp_dir.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MAX 1000

struct fixture {
	struct temp_dir dir;
	struct store *store;
};

static void start(struct fixture *f)
{
	const struct store_conf conf = { .path = f->dir.path, .max = MAX, .trash_ttl = 3600 };
	char error[256];

	if (store_open(&conf, &f->store, error, sizeof(error)) < 0)
		fail_msg("%s", error);
}

static int setup(void **state)
{
	static struct fixture f;

	temp_dir_make(&f.dir);
	start(&f);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	store_close(&f->store);
	temp_dir_remove(&f->dir);
	return 0;
}

static struct usage_view usage_of(struct fixture *f)
{
	struct usage_view v;

	usage_read(&f->store->usage, &v);
	return v;
}

/* Brings `size` bytes as far as pending. */
static struct pending pend(
	struct fixture *f, uint64_t id, uint64_t stamp, size_t size, bool durable)
{
	struct blob_meta m = { .type = "text/plain", .mtime = 1 };
	struct pending p = { .stamp = stamp, .id = id, .size = size };
	struct blob_write w;
	char bytes[MAX];

	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(store_reserve(f->store, size), 0);
	assert_int_equal(blob_begin(&f->store->folder, &w), 0);
	assert_int_equal(store_append(f->store, &w, bytes, size), 0);
	assert_int_equal(blob_seal(&w, &m), 0);
	assert_int_equal(store_pend(f->store, &w, &p, durable), 0);
	blob_abort(&w);
	return p;
}

static void put(struct fixture *f, uint64_t id, uint64_t stamp, size_t size)
{
	struct pending p = pend(f, id, stamp, size, true);

	assert_int_equal(store_publish(f->store, &p, id, -1), 0);
}

static int get(struct fixture *f, uint64_t id, uint64_t stamp)
{
	struct blob_read b;
	int rc = store_read(f->store, id, stamp, &b);

	if (rc < 0)
		return rc;
	close(b.fd);
	return (int)b.meta.size;
}

static void published_blob_is_current(void **state)
{
	struct fixture *f = *state;

	put(f, 33, 0x10, 5);
	assert_int_equal(get(f, 33, 0), 5);
	assert_int_equal(get(f, 33, 0x10), 5);
	assert_int_equal(get(f, 33, 0x11), -ENOENT);
	assert_int_equal(get(f, 34, 0), -ENOENT);
	assert_int_equal(temp_dir_size(&f->dir, "21/33.0.0000000000000010"), 5);
	assert_int_equal(usage_of(f).live, 5);
	assert_int_equal(usage_of(f).reserved, 0);
}

static void empty_blob_is_a_blob(void **state)
{
	struct fixture *f = *state;

	put(f, 33, 0x10, 0);
	assert_int_equal(get(f, 33, 0), 0);
	assert_int_equal(usage_of(f).contents, 1);
}

static void replaced_version_stays_readable_by_stamp(void **state)
{
	struct fixture *f = *state;
	struct blob_name old = { .id = 33, .stamp = 0x10 };

	put(f, 33, 0x10, 5);
	put(f, 33, 0x20, 7);
	assert_int_equal(store_retire(f->store, &old), 0);
	assert_int_equal(store_retire(f->store, &old), -ENOENT);
	assert_int_equal(get(f, 33, 0), 7);
	assert_int_equal(get(f, 33, 0x10), 5);
	assert_int_equal(usage_of(f).live, 7);
	assert_int_equal(usage_of(f).trash, 5);
	trash_expire(f->store->trash, clock_real_ns());
	assert_int_equal(get(f, 33, 0x10), -ENOENT);
	assert_int_equal(usage_of(f).trash, 0);
	assert_int_equal(get(f, 33, 0), 7);
}

static void pending_is_not_served_and_drop_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct pending p = pend(f, 0, 0x10, 5, false);
	struct blob_read b;

	assert_int_equal(get(f, 33, 0), -ENOENT);
	assert_int_equal(store_read_pending(f->store, 33, 0x10, &b), 0);
	close(b.fd);
	assert_int_equal(usage_of(f).reserved, 5);
	assert_int_equal(temp_dir_size(&f->dir, "tmp/pending.0000000000000010.0"), 5);
	store_drop(f->store, &p);
	assert_int_equal(usage_of(f).reserved, 0);
	assert_int_equal(temp_dir_size(&f->dir, "tmp/pending.0000000000000010.0"), -1);
}

static void same_version_twice_counts_once(void **state)
{
	struct fixture *f = *state;

	put(f, 33, 0x10, 5);
	put(f, 33, 0x10, 5);
	assert_int_equal(usage_of(f).live, 5);
	assert_int_equal(usage_of(f).reserved, 0);
	assert_int_equal(get(f, 33, 0), 5);
}

static void room_is_taken_from_the_trash_oldest_first(void **state)
{
	struct fixture *f = *state;

	put(f, 1, 0x10, 400);
	put(f, 2, 0x20, 400);
	assert_int_equal(store_reserve(f->store, 201), -ENOSPC);
	assert_int_equal(store_retire_all(f->store, 1, 0), 0);
	assert_int_equal(store_retire_all(f->store, 2, 0), 0);
	assert_int_equal(store_reserve(f->store, 201), 0);
	assert_int_equal(get(f, 1, 0x10), -ENOENT);
	assert_int_equal(get(f, 2, 0x20), 400);
	assert_int_equal(store_reserve(f->store, 800), -ENOSPC);
	assert_int_equal(usage_of(f).reserved, 201);
	usage_unreserve(&f->store->usage, 201);
}

static void superseded_before_it_was_published_goes_to_the_trash(void **state)
{
	struct fixture *f = *state;
	struct pending p;

	put(f, 33, 0x20, 7);
	assert_int_equal(claim_take(&f->store->claims, 0x10, clock_ms()), 0);
	assert_int_equal(claim_take(&f->store->claims, 0x10, clock_ms()), -EBUSY);
	p = pend(f, 33, 0x10, 5, true);
	assert_true(claim_supersede(&f->store->claims, 0x10));
	assert_false(claim_supersede(&f->store->claims, 0x11));
	assert_int_equal(store_publish(f->store, &p, 33, -1), 0);
	claim_drop(&f->store->claims, 0x10);
	assert_int_equal(get(f, 33, 0), 7);
	assert_int_equal(usage_of(f).trash, 5);
}

static void restart_counts_what_is_on_disk(void **state)
{
	struct fixture *f = *state;
	struct blob_name old = { .id = 33, .stamp = 0x10 };
	struct blob_write w;

	put(f, 33, 0x10, 5);
	put(f, 33, 0x20, 7);
	put(f, 289, 0x30, 11); /* the same directory */
	assert_int_equal(store_retire(f->store, &old), 0);
	(void)pend(f, 0, 0x40, 13, true);
	(void)pend(f, 289, 0x50, 17, true);
	assert_int_equal(blob_begin(&f->store->folder, &w), 0);
	assert_int_equal(blob_append(&w, "left over", 9), 0);
	w.temp[0] = 0; /* as a crash would leave it */
	blob_abort(&w);
	store_close(&f->store);

	start(f);
	assert_int_equal(usage_of(f).live, 18);
	assert_int_equal(usage_of(f).trash, 5);
	assert_int_equal(usage_of(f).reserved, 30);
	assert_int_equal(usage_of(f).contents, 2);
	assert_int_equal(f->store->n_leftovers, 2);
	assert_int_equal(get(f, 33, 0), 7);
	assert_int_equal(get(f, 33, 0x10), 5);
	assert_int_equal(get(f, 289, 0), -EAGAIN); /* a replacement waits for dist's word */
	assert_int_equal(temp_dir_size(&f->dir, "tmp/up.0"), -1);
}

static void several_versions_after_a_crash_newest_first(void **state)
{
	struct fixture *f = *state;

	put(f, 33, 0x20, 7);
	put(f, 33, 0x10, 5);
	store_close(&f->store);
	start(f);
	assert_int_equal(get(f, 33, 0), 7);
}

static void sync_reports_success(void **state)
{
	struct fixture *f = *state;
	struct blob_read b;

	put(f, 33, 0x10, 5);
	assert_int_equal(store_read(f->store, 33, 0, &b), 0);
	for (int i = 0; i < 200; i++) /* more than are synced one by one */
		syncer_later(f->store->syncer, b.fd, 33);
	close(b.fd);
	assert_int_equal(syncer_now(f->store->syncer), 0);
	assert_int_equal(syncer_tmp(f->store->syncer), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(published_blob_is_current),
		TEST(empty_blob_is_a_blob),
		TEST(replaced_version_stays_readable_by_stamp),
		TEST(pending_is_not_served_and_drop_leaves_nothing),
		TEST(same_version_twice_counts_once),
		TEST(room_is_taken_from_the_trash_oldest_first),
		TEST(superseded_before_it_was_published_goes_to_the_trash),
		TEST(restart_counts_what_is_on_disk),
		TEST(several_versions_after_a_crash_newest_first),
		TEST(sync_reports_success),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
