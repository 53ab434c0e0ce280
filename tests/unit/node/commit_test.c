#include "common/clock.h"
#include "fake_dist.h"
#include "node/commit.h"
#include "node/resolve.h"
#include "temp_dir.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#define DIST_MS 300

struct fixture {
	struct temp_dir dir;
	struct fake_dist fake;
	struct node node;
};

static void start(struct fixture *f)
{
	const struct store_conf store = { .path = f->dir.path, .max = 1000, .trash_ttl = 3600 };
	const struct dist_conf dist = {
		.base = f->fake.base, .name = "node1", .timeout_ms = DIST_MS
	};
	char error[256];

	f->node = (struct node){ .scheme = "http", .dist_timeout_ms = DIST_MS };
	if (store_open(&store, &f->node.store, error, sizeof(error)) < 0)
		fail_msg("%s", error);
	assert_int_equal(dist_open(&dist, &f->node.dist), 0);
	assert_int_equal(resolve_open(f->node.store, f->node.dist, 0, &f->node.resolve), 0);
}

static void stop(struct fixture *f)
{
	dist_stop(f->node.dist);
	resolve_close(&f->node.resolve);
	dist_close(&f->node.dist);
	store_close(&f->node.store);
}

static int setup(void **state)
{
	static struct fixture f;

	temp_dir_make(&f.dir);
	fake_open(&f.fake);
	start(&f);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	stop(f);
	fake_close(&f->fake);
	temp_dir_remove(&f->dir);
	return 0;
}

static struct commit_result upload(
	struct fixture *f, uint64_t id, uint64_t stamp, const char *bytes, const char *path)
{
	struct blob_write w;
	struct commit c = { .id = id,
		.blob = &w,
		.stamp = stamp,
		.durable = true,
		.path = path,
		.path_len = path ? strlen(path) : 0,
		.uri = "http://127.0.0.1:8001",
		.meta = { .type = "text/plain", .name = "n", .name_len = 1, .mtime = 1 } };
	struct commit_result result;

	assert_int_equal(store_reserve(f->node.store, 100), 0);
	c.reserved = 100;
	assert_int_equal(blob_begin(&f->node.store->folder, &w), 0);
	assert_int_equal(store_append(f->node.store, &w, bytes, strlen(bytes)), 0);
	commit_run(&f->node, &c, &result);
	blob_abort(&w);
	usage_unreserve(&f->node.store->usage, c.reserved);
	return result;
}

static int get(struct fixture *f, uint64_t id, uint64_t stamp)
{
	struct blob_read b;
	int rc = store_read(f->node.store, id, stamp, &b);

	if (rc < 0)
		return rc;
	close(b.fd);
	return (int)b.meta.size;
}

static struct usage_view usage_of(struct fixture *f)
{
	struct usage_view v;

	usage_read(&f->node.store->usage, &v);
	return v;
}

static void assert_nothing_stored(struct fixture *f)
{
	assert_int_equal(usage_of(f).live, 0);
	assert_int_equal(usage_of(f).reserved, 0);
	assert_int_equal(temp_dir_size(&f->dir, "tmp/pending.0000000000000010.0"), -1);
}

static void wait_settled(struct fixture *f)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	int64_t deadline = clock_ms() + 10000;

	while (resolve_waiting(f->node.resolve) > 0) {
		assert_true(clock_ms() < deadline);
		nanosleep(&pause, NULL);
	}
}

static void new_content(void **state)
{
	struct fixture *f = *state;
	struct commit_result r = upload(f, 0, 0x10, "hello", NULL);

	assert_int_equal(r.status, 200);
	assert_int_equal(r.record.id, 1);
	assert_int_equal(r.record.stamp, 0x10);
	assert_int_equal(r.record.size, 5);
	assert_string_equal(fake_record(&f->fake, 1, 0).filename, "n");
	assert_int_equal(get(f, 1, 0), 5);
	assert_int_equal(usage_of(f).live, 5);
	assert_int_equal(usage_of(f).reserved, 0);
}

static void repeat_answers_the_same(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(upload(f, 0, 0x10, "hello", NULL).record.id, 1);
	assert_int_equal(upload(f, 0, 0x10, "hello", NULL).record.id, 1);
	assert_int_equal(upload(f, 1, 0x20, "better", NULL).status, 200);
	assert_int_equal(upload(f, 1, 0x20, "better", NULL).status, 200);
	assert_int_equal(get(f, 1, 0), 6);
	assert_int_equal(usage_of(f).live, 6);
	assert_int_equal(usage_of(f).reserved, 0);
}

static void update_moves_the_old_to_the_trash(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(upload(f, 0, 0x10, "hello", NULL).status, 200);
	assert_int_equal(upload(f, 1, 0x20, "better", NULL).status, 200);
	assert_int_equal(get(f, 1, 0), 6);
	assert_int_equal(get(f, 1, 0x10), 5);
	assert_int_equal(usage_of(f).live, 6);
	assert_int_equal(usage_of(f).trash, 5);
}

static void update_reclaims_on_the_other_node(void **state)
{
	struct fixture *f = *state;
	struct fake_record there = { .id = 9, .stamp = 0x77, .size = 3, .node = "node2" };

	fake_record_set(&f->fake, &there);
	assert_int_equal(upload(f, 9, 0x80, "moved", NULL).status, 200);
	assert_int_equal(f->fake.reclaimed, 0x77); /* the fake is every other node, too */
}

static void refusal_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct commit_result r;

	fake_mode_set(&f->fake, FAKE_REFUSE);
	r = upload(f, 0, 0x10, "hello", NULL);
	assert_int_equal(r.status, 409);
	assert_string_equal(r.message, "fake refusal");
	assert_nothing_stored(f);
	fake_mode_set(&f->fake, FAKE_OK);
	assert_int_equal(upload(f, 77, 0x10, "hello", NULL).status, 404);
	assert_nothing_stored(f);
}

static void dist_away_leaves_nothing(void **state)
{
	struct fixture *f = *state;

	fake_mode_set(&f->fake, FAKE_BUSY);
	assert_int_equal(upload(f, 0, 0x10, "hello", NULL).status, 503);
	assert_true(fake_changes(&f->fake) > 1); /* it was tried for a while */
	assert_nothing_stored(f);
	fake_mode_set(&f->fake, FAKE_OK);
	httpd_close(&f->fake.server, 0);
	assert_int_equal(upload(f, 0, 0x10, "hello", NULL).status, 503);
	assert_nothing_stored(f);
	assert_int_equal(resolve_waiting(f->node.resolve), 0);
}

static void wrong_check_sum_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct blob_write w;
	struct commit c = { .blob = &w,
		.reserved = 5,
		.expect = "00000000000000000000000000000000",
		.meta = { .type = "text/plain" } };
	struct commit_result r;

	assert_int_equal(store_reserve(f->node.store, 5), 0);
	assert_int_equal(blob_begin(&f->node.store->folder, &w), 0);
	assert_int_equal(store_append(f->node.store, &w, "hello", 5), 0);
	commit_run(&f->node, &c, &r);
	blob_abort(&w);
	usage_unreserve(&f->node.store->usage, c.reserved);
	assert_int_equal(r.status, 422);
	assert_nothing_stored(f);
	assert_int_equal(fake_changes(&f->fake), 0);
}

static void unanswered_store_is_taken_back(void **state)
{
	struct fixture *f = *state;

	fake_mode_set(&f->fake, FAKE_MUTE_AFTER);
	assert_int_equal(upload(f, 0, 0x10, "hello", NULL).status, 503);
	assert_int_equal(fake_record(&f->fake, 0, 0x10).id, 1); /* dist did it all the same */
	assert_int_equal(resolve_waiting(f->node.resolve), 1);
	assert_int_equal(usage_of(f).reserved, 5);
	fake_mode_set(&f->fake, FAKE_OK);
	wait_settled(f);
	assert_int_equal(fake_record(&f->fake, 0, 0x10).id, 0);
	assert_nothing_stored(f);
	assert_int_equal(
		upload(f, 0, 0x10, "hello", NULL).status, 200); /* the stamp is free again */
}

static void unanswered_and_not_done_is_dropped(void **state)
{
	struct fixture *f = *state;

	fake_mode_set(&f->fake, FAKE_MUTE_BEFORE);
	assert_int_equal(upload(f, 0, 0x10, "hello", NULL).status, 503);
	fake_mode_set(&f->fake, FAKE_OK);
	wait_settled(f);
	assert_nothing_stored(f);
}

static void unanswered_update_that_was_done_is_published(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(upload(f, 0, 0x10, "hello", NULL).status, 200);
	fake_mode_set(&f->fake, FAKE_MUTE_AFTER);
	assert_int_equal(upload(f, 1, 0x20, "better", NULL).status, 503);
	assert_int_equal(get(f, 1, 0), -EAGAIN); /* only dist knows which is current */
	fake_mode_set(&f->fake, FAKE_OK);
	wait_settled(f);
	assert_int_equal(get(f, 1, 0), 6);
	assert_int_equal(usage_of(f).live, 6);
	assert_int_equal(usage_of(f).reserved, 0);
}

static void store_over_a_path_is_never_deleted(void **state)
{
	struct fixture *f = *state;

	fake_mode_set(&f->fake, FAKE_MUTE_AFTER);
	assert_int_equal(upload(f, 0, 0x10, "hello", "/a/file").status, 503);
	fake_mode_set(&f->fake, FAKE_OK);
	wait_settled(f);
	assert_int_equal(fake_record(&f->fake, 0, 0x10).id, 1);
	assert_int_equal(get(f, 1, 0), 5);
}

static void garbage_for_an_answer_is_unknown(void **state)
{
	struct fixture *f = *state;

	fake_mode_set(&f->fake, FAKE_BROKEN_ANSWER);
	assert_int_equal(upload(f, 0, 0x10, "hello", NULL).status, 503);
	fake_mode_set(&f->fake, FAKE_OK);
	wait_settled(f);
	assert_nothing_stored(f);
}

/* Leaves what a crash between pending and published leaves. */
static void crash_pending(struct fixture *f, uint64_t id, uint64_t stamp)
{
	struct blob_meta m = { .type = "text/plain" };
	struct pending p = { .stamp = stamp, .id = id, .size = 5 };
	struct blob_write w;

	assert_int_equal(store_reserve(f->node.store, 5), 0);
	assert_int_equal(blob_begin(&f->node.store->folder, &w), 0);
	assert_int_equal(store_append(f->node.store, &w, "crash", 5), 0);
	assert_int_equal(blob_seal(&w, &m), 0);
	assert_int_equal(store_pend(f->node.store, &w, &p, true), 0);
	blob_abort(&w);
}

static void crash_leftovers_are_finished_or_dropped(void **state)
{
	struct fixture *f = *state;
	struct fake_record known = { .id = 5, .stamp = 0x50, .size = 5, .node = "node1" };

	fake_record_set(&f->fake, &known);
	crash_pending(f, 0, 0x50);
	crash_pending(f, 0, 0x60);
	stop(f);
	start(f);
	wait_settled(f);
	assert_int_equal(get(f, 5, 0), 5);
	assert_int_equal(usage_of(f).live, 5);
	assert_int_equal(usage_of(f).reserved, 0);
	assert_int_equal(temp_dir_size(&f->dir, "tmp/pending.0000000000000060.0"), -1);
}

static void several_live_versions_keep_the_registered(void **state)
{
	struct fixture *f = *state;
	struct fake_record known = { .id = 5, .stamp = 0x50, .size = 5, .node = "node1" };

	for (uint64_t stamp = 0x40; stamp <= 0x60; stamp += 0x10) {
		crash_pending(f, 5, stamp);
		assert_int_equal(
			store_publish(f->node.store,
				&(struct pending){ .stamp = stamp, .id = 5, .size = 5 }, 5, -1),
			0);
	}
	fake_record_set(&f->fake, &known);
	fake_mode_set(&f->fake, FAKE_BUSY);
	stop(f);
	start(f);
	assert_int_equal(get(f, 5, 0), -EAGAIN);
	fake_mode_set(&f->fake, FAKE_OK);
	wait_settled(f);
	assert_int_equal(usage_of(f).live, 5);
	assert_int_equal(usage_of(f).trash, 10);
	assert_int_equal(get(f, 5, 0), 5);
	assert_true(index_has(&f->node.store->index, 5, 0, 0x50));
}

struct racer {
	struct fixture *f;
	pthread_t thread;
	uint64_t id, first;
	int won;
};

static void *race(void *arg)
{
	struct racer *r = arg;

	for (uint64_t i = 0; i < 20; i++)
		r->won += upload(r->f, r->id, r->first + i, "racing", NULL).status == 200;
	return NULL;
}

/* Four threads replace one content: what dist has last is what is served, all else is in the trash. */
static void racing_updates_agree_with_dist(void **state)
{
	struct fixture *f = *state;
	struct racer racers[4];
	struct blob_name old = { .id = 1 };
	uint64_t stamp, last;
	uint32_t part;

	assert_int_equal(upload(f, 0, 0x10, "first", NULL).status, 200);
	for (size_t i = 0; i < 4; i++) {
		racers[i] = (struct racer){ .f = f, .id = 1, .first = 0x1000 * (i + 1) };
		assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
	}
	for (size_t i = 0; i < 4; i++) {
		pthread_join(racers[i].thread, NULL);
		assert_int_equal(racers[i].won, 20);
	}
	last = fake_record(&f->fake, 1, 0).stamp;
	assert_int_equal(index_current(&f->node.store->index, 1, &stamp), 0);
	assert_int_equal(stamp, last);
	assert_int_equal(index_other(&f->node.store->index, 1, last, &part, &old.stamp), -ENOENT);
	assert_int_equal(usage_of(f).contents, 1);
	assert_int_equal(usage_of(f).live, 6);
	assert_int_equal(usage_of(f).reserved, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(new_content),
		TEST(repeat_answers_the_same),
		TEST(update_moves_the_old_to_the_trash),
		TEST(update_reclaims_on_the_other_node),
		TEST(refusal_leaves_nothing),
		TEST(dist_away_leaves_nothing),
		TEST(wrong_check_sum_leaves_nothing),
		TEST(unanswered_store_is_taken_back),
		TEST(unanswered_and_not_done_is_dropped),
		TEST(unanswered_update_that_was_done_is_published),
		TEST(store_over_a_path_is_never_deleted),
		TEST(garbage_for_an_answer_is_unknown),
		TEST(crash_leftovers_are_finished_or_dropped),
		TEST(several_live_versions_keep_the_registered),
		TEST(racing_updates_agree_with_dist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
