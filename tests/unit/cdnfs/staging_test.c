#include "cdnfs/staging.h"

#include "cdnfs/staging_dir.h"
#include "cdnfs/staging_stream.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the four above */
#include "common/base.h"
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct staging_dir *dir;

static int setup(void **state)
{
	char error[200];
	struct staged *s;

	assert_int_equal(staging_dir_open("/var/tmp", &dir, error, sizeof(error)), 0);
	assert_int_equal(staged_open(dir, &s), 0);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct staged *s = *state;

	staged_close(&s);
	assert_null(s);
	staging_dir_close(&dir);
	return 0;
}

/* Based on version `stamp`, whose bytes are text. */
static const char *base_text;

static void begin(struct staged *s, const char *text, uint64_t stamp)
{
	base_text = text;
	staged_begin(s, &(struct version){ .stamp = stamp, .size = strlen(text) });
}

/* Reads it all as view.c does. */
static size_t read_all(struct staged *s, char *data, size_t len, uint64_t off)
{
	size_t done = 0, missing;
	struct version base;

	while (done < len) {
		ssize_t n = staged_read(s, data + done, len - done, off + done, &base, &missing);

		if (n == -EAGAIN) { /* nothing is here: it is the base */
			if (done)
				break;
			n = -ENODATA;
			missing = strlen(base_text) > off ? strlen(base_text) - off : 0;
		}
		if (n == -ENODATA) {
			assert_true(off + done + missing <= strlen(base_text));
			memcpy(data + done, base_text + off + done, missing);
			n = (ssize_t)missing;
		}
		assert_true(n >= 0);
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return done;
}

static void check_read(struct staged *s, uint64_t off, const char *want)
{
	char data[64];

	assert_int_equal(read_all(s, data, sizeof(data), off), strlen(want));
	assert_memory_equal(data, want, strlen(want));
}

static ssize_t read_one(struct staged *s)
{
	struct version base;
	size_t missing;
	char c;

	return staged_read(s, &c, 1, 0, &base, &missing);
}

static struct staged_job send(struct staged *s)
{
	struct staged_job job;

	assert_int_equal(staged_send_begin(s, &job), 1);
	return job;
}

static void stored(struct staged *s, enum staged_end how, uint64_t stamp, uint64_t size)
{
	staged_send_end(s, how, &(struct version){ .stamp = stamp, .size = size });
}

static bool is_dirty(struct staged *s, uint64_t want)
{
	uint64_t size;
	int64_t mtime;

	if (!staged_dirty(s, &size, &mtime))
		return false;
	assert_int_equal(size, want);
	return true;
}

static void test_new_has_nothing(void **state)
{
	assert_int_equal(read_one(*state), -EAGAIN);
	assert_int_equal(staged_write(*state, "x", 1, 0, false, 1), -EAGAIN);
	assert_int_equal(staged_truncate(*state, 1, 1), -EAGAIN);
	assert_int_equal(staged_grow(*state, 1, 1), -EAGAIN);
	assert_int_equal(staged_zero(*state, 0, 1, false, 1), -EAGAIN);
	assert_int_equal(staged_join(*state, "x", 1, 0), -EAGAIN);
}

static void test_begin_then_write(void **state)
{
	struct staged_job job;
	uint64_t size;
	int64_t mtime;

	begin(*state, "hello world", 7);
	assert_int_equal(read_one(*state), -EAGAIN);
	assert_false(is_dirty(*state, 0));
	assert_int_equal(staged_send_begin(*state, &job), 0);
	assert_int_equal(staged_write(*state, "HE", 2, 0, false, 42), 0);
	assert_int_equal(staged_write(*state, "W", 1, 6, false, 43), 0);
	check_read(*state, 0, "HEllo World");
	check_read(*state, 3, "lo World");
	assert_true(staged_dirty(*state, &size, &mtime));
	assert_int_equal(size, 11);
	assert_int_equal(mtime, 43);
	job = send(*state);
	assert_int_equal(job.base.stamp, 7);
	assert_int_equal(job.size, 11);
	assert_int_equal(job.edit->dirty.n, 2);
	assert_false(job.whole);
	stored(*state, STAGED_STORED, 8, 11);
	base_text = "HEllo World";
	check_read(*state, 0, "HEllo World");
	assert_false(is_dirty(*state, 0));
}

static void test_send_failure_keeps_bytes(void **state)
{
	struct staged_job job;
	uint64_t stamp;

	begin(*state, "", 0);
	assert_int_equal(staged_write(*state, "data", 4, 0, false, 9), 0);
	job = send(*state);
	stamp = job.stamp;
	assert_int_equal(job.size, 4);
	assert_int_equal(job.mtime, 9);
	assert_true(job.whole);
	assert_true(is_dirty(*state, 4));
	stored(*state, STAGED_FAILED, 0, 0);
	assert_true(is_dirty(*state, 4));
	job = send(*state);
	assert_int_not_equal(job.stamp, stamp);
	stored(*state, STAGED_STORED, 5, 4);
	assert_false(is_dirty(*state, 0));
	check_read(*state, 0, "data");
}

static void test_set_time_goes_with_the_send(void **state)
{
	begin(*state, "", 0);
	assert_int_equal(staged_write(*state, "a", 1, 0, false, 9), 0);
	staged_set_mtime(*state, 5);
	assert_int_equal(send(*state).mtime, 5);
	stored(*state, STAGED_STORED, 1, 1);
}

static void test_holes_and_truncation(void **state)
{
	char data[8], zero[8] = { 0 };
	struct staged_job job;

	begin(*state, "abc", 3);
	assert_int_equal(staged_write(*state, "z", 1, 10, false, 1), 0);
	assert_int_equal(read_all(*state, data, 7, 3), 7);
	assert_memory_equal(data, zero, 7);
	assert_int_equal(staged_truncate(*state, 2, 1), 0);
	check_read(*state, 0, "ab");
	assert_int_equal(staged_truncate(*state, 4, 1), 0);
	assert_int_equal(read_all(*state, data, 8, 0), 4);
	assert_memory_equal(data, "ab\0\0", 4);
	assert_int_equal(read_all(*state, data, 8, 4), 0);
	job = send(*state);
	assert_int_equal(job.edit->low, 2);
	assert_int_equal(job.size, 4);
	assert_int_equal(job.edit->dirty.n, 0);
	stored(*state, STAGED_STORED, 4, 4);
}

/* Of what is sent as a whole every byte has to be there. */
static void test_zeros_reach_the_end(void **state)
{
	struct staged_job job;
	struct stat st;

	begin(*state, "abcdef", 3);
	assert_int_equal(staged_zero(*state, 0, 6, true, 1), 0);
	job = send(*state);
	assert_true(job.whole);
	assert_int_equal(fstat(job.fd, &st), 0);
	assert_int_equal(st.st_size, 6);
	stored(*state, STAGED_STORED, 4, 6);
}

static void test_grow_and_zero(void **state)
{
	char data[16];

	begin(*state, "abcdef", 3);
	assert_int_equal(staged_grow(*state, 4, 1), 0);
	assert_int_equal(staged_zero(*state, 9, 12, true, 1), 0);
	assert_false(is_dirty(*state, 0));
	assert_int_equal(staged_zero(*state, 1, 3, true, 1), 0);
	assert_int_equal(staged_zero(*state, 5, 99, true, 1), 0);
	assert_int_equal(read_all(*state, data, 16, 0), 6);
	assert_memory_equal(data, "a\0\0de\0", 6);
	assert_int_equal(staged_zero(*state, 4, 8, false, 1), 0);
	assert_int_equal(staged_grow(*state, 10, 1), 0);
	assert_int_equal(read_all(*state, data, 16, 0), 10);
	assert_memory_equal(data, "a\0\0d\0\0\0\0\0\0", 10);
	assert_int_equal(send(*state).edit->low, EDIT_NONE);
	stored(*state, STAGED_STORED, 4, 10);
}

static void test_append_goes_to_the_end(void **state)
{
	struct staged_job job;

	begin(*state, "one", 3);
	assert_int_equal(staged_write(*state, "two", 3, 0, true, 1), 0);
	assert_int_equal(staged_write(*state, "W", 1, 4, false, 1), 0);
	assert_int_equal(staged_write(*state, "three", 5, 0, true, 1), 0);
	check_read(*state, 0, "onetWothree");
	job = send(*state);
	assert_int_equal(job.edit->append, 3);
	assert_int_equal(job.edit->dirty.n, 0);
	assert_int_equal(job.size, 11);
	/* somebody appended, too */
	stored(*state, STAGED_MERGED, 9, 14);
	base_text = "one---tWothree";
	check_read(*state, 0, "one---tWothree");
	assert_false(is_dirty(*state, 0));
}

/* What may be stored already is sent again as it was, and what came after it follows. */
static void test_an_append_of_unknown_outcome_is_not_sent_as_another(void **state)
{
	struct staged_job job;
	uint64_t stamp;

	begin(*state, "one", 3);
	assert_int_equal(staged_write(*state, "two", 3, 0, true, 1), 0);
	stamp = send(*state).stamp;
	stored(*state, STAGED_UNKNOWN, 0, 0);
	assert_int_equal(staged_write(*state, "three", 5, 0, true, 1), 0);
	assert_int_equal(staged_write(*state, "O", 1, 0, false, 1), 0);
	check_read(*state, 0, "Onetwothree");
	job = send(*state);
	assert_int_equal(job.stamp, stamp);
	assert_int_equal(job.size, 6);
	assert_int_equal(job.edit->append, 3);
	stored(*state, STAGED_UNKNOWN, 0, 0);
	job = send(*state);
	assert_int_equal(job.stamp, stamp);
	stored(*state, STAGED_STORED, stamp, 6);
	base_text = "onetwo";
	assert_true(is_dirty(*state, 11));
	check_read(*state, 0, "Onetwothree");
	job = send(*state);
	assert_int_not_equal(job.stamp, stamp);
	assert_int_equal(job.size, 11);
	assert_int_equal(job.base.stamp, stamp);
	/* written where it is: a write out of the appended bytes ended them */
	assert_int_equal(job.edit->append, EDIT_NONE);
	assert_int_equal(job.edit->dirty.n, 2);
	stored(*state, STAGED_STORED, 12, 11);
	assert_false(is_dirty(*state, 0));
}

static void test_an_append_that_failed_is_part_of_the_next(void **state)
{
	struct staged_job job;

	begin(*state, "one", 3);
	assert_int_equal(staged_write(*state, "two", 3, 0, true, 1), 0);
	(void)send(*state);
	stored(*state, STAGED_FAILED, 0, 0);
	assert_int_equal(staged_write(*state, "three", 5, 0, true, 1), 0);
	job = send(*state);
	assert_int_equal(job.size, 11);
	assert_int_equal(job.edit->append, 3);
	stored(*state, STAGED_STORED, 9, 11);
}

static void test_a_base_that_is_gone(void **state)
{
	begin(*state, "old bytes", 3);
	assert_int_equal(staged_write(*state, "X", 1, 4, false, 1), 0);
	staged_rebase(*state, 99, &(struct version){ .stamp = 5, .size = 1 });
	check_read(*state, 0, "old Xytes");
	base_text = "newer bytes";
	staged_rebase(*state, 3, &(struct version){ .stamp = 5, .size = 11 });
	check_read(*state, 0, "neweX bytes");
	assert_int_equal(send(*state).base.stamp, 5);
	stored(*state, STAGED_LEFT, 0, 0);
	check_read(*state, 0, "neweX bytes");
	assert_false(is_dirty(*state, 0));
}

static void test_too_many_ranges(void **state)
{
	struct range gap = { 0, 0 };
	struct staged_job job;
	char data[12];

	begin(*state, "", 0);
	for (uint64_t i = 0; i <= STAGED_RANGES; i++) {
		assert_false(staged_crowded(*state, &gap));
		assert_int_equal(staged_write(*state, "ab", 2, 10 * i, false, 1), 0);
	}
	assert_true(staged_crowded(*state, &gap));
	assert_int_equal(gap.from, 2);
	assert_int_equal(gap.to, 10);
	assert_int_equal(staged_join(*state, "-cdefghijXY", 11, 1), 0);
	assert_false(staged_crowded(*state, &gap));
	job = send(*state);
	assert_int_equal(job.edit->dirty.n, STAGED_RANGES);
	assert_int_equal(job.edit->dirty.list[0].to, 12);
	stored(*state, STAGED_FAILED, 0, 0);
	assert_int_equal(read_all(*state, data, 12, 0), 12);
	assert_memory_equal(data, "abcdefghijab", 12); /* what was written stays */
}

static void test_retire_forgets_only_clean_older(void **state)
{
	begin(*state, "abc", 3);
	assert_int_equal(staged_write(*state, "x", 1, 0, false, 1), 0);
	(void)send(*state);
	stored(*state, STAGED_STORED, 4, 3);
	staged_retire(*state, 4);
	assert_int_equal(read_one(*state), 1);
	staged_retire(*state, 5);
	assert_int_equal(read_one(*state), -EAGAIN);
	begin(*state, "x", 5);
	assert_int_equal(staged_write(*state, "y", 1, 0, false, 1), 0);
	staged_retire(*state, 9);
	check_read(*state, 0, "y");
}

static void test_hold_empties(void **state)
{
	begin(*state, "abc", 3);
	assert_int_equal(staged_write(*state, "y", 1, 0, false, 1), 0);
	staged_hold(*state);
	staged_hold_end(*state, NULL);
	check_read(*state, 0, "ybc");
	assert_true(is_dirty(*state, 3));
	staged_hold(*state);
	staged_hold_end(*state, &(struct version){ 0 });
	assert_false(is_dirty(*state, 0));
	check_read(*state, 0, "");
	staged_hold(*state);
	staged_hold_end(*state, &(struct version){ .stamp = 4, .size = 5 });
	base_text = "other";
	check_read(*state, 0, "other");
}

static void test_hold_of_new_goes_back(void **state)
{
	staged_hold(*state);
	assert_int_equal(read_one(*state), -EAGAIN);
	staged_hold_end(*state, NULL);
	assert_int_equal(staged_write(*state, "x", 1, 0, false, 1), -EAGAIN);
}

/* A write that comes while the bytes are sent waits, and is not part of what was sent. */
static _Atomic int written;

static void *late_writer(void *arg)
{
	(void)staged_write(arg, "late", 4, 0, false, 2);
	atomic_store(&written, 1);
	return NULL;
}

static void test_writers_wait_for_the_send(void **state)
{
	struct staged_job job;
	pthread_t t;
	char data[8] = "";

	begin(*state, "", 0);
	assert_int_equal(staged_write(*state, "soon", 4, 0, false, 1), 0);
	assert_int_equal(staged_send_begin(*state, &job), 1);
	assert_int_equal(pthread_create(&t, NULL, late_writer, *state), 0);
	assert_int_equal(pread(job.fd, data, 4, 0), 4);
	assert_int_equal(atomic_load(&written), 0);
	assert_string_equal(data, "soon");
	stored(*state, STAGED_STORED, 1, 4);
	assert_int_equal(pthread_join(t, NULL), 0);
	check_read(*state, 0, "late");
	assert_int_equal(staged_send_begin(*state, &job), 1);
	stored(*state, STAGED_STORED, 2, 4);
}

#define PIECE (1 << 20)

/* New, and so many MiB of the letter c behind one another. */
static void write_long(struct staged *s, unsigned from, unsigned to, char c)
{
	char *data = malloc(PIECE);

	assert_non_null(data);
	memset(data, c, PIECE);
	for (unsigned i = from; i < to; i++)
		assert_int_equal(staged_write(s, data, PIECE, (uint64_t)i * PIECE, false, 7), 0);
	free(data);
}

static void test_a_stream_gives_what_is_stored(void **state)
{
	struct staged *s = *state;
	struct staged_job job;
	uint64_t base = 9;
	char *got = malloc(4 * PIECE);

	assert_non_null(got);
	begin(s, "", 0);
	write_long(s, 0, 3, 'a');
	assert_false(staged_stream_worth(s));
	assert_false(staged_stream_begin(s, 77, &base));
	write_long(s, 3, 4, 'b');
	assert_true(staged_stream_worth(s));
	assert_true(staged_stream_begin(s, 77, &base));
	assert_int_equal(base, 0);
	assert_false(staged_stream_begin(s, 78, &base)); /* one at a time */
	assert_int_equal(staged_stream_read(s, 77, 0, got, 4 * PIECE), 4 * PIECE);
	assert_int_equal(got[0], 'a');
	assert_int_equal(got[4 * PIECE - 1], 'b');
	assert_int_equal(staged_stream_read(s, 78, 0, got, 5), -ECANCELED);
	write_long(s, 4, 5, 'c');
	assert_true(staged_send_begin(s, &job));
	assert_true(job.streamed && job.whole);
	assert_int_equal(job.stamp, 77);
	assert_int_equal(job.size, 5 * PIECE);
	staged_stream_end(s, 77);
	assert_int_equal(staged_stream_read(s, 77, 4 * PIECE, got, 4 * PIECE), PIECE);
	assert_int_equal(got[0], 'c');
	assert_int_equal(staged_stream_read(s, 77, 5 * PIECE, got, 4 * PIECE), 0);
	assert_false(staged_stream_fail(s, 77)); /* the job is to know */
	staged_send_end(s, STAGED_STORED, &(struct version){ .stamp = 77, .size = 5 * PIECE });
	assert_true(staged_stream_fail(s, 77));
	write_long(s, 5, 6, 'd');
	assert_false(staged_stream_worth(s)); /* a part only */
	free(got);
}

static void rewrites(struct staged *s)
{
	assert_int_equal(staged_write(s, "x", 1, 4 * PIECE - 1, false, 7), 0);
}

static void cuts(struct staged *s)
{
	assert_int_equal(staged_truncate(s, 4 * PIECE - 1, 7), 0);
}

static void appends(struct staged *s)
{
	assert_int_equal(staged_write(s, "x", 1, 0, true, 7), 0);
}

static void fails(struct staged *s)
{
	assert_true(staged_stream_fail(s, 77));
}

static void empties(struct staged *s)
{
	staged_hold(s);
	staged_hold_end(s, NULL);
}

static void test_a_change_of_what_was_given_ends_a_stream(void **state)
{
	static void (*const changes[])(
		struct staged *) = { rewrites, cuts, appends, fails, empties };
	struct staged_job job;
	uint64_t base;
	char c;

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		struct staged *s;

		assert_int_equal(staged_open(dir, &s), 0);
		begin(s, "", 0);
		write_long(s, 0, 4, 'a');
		assert_true(staged_stream_begin(s, 77, &base));
		assert_int_equal(staged_stream_read(s, 77, 4 * PIECE - 1, &c, 1), 1);
		changes[i](s);
		assert_int_equal(staged_stream_read(s, 77, 4 * PIECE, &c, 1), -ECANCELED);
		assert_true(staged_send_begin(s, &job));
		assert_false(job.streamed);
		assert_int_not_equal(job.stamp, 77);
		staged_send_end(s, STAGED_FAILED, NULL);
		staged_close(&s);
	}
}

static void test_files_are_used_again_without_their_bytes(void **state)
{
	int fds[STAGING_IDLE + 1];
	ino_t first;
	struct stat st;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = staging_temp(dir);
		assert_true(fds[i] >= 0);
		assert_int_equal(write(fds[i], "bytes", 5), 5);
	}
	assert_int_equal(fstat(fds[STAGING_IDLE - 1], &st), 0);
	first = st.st_ino;
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		staging_give_back(dir, fds[i]);
	assert_int_equal(fcntl(fds[STAGING_IDLE], F_GETFD), -1); /* one too many */
	fds[0] = staging_temp(dir);
	assert_int_equal(fstat(fds[0], &st), 0);
	assert_int_equal(st.st_ino, first);
	assert_int_equal(st.st_size, 0);
	staging_give_back(dir, fds[0]);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { T(test_new_has_nothing), T(test_begin_then_write),
		T(test_send_failure_keeps_bytes), T(test_set_time_goes_with_the_send),
		T(test_holes_and_truncation), T(test_grow_and_zero), T(test_zeros_reach_the_end),
		T(test_append_goes_to_the_end),
		T(test_an_append_of_unknown_outcome_is_not_sent_as_another),
		T(test_an_append_that_failed_is_part_of_the_next), T(test_a_base_that_is_gone),
		T(test_too_many_ranges), T(test_retire_forgets_only_clean_older),
		T(test_hold_empties), T(test_hold_of_new_goes_back),
		T(test_writers_wait_for_the_send), T(test_a_stream_gives_what_is_stored),
		T(test_a_change_of_what_was_given_ends_a_stream),
		T(test_files_are_used_again_without_their_bytes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
