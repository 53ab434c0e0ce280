/* Reading through the block cache from a node that counts, and that fails when told to. */
#include "cdnfs/content.h"

#include "common/http.h"
#include "common/httpd.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the four above */
#include <cmocka.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE (3U * 1024 * 1024 + 77)

static struct node {
	struct httpd *d;
	char uri[64];
	_Atomic unsigned requests, fail; /* so many answers fail with `status` */
	_Atomic unsigned status;
	unsigned char *data;
} node;

static struct api *api;
static struct place place = { "node1", "" };

static void retrieve(struct httpd_req *req)
{
	uint64_t first = 0, last = SIZE - 1;
	const char *range = httpd_header(req, "Range");
	char text[100];

	atomic_fetch_add(&node.requests, 1);
	if (atomic_load(&node.fail)) {
		atomic_fetch_sub(&node.fail, 1);
		httpd_reply_error(req, atomic_load(&node.status), "told to fail");
		return;
	}
	if (http_range_parse(range, SIZE, &first, &last) != HTTP_RANGE_ONE) {
		httpd_reply_error(req, 416, "no range");
		return;
	}
	(void)snprintf(text, sizeof(text), "bytes %llu-%llu/%u", (unsigned long long)first,
		(unsigned long long)last, SIZE);
	httpd_set_header(req, "Content-Range", text);
	httpd_reply(req, 206, "application/octet-stream", node.data + first, last - first + 1);
}

static const struct httpd_route routes[] = {
	{ .method = "GET", .path = "/retrieve/{id}", .handle = retrieve },
};

static int setup(void **state)
{
	struct httpd_conf hc = { .listen = "127.0.0.1:0",
		.routes = routes,
		.nroutes = 1,
		.event_threads = 1,
		.workers = 1 };
	struct link_conf lc = { .url = "http://127.0.0.1:9", .timeout_ms = 2000 };
	char error[200];

	(void)state;
	node.data = malloc(SIZE);
	assert_non_null(node.data);
	for (size_t i = 0; i < SIZE; i++)
		node.data[i] = (unsigned char)(i * 31 + i / 251);
	assert_int_equal(httpd_open(&hc, &node.d, error, sizeof(error)), 0);
	(void)snprintf(place.uri, sizeof(place.uri), "http://127.0.0.1:%u", httpd_port(node.d));
	return api_open(&lc, &api);
}

static int teardown(void **state)
{
	(void)state;
	api_close(&api);
	httpd_close(&node.d, 1000);
	free(node.data);
	return 0;
}

static struct api_range version(uint64_t stamp)
{
	return (struct api_range){ .place = &place, .id = 5, .stamp = stamp, .len = SIZE };
}

/* Reads and compares; returns the bytes, or the error. */
static ssize_t check(
	struct content *c, struct content_stream *s, uint64_t stamp, uint64_t off, size_t len)
{
	struct api_range v = version(stamp);
	struct content_bytes b;
	size_t at = off;
	int rc = content_read(c, NULL, &v, s, off, len, &b);

	if (rc < 0)
		return rc;
	for (int i = 0; i < b.n; i++) {
		assert_memory_equal(b.iov[i].iov_base, node.data + at, b.iov[i].iov_len);
		at += b.iov[i].iov_len;
	}
	assert_int_equal(at - off, b.len);
	content_done(c, &b);
	return (ssize_t)b.len;
}

static void test_everywhere(void **state)
{
	struct content *c;

	(void)state;
	assert_int_equal(content_open(api, 8U << 20, &c), 0);
	assert_int_equal(check(c, NULL, 1, 0, 1), 1);
	assert_int_equal(check(c, NULL, 1, CONTENT_BLOCK - 1, 2), 2);
	assert_int_equal(check(c, NULL, 1, 100, 1U << 20), 1U << 20);
	assert_int_equal(check(c, NULL, 1, SIZE - 5, 4096), 5);
	assert_int_equal(check(c, NULL, 1, SIZE, 4096), 0);
	assert_int_equal(check(c, NULL, 1, SIZE + 5000, 4096), 0);
	content_close(&c);
}

static void test_second_read_asks_nobody(void **state)
{
	struct content *c;
	unsigned before;

	(void)state;
	assert_int_equal(content_open(api, 8U << 20, &c), 0);
	assert_int_equal(check(c, NULL, 2, 0, 1U << 20), 1U << 20);
	before = atomic_load(&node.requests);
	assert_int_equal(check(c, NULL, 2, 4096, 900000), 900000);
	assert_int_equal(atomic_load(&node.requests), before);
	assert_int_equal(check(c, NULL, 3, 0, 10), 10); /* another version is other bytes */
	assert_int_equal(atomic_load(&node.requests), before + 1);
	/* and so is another file's, should both have drawn one stamp */
	struct api_range other = version(3);
	struct content_bytes b;

	other.id = 6;
	assert_int_equal(content_read(c, NULL, &other, NULL, 0, 10, &b), 0);
	content_done(c, &b);
	assert_int_equal(atomic_load(&node.requests), before + 2);
	content_close(&c);
}

static void test_sequence_asks_less_than_once_a_read(void **state)
{
	struct content_counts counts;
	struct content_stream s;
	struct content *c;
	unsigned before = atomic_load(&node.requests);

	(void)state;
	assert_int_equal(content_open(api, 32U << 20, &c), 0);
	content_stream_init(&s);
	for (uint64_t off = 0; off < SIZE; off += CONTENT_BLOCK)
		assert_true(check(c, &s, 4, off, CONTENT_BLOCK) > 0);
	assert_true(atomic_load(&node.requests) - before <= 10);
	content_counts(c, &counts);
	assert_true(counts.bytes < SIZE); /* what was passed made room for the next */
	content_stream_release(&s);
	content_close(&c);
}

static void test_random_reads_one_block(void **state)
{
	static const unsigned places[] = { 20, 5, 16, 2, 11 };
	struct content_stream s;
	struct content *c;
	unsigned before = atomic_load(&node.requests);

	(void)state;
	assert_int_equal(content_open(api, 8U << 20, &c), 0);
	content_stream_init(&s);
	s.next = SIZE; /* it was elsewhere */
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(check(c, &s, 5, places[i] * CONTENT_BLOCK, 100), 100);
	content_stream_release(&s);
	content_close(&c);
	assert_int_equal(atomic_load(&node.requests) - before, 5);
}

static void test_memory_is_bounded(void **state)
{
	struct content *c;
	unsigned before;

	(void)state;
	assert_int_equal(content_open(api, 4 * CONTENT_BLOCK, &c), 0);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(check(c, NULL, 6, i * CONTENT_BLOCK, 10), 10);
	before = atomic_load(&node.requests);
	assert_int_equal(check(c, NULL, 6, 9 * CONTENT_BLOCK, 10), 10); /* still there */
	assert_int_equal(atomic_load(&node.requests), before);
	assert_int_equal(check(c, NULL, 6, 0, 10), 10); /* gone */
	assert_int_equal(atomic_load(&node.requests), before + 1);
	assert_int_equal(check(c, NULL, 6, 0, 1U << 20), 1U << 20); /* more than fits */
	content_close(&c);
}

static void test_errors(void **state)
{
	struct content *c;

	(void)state;
	assert_int_equal(content_open(api, 8U << 20, &c), 0);
	atomic_store(&node.status, 404);
	atomic_store(&node.fail, 1);
	assert_int_equal(check(c, NULL, 7, 0, 10), -ENOENT);
	assert_int_equal(check(c, NULL, 7, 0, 10), 10); /* an error is not kept */
	atomic_store(&node.status, 503);
	atomic_store(&node.fail, 2);
	assert_int_equal(check(c, NULL, 8, 0, 10), 10); /* tried again */
	content_close(&c);
}

struct reader {
	pthread_t thread;
	struct content *c;
};

static void *read_all(void *arg)
{
	struct reader *r = arg;

	for (uint64_t off = 0; off < SIZE; off += 100000)
		if (check(r->c, NULL, 9, off, 100000) <= 0)
			return r;
	return NULL;
}

static void test_many_readers_one_fetch(void **state)
{
	struct reader r[4];
	unsigned before = atomic_load(&node.requests);
	void *bad;

	(void)state;
	for (int i = 0; i < 4; i++) {
		if (!i)
			assert_int_equal(content_open(api, 8U << 20, &r[0].c), 0);
		r[i].c = r[0].c;
		assert_int_equal(pthread_create(&r[i].thread, NULL, read_all, &r[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(r[i].thread, &bad), 0);
		assert_null(bad);
	}
	assert_true(atomic_load(&node.requests) - before <= SIZE / CONTENT_BLOCK + 1);
	content_close(&r[0].c);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_everywhere),
		cmocka_unit_test(test_second_read_asks_nobody),
		cmocka_unit_test(test_sequence_asks_less_than_once_a_read),
		cmocka_unit_test(test_random_reads_one_block),
		cmocka_unit_test(test_memory_is_bounded), cmocka_unit_test(test_errors),
		cmocka_unit_test(test_many_readers_one_fetch) };

	return cmocka_run_group_tests(tests, setup, teardown);
}
