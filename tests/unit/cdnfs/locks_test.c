/* What the mount keeps of its locks, and who waits, beside a dist that knows one writer a file and counts. */
#include "cdnfs/locks.h"

#include "common/clock.h"
#include "common/httpd.h"
#include "common/json.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the four above */
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES 8

static struct dist {
	struct httpd *d;
	pthread_mutex_t lock;
	char owner[FILES][20]; /* lock: "" nobody */
	unsigned locks, unlocks, drops;
} dist = { .lock = PTHREAD_MUTEX_INITIALIZER };

static struct api *api;
static struct locks *locks;
static int one, two; /* open files */

/* The errno of the answer, NULL: done. */
static const char *lock_op(struct json_reader *r)
{
	const char *owner = "", *type = "";
	uint64_t id = 0;
	char *has;

	(void)json_text(r, "owner", 16, &owner);
	(void)json_text(r, "type", 16, &type);
	(void)json_u64(r, "id", FILES - 1, &id);
	has = dist.owner[id];
	if (strcmp(type, "none") == 0) {
		dist.unlocks++;
		if (strcmp(has, owner) == 0)
			has[0] = '\0';
		return NULL;
	}
	dist.locks++;
	if (has[0] && strcmp(has, owner) != 0)
		return "EBUSY";
	(void)snprintf(has, sizeof(dist.owner[0]), "%s", owner);
	return NULL;
}

static void answer_fs(struct httpd_req *req)
{
	char text[100] = "{\"results\":[{}]}";
	const char *op = "", *error = NULL;
	struct json_reader r;
	cJSON *root = NULL;
	size_t len;
	const char *body = httpd_body(req, &len);

	assert_int_equal(json_parse(body, len, &root), 0);
	json_reader_init(&r, cJSON_GetArrayItem(cJSON_GetObjectItem(root, "ops"), 0));
	(void)json_text(&r, "op", 16, &op);
	pthread_mutex_lock(&dist.lock);
	if (strcmp(op, "lock") == 0)
		error = lock_op(&r);
	else if (strcmp(op, "droplocks") == 0)
		dist.drops++;
	pthread_mutex_unlock(&dist.lock);
	if (error)
		(void)snprintf(text, sizeof(text), "{\"results\":[{\"errno\":\"%s\"}]}", error);
	cJSON_Delete(root);
	httpd_reply(req, 200, "application/json", text, strlen(text));
}

static const struct httpd_route routes[] = {
	{ .method = "POST", .path = "/fs", .body_max = 100000, .handle = answer_fs },
};

static int setup(void **state)
{
	struct httpd_conf hc = { .listen = "127.0.0.1:0",
		.routes = routes,
		.nroutes = 1,
		.event_threads = 1,
		.workers = 1 };
	char error[200], url[64];
	struct link_conf lc = { .url = url, .timeout_ms = 20000 };

	(void)state;
	memset(dist.owner, 0, sizeof(dist.owner));
	dist.locks = dist.unlocks = dist.drops = 0;
	assert_int_equal(httpd_open(&hc, &dist.d, error, sizeof(error)), 0);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", httpd_port(dist.d));
	assert_int_equal(api_open(&lc, &api), 0);
	return locks_open(api, &locks);
}

static int teardown(void **state)
{
	(void)state;
	locks_close(&locks);
	api_close(&api);
	httpd_close(&dist.d, 1000);
	return 0;
}

static struct lock_want want(uint64_t id, uint64_t owner, enum want_type type)
{
	return (struct lock_want){ .id = id, .owner = owner, .type = type, .last = LIMIT_NUMBER };
}

static int set(uint64_t id, uint64_t owner, enum want_type type, const void *handle)
{
	struct lock_want w = want(id, owner, type);

	return locks_set(locks, NULL, &w, handle);
}

static bool is_held(int id)
{
	bool held;

	pthread_mutex_lock(&dist.lock);
	held = dist.owner[id][0] != '\0';
	pthread_mutex_unlock(&dist.lock);
	return held;
}

static void taken_and_given_back(void **state)
{
	(void)state;
	assert_false(locks_any(locks, 1));
	assert_int_equal(set(1, 7, WANT_WRITE, &one), 0);
	assert_true(locks_any(locks, 1));
	assert_int_equal(set(1, 8, WANT_WRITE, &two), -EAGAIN);
	assert_int_equal(set(1, 7, WANT_NONE, &one), 0);
	assert_int_equal(set(1, 8, WANT_WRITE, &two), 0);
	assert_int_equal(set(1, 8, WANT_NONE, &two), 0);
	assert_false(locks_any(locks, 1));
}

static void a_flush_gives_back_what_its_owner_has(void **state)
{
	(void)state;
	assert_int_equal(set(1, 7, WANT_WRITE, &one), 0);
	assert_int_equal(set(2, 7, WANT_WRITE, &one), 0);
	locks_flush(locks, 1, 8);
	assert_true(is_held(1));
	locks_flush(locks, 1, 7);
	assert_false(is_held(1));
	assert_true(is_held(2));
	locks_flush(locks, 1, 7); /* nothing to ask dist for */
	assert_int_equal(dist.unlocks, 1);
}

static void a_flush_leaves_flock_alone_and_release_does_not(void **state)
{
	struct lock_want w = want(1, 7, WANT_WRITE);

	(void)state;
	w.flock = true;
	assert_int_equal(locks_set(locks, NULL, &w, &one), 0);
	locks_flush(locks, 1, 7);
	locks_release(locks, &two);
	assert_true(is_held(1));
	locks_release(locks, &one);
	assert_false(is_held(1));
	assert_false(locks_any(locks, 1));
}

static void the_end_gives_all_back(void **state)
{
	(void)state;
	locks_close(&locks);
	assert_int_equal(dist.drops, 0); /* there was nothing */
	assert_int_equal(locks_open(api, &locks), 0);
	assert_int_equal(set(1, 7, WANT_WRITE, &one), 0);
	locks_close(&locks);
	assert_int_equal(dist.drops, 1);
}

/* One who waits, and how it ended: 1 is not yet. */
static struct outcome {
	pthread_mutex_t lock;
	pthread_cond_t told;
	int rc;
} outcome = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 1 };

static void done(void *ctx, int rc)
{
	struct outcome *o = ctx;

	pthread_mutex_lock(&o->lock);
	o->rc = rc;
	pthread_cond_signal(&o->told);
	pthread_mutex_unlock(&o->lock);
}

static int ended(void)
{
	int rc;

	pthread_mutex_lock(&outcome.lock);
	while (outcome.rc == 1)
		pthread_cond_wait(&outcome.told, &outcome.lock);
	rc = outcome.rc;
	pthread_mutex_unlock(&outcome.lock);
	return rc;
}

static uint64_t begin_to_wait(uint64_t owner)
{
	struct lock_want w = want(1, owner, WANT_WRITE);
	uint64_t token;

	outcome.rc = 1;
	assert_int_equal(locks_wait(locks, &w, &two, done, &outcome, &token), 0);
	return token;
}

static void who_waits_gets_it(void **state)
{
	(void)state;
	assert_int_equal(set(1, 7, WANT_WRITE, &one), 0);
	locks_start(locks, begin_to_wait(8));
	assert_int_equal(set(1, 7, WANT_NONE, &one), 0);
	assert_int_equal(ended(), 0);
	assert_true(is_held(1));
	locks_release(locks, &two);
	assert_false(is_held(1));
}

static void who_waits_asks_again(void **state)
{
	(void)state;
	assert_int_equal(set(1, 7, WANT_WRITE, &one), 0);
	locks_start(locks, begin_to_wait(8));
	pthread_mutex_lock(&dist.lock);
	dist.owner[1][0] = '\0'; /* by another mount */
	pthread_mutex_unlock(&dist.lock);
	assert_int_equal(ended(), 0);
}

static void who_waits_is_interrupted(void **state)
{
	uint64_t token;

	(void)state;
	assert_int_equal(set(1, 7, WANT_WRITE, &one), 0);
	token = begin_to_wait(8);
	locks_interrupt(locks, token);
	assert_int_equal(
		outcome.rc, 1); /* not before it has started: nobody else touches it till then */
	locks_start(locks, token);
	assert_int_equal(ended(), -EINTR);
	locks_interrupt(locks, token); /* no more there */
	token = begin_to_wait(8);
	locks_start(locks, token);
	locks_interrupt(locks, token);
	assert_int_equal(ended(), -EINTR);
}

static void the_end_interrupts(void **state)
{
	(void)state;
	assert_int_equal(set(1, 7, WANT_WRITE, &one), 0);
	locks_start(locks, begin_to_wait(8));
	locks_close(&locks);
	assert_int_equal(ended(), -EINTR);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(taken_and_given_back),
		CASE(a_flush_gives_back_what_its_owner_has),
		CASE(a_flush_leaves_flock_alone_and_release_does_not),
		CASE(the_end_gives_all_back),
		CASE(who_waits_gets_it),
		CASE(who_waits_asks_again),
		CASE(who_waits_is_interrupted),
		CASE(the_end_interrupts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
