/* Answers that are held until somebody lets them go. */
#include "common/clock.h"
#include "common/httpd.h"
#include "common/origin.h"
#include "tests/unit/common/httpd_client.h"
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#define MANY 200

/* Requests that wait to be let go. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t came;
	struct httpd_req *list[MANY]; /* lock */
	size_t n;		      /* lock */
	_Atomic int done;
} held = { .lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER };

static void put(struct httpd_req *req)
{
	pthread_mutex_lock(&held.lock);
	held.list[held.n++] = req;
	pthread_cond_signal(&held.came);
	pthread_mutex_unlock(&held.lock);
}

static struct httpd_req *take(void)
{
	struct httpd_req *req;

	pthread_mutex_lock(&held.lock);
	while (!held.n)
		pthread_cond_wait(&held.came, &held.lock);
	req = held.list[--held.n];
	pthread_mutex_unlock(&held.lock);
	return req;
}

static void h_replied(struct httpd_req *req)
{
	httpd_reply(req, 200, "text/plain", "held", 4);
	httpd_hold(req);
	put(req);
}

static void h_open(struct httpd_req *req)
{
	httpd_hold(req);
	put(req);
}

static void h_at_once(struct httpd_req *req)
{
	httpd_hold(req);
	httpd_reply(req, 200, "text/plain", "now", 3);
	httpd_release(req);
}

static void h_never(struct httpd_req *req)
{
	httpd_hold(req);
	httpd_release(req); /* without a reply */
}

static void h_deferred(struct httpd_req *req)
{
	httpd_defer(req, h_replied);
}

static void h_origin(struct httpd_req *req)
{
	assert_string_equal(httpd_origin(req), origin_get());
	httpd_reply(req, 200, "text/plain", origin_get(), strlen(origin_get()));
}

static void on_done(struct httpd_req *req)
{
	(void)req;
	atomic_fetch_add(&held.done, 1);
}

static const struct httpd_route routes[] = {
	{ .method = "GET", .path = "/replied", .handle = h_replied, .done = on_done },
	{ .method = "GET",
		.path = "/worker",
		.flags = HTTPD_WORKER,
		.handle = h_replied,
		.done = on_done },
	{ .method = "GET", .path = "/deferred", .handle = h_deferred, .done = on_done },
	{ .method = "GET", .path = "/open", .handle = h_open, .done = on_done },
	{ .method = "GET", .path = "/once", .handle = h_at_once, .done = on_done },
	{ .method = "GET",
		.path = "/once-worker",
		.flags = HTTPD_WORKER,
		.handle = h_at_once,
		.done = on_done },
	{ .method = "GET", .path = "/never", .handle = h_never, .done = on_done },
	{ .method = "GET", .path = "/origin", .handle = h_origin },
	{ .method = "GET", .path = "/origin-worker", .flags = HTTPD_WORKER, .handle = h_origin },
};

static int open_server(void **state)
{
	struct httpd_conf conf = conf_with(routes, sizeof(routes) / sizeof(routes[0]));

	held.n = 0;
	atomic_store(&held.done, 0);
	*state = server(&conf);
	return 0;
}

static int close_server(void **state)
{
	struct httpd *d = *state;

	httpd_close(&d, 0);
	return 0;
}

static int ask_for(const struct httpd *d, const char *path)
{
	char request[128];
	int fd = dial(d);

	(void)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
	says(fd, request);
	return fd;
}

static bool silent(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) < 0;
}

static void held_until_released(const struct httpd *d, const char *path)
{
	struct httpd_req *req;
	struct answer a;
	int fd = ask_for(d, path);

	req = take();
	assert_int_equal(get(d, "/once").status, 200); /* others are served meanwhile */
	assert_true(silent(fd));
	httpd_release(req);
	assert_true(hear(fd, &a, false));
	assert_int_equal(a.status, 200);
	assert_string_equal(a.body, "held");
	says(fd, "GET /once HTTP/1.1\r\nHost: x\r\n\r\n"); /* the connection goes on */
	assert_true(hear(fd, &a, false));
	assert_string_equal(a.body, "now");
	close(fd);
}

static void test_on_the_event_thread(void **state)
{
	held_until_released(*state, "/replied");
}

static void test_on_a_worker(void **state)
{
	held_until_released(*state, "/worker");
	held_until_released(*state, "/deferred");
}

static void test_who_releases_replies(void **state)
{
	int fd = ask_for(*state, "/open");
	struct httpd_req *req = take();
	struct answer a;

	httpd_reply(req, 202, "text/plain", "later", 5);
	httpd_release(req);
	assert_true(hear(fd, &a, false));
	assert_int_equal(a.status, 202);
	assert_string_equal(a.body, "later");
	close(fd);
}

static void test_released_before_the_handler_ends(void **state)
{
	assert_string_equal(get(*state, "/once").body, "now");
	assert_string_equal(get(*state, "/once-worker").body, "now");
}

static void test_nobody_replied(void **state)
{
	assert_int_equal(get(*state, "/never").status, 500);
}

static void test_the_client_goes(void **state)
{
	int fd = ask_for(*state, "/replied");
	struct httpd_req *req = take();
	const struct timespec t = { .tv_nsec = 1000000 };

	close(fd);
	httpd_release(req);
	while (atomic_load(&held.done) == 0)
		(void)nanosleep(&t, NULL);
}

static void *release_all(void *arg)
{
	for (int i = 0; i < MANY; i++)
		httpd_release(take());
	return arg;
}

static void test_many(void **state)
{
	pthread_t t;
	int fd[MANY];
	struct answer a;

	assert_int_equal(pthread_create(&t, NULL, release_all, NULL), 0);
	for (int i = 0; i < MANY; i++)
		fd[i] = ask_for(*state, i % 2 ? "/replied" : "/worker");
	for (int i = 0; i < MANY; i++) {
		assert_true(hear(fd[i], &a, false));
		assert_string_equal(a.body, "held");
		close(fd[i]);
	}
	assert_int_equal(pthread_join(t, NULL), 0);
}

static void test_whose_request_it_is(void **state)
{
	static const struct {
		const char *header, *want;
	} rows[] = {
		{ "X-Session: abc-1", "abc-1" },
		{ "x-session: Z_9", "Z_9" },
		{ "X-Session: a b", "" },
		{ "X-Session: ", "" },
		{ "X-Other: abc", "" },
	};
	static const char *const paths[] = { "/origin", "/origin-worker" };
	char request[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t k = 0; k < 2; k++) {
			(void)snprintf(request, sizeof(request),
				"GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n", paths[k],
				rows[i].header);
			assert_string_equal(ask(*state, request).body, rows[i].want);
		}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_server, close_server)
	const struct CMUnitTest tests[] = {
		TEST(test_on_the_event_thread),
		TEST(test_on_a_worker),
		TEST(test_who_releases_replies),
		TEST(test_released_before_the_handler_ends),
		TEST(test_nobody_replied),
		TEST(test_the_client_goes),
		TEST(test_many),
		TEST(test_whose_request_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
