/* feed: mounts listen, and changes wait for them. */
#include "dist/feed.h"

#include "common/clock.h"
#include "common/limits.h"
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define LONG_MS 600000 /* nothing ends by itself in a test that does not wait for it */
#define PATIENCE_MS 60000

/* What a poll was answered. */
struct heard {
	_Atomic int answers;
	char text[1 << 16];
};

static void hear(void *arg, struct buf *text)
{
	struct heard *h = arg;

	assert_int_equal(buf_error(text), 0);
	(void)snprintf(h->text, sizeof(h->text), "%s", buf_str(text));
	buf_release(text);
	atomic_fetch_add(&h->answers, 1);
}

/* Who waits for others. */
struct waits {
	_Atomic int held, released;
};

static void hold(void *arg)
{
	atomic_fetch_add(&((struct waits *)arg)->held, 1);
}

static void release(void *arg)
{
	atomic_fetch_add(&((struct waits *)arg)->released, 1);
}

static void until(_Atomic int *what, int value)
{
	const struct timespec t = { .tv_nsec = 1000000 };
	int64_t end = clock_ms() + PATIENCE_MS;

	while (atomic_load(what) != value) {
		assert_true(clock_ms() < end);
		(void)nanosleep(&t, NULL);
	}
}

static struct feed *open_feed(int64_t lease_ms, int64_t idle_ms)
{
	const struct feed_conf conf = { .lease_ms = lease_ms, .idle_ms = idle_ms };
	struct feed *f;

	assert_int_equal(feed_open(&conf, &f), 0);
	return f;
}

static struct feed *open_calm(void)
{
	return open_feed(LONG_MS, LONG_MS);
}

/* One change of inode `id` by `origin`; its number. */
static uint64_t change(struct feed *f, uint64_t id, const char *origin)
{
	struct changes c = { 0 };
	struct meta_value arg = V_INT(id);

	changes_note(&c, SQL_INODE_DELETE, &arg, 1);
	feed_publish(f, &c, origin);
	changes_release(&c);
	return feed_published();
}

static void begin(struct feed *f, const char *session)
{
	static struct heard h;

	atomic_store(&h.answers, 0);
	assert_int_equal(feed_poll(f, session, 0, hear, &h), 0);
	assert_int_equal(atomic_load(&h.answers), 1);
	assert_non_null(strstr(h.text, "\"reset\":true"));
}

static void a_new_session_remembers_nothing(void **state)
{
	struct feed *f = open_calm();
	struct heard h = { 0 };

	(void)state;
	(void)change(f, 5, "");
	assert_int_equal(feed_poll(f, "a", 0, hear, &h), 0);
	assert_string_equal(h.text, "{\"reset\":true,\"lease\":600000,\"changes\":[],\"last\":1}");
	feed_close(&f);
}

static void a_poll_waits_for_news(void **state)
{
	struct feed *f = open_calm();
	struct heard h = { 0 };

	(void)state;
	begin(f, "a");
	assert_int_equal(feed_poll(f, "a", 0, hear, &h), 0);
	assert_int_equal(atomic_load(&h.answers), 0);
	(void)change(f, 7, "b");
	assert_int_equal(atomic_load(&h.answers), 1);
	assert_string_equal(
		h.text, "{\"reset\":false,\"lease\":600000,\"changes\":[{\"id\":7}],\"last\":1}");
	feed_close(&f);
}

static void a_poll_without_news_is_answered(void **state)
{
	struct feed *f = open_feed(LONG_MS, 10);
	struct heard h = { 0 };

	(void)state;
	begin(f, "a");
	assert_int_equal(feed_poll(f, "a", 0, hear, &h), 0);
	until(&h.answers, 1);
	assert_string_equal(h.text, "{\"reset\":false,\"lease\":600000,\"changes\":[],\"last\":0}");
	feed_close(&f);
}

static void nobody_hears_of_his_own(void **state)
{
	struct feed *f = open_calm();
	struct heard h = { 0 };

	(void)state;
	begin(f, "a");
	assert_int_equal(feed_poll(f, "a", 0, hear, &h), 0);
	(void)change(f, 1, "a");
	assert_int_equal(atomic_load(&h.answers), 0);
	(void)change(f, 2, "b");
	assert_string_equal(
		h.text, "{\"reset\":false,\"lease\":600000,\"changes\":[{\"id\":2}],\"last\":2}");
	feed_close(&f);
}

static void what_came_between_polls_is_told(void **state)
{
	struct feed *f = open_calm();
	struct heard h = { 0 };

	(void)state;
	begin(f, "a");
	(void)change(f, 1, "b");
	(void)change(f, 2, "a");
	(void)change(f, 3, "");
	assert_int_equal(feed_poll(f, "a", 0, hear, &h), 0);
	assert_string_equal(h.text, "{\"reset\":false,\"lease\":600000,\"changes\":[{\"id\":1},"
				    "{\"id\":3}],\"last\":3}");
	/* the answer was lost: again */
	assert_int_equal(feed_poll(f, "a", 0, hear, &h), 0);
	assert_int_equal(atomic_load(&h.answers), 2);
	assert_non_null(strstr(h.text, "{\"id\":1},{\"id\":3}"));
	feed_close(&f);
}

static void a_change_waits_for_the_others(void **state)
{
	struct feed *f = open_calm();
	struct heard a = { 0 }, b = { 0 };
	struct waits w = { 0 };
	uint64_t number;

	(void)state;
	begin(f, "a");
	begin(f, "b");
	number = change(f, 1, "c");
	assert_true(feed_wait(f, number, "c", hold, release, &w));
	assert_int_equal(atomic_load(&w.held), 1);
	assert_int_equal(feed_poll(f, "a", number, hear, &a), 0);
	assert_int_equal(atomic_load(&w.released), 0);
	assert_int_equal(feed_poll(f, "b", 0, hear, &b),
		0); /* is told now, and has not said that it heard */
	assert_int_equal(atomic_load(&w.released), 0);
	assert_int_equal(feed_poll(f, "b", number, hear, &b), 0);
	assert_int_equal(atomic_load(&w.released), 1);
	feed_close(&f);
}

static void a_change_does_not_wait_for_its_own_mount(void **state)
{
	struct feed *f = open_calm();
	struct waits w = { 0 };
	uint64_t number;

	(void)state;
	begin(f, "a");
	number = change(f, 1, "a");
	assert_false(feed_wait(f, number, "a", hold, release, &w));
	/* nor for what was changed before it by others and not heard of */
	begin(f, "b");
	(void)change(f, 2, "b");
	number = change(f, 3, "a");
	assert_true(feed_wait(f, number, "a", hold, release, &w)); /* b has to hear of 3 */
	assert_true(feed_leave(f, "b"));
	assert_int_equal(atomic_load(&w.released), 1);
	feed_close(&f);
}

static void two_who_wait_for_one_another_both_end(void **state)
{
	struct feed *f = open_calm();
	struct heard a = { 0 }, b = { 0 };
	struct waits wa = { 0 }, wb = { 0 };
	uint64_t na, nb;

	(void)state;
	begin(f, "a");
	begin(f, "b");
	na = change(f, 1, "a");
	nb = change(f, 1, "b");
	assert_true(feed_wait(f, na, "a", hold, release, &wa));
	assert_true(feed_wait(f, nb, "b", hold, release, &wb));
	assert_int_equal(feed_poll(f, "a", nb, hear, &a), 0);
	assert_int_equal(atomic_load(&wb.released), 1);
	assert_int_equal(feed_poll(f, "b", nb, hear, &b), 0);
	assert_int_equal(atomic_load(&wa.released), 1);
	feed_close(&f);
}

static void a_lease_that_runs_out_frees_who_waits(void **state)
{
	struct feed *f = open_feed(50, 10);
	struct feed_counts counts;
	struct waits w = { 0 };
	struct heard h = { 0 };
	uint64_t number;

	(void)state;
	begin(f, "silent");
	number = change(f, 1, "");
	if (feed_wait(f, number, "", hold, release, &w)) /* a slow machine: it ran out before */
		until(&w.released, 1);
	feed_counts(f, &counts);
	assert_int_equal(counts.sessions, 0);
	assert_int_equal(counts.expired, 1);
	/* and it is told that it knows nothing */
	assert_int_equal(feed_poll(f, "silent", 1, hear, &h), 0);
	assert_non_null(strstr(h.text, "\"reset\":true"));
	feed_close(&f);
}

static void a_second_poll_answers_the_first(void **state)
{
	struct feed *f = open_calm();
	struct heard first = { 0 }, second = { 0 };

	(void)state;
	begin(f, "a");
	assert_int_equal(feed_poll(f, "a", 0, hear, &first), 0);
	assert_int_equal(feed_poll(f, "a", 0, hear, &second), 0);
	assert_int_equal(atomic_load(&first.answers), 1);
	assert_int_equal(atomic_load(&second.answers), 0);
	(void)change(f, 1, "");
	assert_int_equal(atomic_load(&second.answers), 1);
	feed_close(&f);
}

static void a_number_to_come_is_refused(void **state)
{
	struct feed *f = open_calm();
	struct heard h = { 0 };

	(void)state;
	begin(f, "a");
	assert_int_equal(feed_poll(f, "a", 1, hear, &h), -EINVAL);
	assert_int_equal(atomic_load(&h.answers), 0);
	feed_close(&f);
}

static void who_has_missed_too_much_remembers_nothing(void **state)
{
	struct feed *f = open_calm();
	struct heard h = { 0 };
	uint64_t number = 0;

	(void)state;
	begin(f, "a");
	for (unsigned i = 0; i <= LIMIT_FEED; i++)
		number = change(f, i + 1, "");
	assert_int_equal(feed_poll(f, "a", 0, hear, &h), 0);
	assert_non_null(strstr(h.text, "\"reset\":true"));
	assert_int_equal(feed_poll(f, "a", number, hear, &h), 0);
	(void)change(f, 1, "");
	assert_non_null(
		strstr(h.text, "\"reset\":false,\"lease\":600000,\"changes\":[{\"id\":1}]"));
	feed_close(&f);
}

static void texts_are_limited(void **state)
{
	struct feed *f = open_calm();
	struct heard *h = calloc(1, sizeof(*h));
	char name[LIMIT_NAME];

	(void)state;
	memset(name, '\1', sizeof(name)); /* three bytes each, as text */
	begin(f, "a");
	for (unsigned n = 0; n < LIMIT_FEED_BYTES / 500000 + 2; n++) {
		struct changes c = { 0 };

		for (uint64_t i = 0; i < 700; i++) {
			struct meta_value args[] = { V_INT(n * 1000 + i + 1),
				V_BYTES(name, sizeof(name)) };

			changes_note(&c, SQL_ENTRY_DELETE, args, 2);
		}
		feed_publish(f, &c, "");
		changes_release(&c);
	}
	assert_int_equal(feed_poll(f, "a", 0, hear, h), 0);
	assert_non_null(strstr(h->text, "\"reset\":true"));
	free(h);
	feed_close(&f);
}

static void sessions_are_limited(void **state)
{
	struct feed *f = open_calm();
	struct heard h = { 0 };
	char id[16];

	(void)state;
	for (int i = 0; i < LIMIT_SESSIONS; i++) {
		(void)snprintf(id, sizeof(id), "s%d", i);
		begin(f, id);
	}
	assert_int_equal(feed_poll(f, "one-more", 0, hear, &h), -EMFILE);
	assert_true(feed_leave(f, "s0"));
	assert_false(feed_leave(f, "s0"));
	begin(f, "one-more");
	feed_close(&f);
}

static void stopping_answers_everybody(void **state)
{
	struct feed *f = open_calm();
	struct heard h = { 0 };
	struct waits w = { 0 };

	(void)state;
	begin(f, "a");
	begin(f, "b");
	assert_int_equal(feed_poll(f, "a", 0, hear, &h), 0);
	assert_true(feed_wait(f, change(f, 1, "a"), "a", hold, release, &w));
	feed_stop(f);
	assert_int_equal(atomic_load(&w.released), 1);
	assert_int_equal(atomic_load(&h.answers), 1);
	assert_non_null(strstr(h.text, "\"reset\":true,\"lease\":0"));
	assert_false(feed_wait(f, change(f, 1, "a"), "a", hold, release, &w));
	assert_int_equal(feed_poll(f, "a", 0, hear, &h), -ESHUTDOWN);
	feed_close(&f);
}

static void what_others_tell_is_passed_on(void **state)
{
	struct feed *f = open_calm();
	struct heard h = { 0 };

	(void)state;
	begin(f, "a");
	assert_int_equal(feed_poll(f, "a", 0, hear, &h), 0);
	feed_publish_text(f, "{\"id\":9}", "a");
	assert_int_equal(atomic_load(&h.answers), 0); /* its own, by another dist */
	feed_publish_text(f, "{\"id\":8}", "");
	assert_string_equal(
		h.text, "{\"reset\":false,\"lease\":600000,\"changes\":[{\"id\":8}],\"last\":2}");
	assert_int_equal(feed_published(), 0); /* nobody here waits for it */
	feed_close(&f);
}

static void who_is_deaf_lets_nobody_remember(void **state)
{
	struct feed *f = open_calm();
	struct heard h = { 0 };
	struct waits w = { 0 };

	(void)state;
	begin(f, "a");
	begin(f, "b");
	assert_int_equal(feed_poll(f, "a", 0, hear, &h), 0);
	assert_true(feed_wait(f, change(f, 1, "a"), "a", hold, release, &w));
	feed_set_deaf(f, true);
	assert_int_equal(atomic_load(&w.released), 1);
	assert_int_equal(atomic_load(&h.answers), 1);
	assert_non_null(strstr(h.text, "\"reset\":true,\"lease\":0"));
	assert_int_equal(feed_poll(f, "a", 0, hear, &h), -EAGAIN);
	feed_set_deaf(f, false);
	begin(f, "a");
	feed_close(&f);
}

/* A mount's channel: listens until a change of inode `last_id` came. */
struct listener {
	struct feed *f;
	char id[8];
	pthread_mutex_t lock;
	pthread_cond_t came;
	uint64_t after;
	bool answered, stop;
};

static void took(void *arg, struct buf *text)
{
	struct listener *l = arg;
	const char *at = strstr(buf_str(text), "\"last\":");

	pthread_mutex_lock(&l->lock);
	l->after = strtoull(at + 7, NULL, 10);
	l->answered = true;
	pthread_cond_signal(&l->came);
	pthread_mutex_unlock(&l->lock);
	buf_release(text);
}

static void *listen_on(void *arg)
{
	struct listener *l = arg;
	bool stop = false;

	while (!stop) {
		uint64_t after = l->after;

		l->answered = false;
		assert_int_equal(feed_poll(l->f, l->id, after, took, l), 0);
		pthread_mutex_lock(&l->lock);
		while (!l->answered)
			pthread_cond_wait(&l->came, &l->lock);
		stop = l->stop;
		pthread_mutex_unlock(&l->lock);
	}
	return NULL;
}

struct writer {
	struct feed *f;
	char id[8];
	pthread_t thread;
	_Atomic int waits;
};

static void let_go(void *arg)
{
	atomic_store((_Atomic int *)arg, 0);
}

static void take_hold(void *arg)
{
	atomic_store((_Atomic int *)arg, 1);
}

static void *write_on(void *arg)
{
	struct writer *w = arg;

	for (uint64_t i = 1; i <= 300; i++) {
		uint64_t number = change(w->f, i, w->id);

		if (feed_wait(w->f, number, w->id, take_hold, let_go, &w->waits))
			until(&w->waits, 0);
	}
	return NULL;
}

static void many_at_once(void **state)
{
	struct feed *f = open_feed(LONG_MS, 5);
	struct listener l[3];
	struct writer w[3];
	pthread_t threads[3];

	(void)state;
	memset(l, 0, sizeof(l));
	memset(w, 0, sizeof(w));
	for (int i = 0; i < 3; i++) {
		l[i].f = w[i].f = f;
		(void)snprintf(l[i].id, sizeof(l[i].id), "s%d", i);
		(void)snprintf(w[i].id, sizeof(w[i].id), "s%d", i);
		pthread_mutex_init(&l[i].lock, NULL);
		pthread_cond_init(&l[i].came, NULL);
		assert_int_equal(pthread_create(&threads[i], NULL, listen_on, &l[i]), 0);
		assert_int_equal(pthread_create(&w[i].thread, NULL, write_on, &w[i]), 0);
	}
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_join(w[i].thread, NULL), 0);
	for (int i = 0; i < 3; i++) {
		pthread_mutex_lock(&l[i].lock);
		l[i].stop = true;
		pthread_mutex_unlock(&l[i].lock);
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		pthread_mutex_destroy(&l[i].lock);
		pthread_cond_destroy(&l[i].came);
	}
	feed_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_session_remembers_nothing),
		cmocka_unit_test(a_poll_waits_for_news),
		cmocka_unit_test(a_poll_without_news_is_answered),
		cmocka_unit_test(nobody_hears_of_his_own),
		cmocka_unit_test(what_came_between_polls_is_told),
		cmocka_unit_test(a_change_waits_for_the_others),
		cmocka_unit_test(a_change_does_not_wait_for_its_own_mount),
		cmocka_unit_test(two_who_wait_for_one_another_both_end),
		cmocka_unit_test(a_lease_that_runs_out_frees_who_waits),
		cmocka_unit_test(a_second_poll_answers_the_first),
		cmocka_unit_test(a_number_to_come_is_refused),
		cmocka_unit_test(who_has_missed_too_much_remembers_nothing),
		cmocka_unit_test(texts_are_limited),
		cmocka_unit_test(sessions_are_limited),
		cmocka_unit_test(stopping_answers_everybody),
		cmocka_unit_test(what_others_tell_is_passed_on),
		cmocka_unit_test(who_is_deaf_lets_nobody_remember),
		cmocka_unit_test(many_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
