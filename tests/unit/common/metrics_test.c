#include "common/metrics.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_histogram(void **state)
{
	struct metrics_times t = { 0 };
	struct buf b = BUF_INIT;

	(void)state;
	metrics_observe(&t, -5);     /* a clock that jumped */
	metrics_observe(&t, 500000); /* the first bound belongs to its bucket */
	metrics_observe(&t, 500001);
	metrics_observe(&t, 61000000000);
	assert_int_equal(metrics_observed(&t), 4);
	metrics_times(&b, "x_seconds", "a=\"b\"", &t);
	assert_non_null(strstr(buf_str(&b), "x_seconds_bucket{a=\"b\",le=\"0.0005\"} 2\n"));
	assert_non_null(strstr(buf_str(&b), "x_seconds_bucket{a=\"b\",le=\"0.001\"} 3\n"));
	assert_non_null(strstr(buf_str(&b), "x_seconds_bucket{a=\"b\",le=\"60\"} 3\n"));
	assert_non_null(strstr(buf_str(&b), "x_seconds_bucket{a=\"b\",le=\"+Inf\"} 4\n"));
	assert_non_null(strstr(buf_str(&b), "x_seconds_sum{a=\"b\"} 61.001000001\n"));
	assert_non_null(strstr(buf_str(&b), "x_seconds_count{a=\"b\"} 4\n"));
	buf_clear(&b);
	metrics_times(&b, "x_seconds", "", &t);
	assert_non_null(strstr(buf_str(&b), "x_seconds_bucket{le=\"0.0005\"} 2\n"));
	assert_non_null(strstr(buf_str(&b), "x_seconds_count 4\n"));
	buf_release(&b);
}

static void test_bounds_rise(void **state)
{
	static const double bounds[] = { .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1,
		2.5, 5, 10, 60 };

	(void)state;
	for (size_t i = 0; i < METRICS_BUCKETS; i++) {
		struct metrics_times t = { 0 };

		metrics_observe(&t, (int64_t)(bounds[i] * 1e9 + .5));
		assert_int_equal(metrics_get(&t.bucket[i]), 1);
		metrics_observe(&t, (int64_t)(bounds[i] * 1e9 + 1.5));
		assert_int_equal(metrics_get(&t.bucket[i + 1]), 1);
	}
}

static void test_labels_are_escaped(void **state)
{
	struct buf labels = BUF_INIT, b = BUF_INIT;

	(void)state;
	metrics_label(&labels, "a", "1\"2\\3\n4");
	metrics_label(&labels, "b", "");
	metrics_number(&b, "x", buf_str(&labels), 7);
	assert_string_equal(buf_str(&b), "x{a=\"1\\\"2\\\\3\\n4\",b=\"\"} 7\n");
	buf_release(&b);
	buf_release(&labels);
}

static void test_samples(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	metrics_gauge(&b, "x_bytes", "Help.", UINT64_MAX);
	metrics_seconds(&b, "y_seconds", "", 1000000001);
	assert_string_equal(buf_str(&b), "# HELP x_bytes Help.\n# TYPE x_bytes gauge\n"
					 "x_bytes 18446744073709551615\ny_seconds 1.000000001\n");
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_histogram),
		cmocka_unit_test(test_bounds_rise),
		cmocka_unit_test(test_labels_are_escaped),
		cmocka_unit_test(test_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
