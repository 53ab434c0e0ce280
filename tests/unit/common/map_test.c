#include "common/map.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int things[4096];

static void test_put_get_remove(void **state)
{
	struct map m = MAP_INIT;

	(void)state;
	assert_null(map_get(&m, 1));
	assert_null(map_remove(&m, 1));
	assert_int_equal(map_put(&m, 1, &things[1]), 0);
	assert_int_equal(map_put(&m, UINT64_MAX, &things[2]), 0);
	assert_ptr_equal(map_get(&m, 1), &things[1]);
	assert_ptr_equal(map_get(&m, UINT64_MAX), &things[2]);
	assert_int_equal(map_put(&m, 1, &things[3]), 0);
	assert_ptr_equal(map_get(&m, 1), &things[3]);
	assert_int_equal(m.used, 2);
	assert_ptr_equal(map_remove(&m, 1), &things[3]);
	assert_null(map_remove(&m, 1));
	assert_null(map_get(&m, 1));
	assert_int_equal(map_put(&m, 1, &things[1]), 0);
	assert_int_equal(m.used, 2);
	map_release(&m);
	assert_null(map_get(&m, 1));
}

static void test_next(void **state)
{
	struct map m = MAP_INIT;
	uint64_t key, sum = 0;
	size_t pos = 0, n = 0;
	int *value;

	(void)state;
	assert_null(map_next(&m, &pos, &key));
	for (uint64_t i = 1; i <= 100; i++)
		assert_int_equal(map_put(&m, i << 32, &things[i]), 0);
	assert_non_null(map_remove(&m, UINT64_C(100) << 32));
	pos = 0;
	while ((value = map_next(&m, &pos, &key))) {
		assert_ptr_equal(value, &things[key >> 32]);
		sum += key >> 32;
		n++;
	}
	assert_int_equal(n, 99);
	assert_int_equal(sum, 99 * 100 / 2);
	pos = 0;
	assert_non_null(map_next(&m, &pos, NULL));
	map_release(&m);
}

/* Against an array, with the same pseudo-random steps every time. */
static void test_model(void **state)
{
	enum { KEYS = 512, STEPS = 200000 };
	void *model[KEYS + 1] = { 0 };
	struct map m = MAP_INIT;
	uint64_t r = 88172645463325252;
	size_t used = 0;

	(void)state;
	for (int i = 0; i < STEPS; i++) {
		uint64_t k;

		r ^= r << 13;
		r ^= r >> 7;
		r ^= r << 17;
		k = r % KEYS + 1;
		if (r >> 60 < 8) {
			used += !model[k];
			model[k] = &things[r >> 52];
			assert_int_equal(map_put(&m, k * 4096, model[k]), 0);
		} else {
			assert_ptr_equal(map_remove(&m, k * 4096), model[k]);
			used -= !!model[k];
			model[k] = NULL;
		}
		k = r / KEYS % KEYS + 1;
		assert_ptr_equal(map_get(&m, k * 4096), model[k]);
		assert_int_equal(m.used, used);
	}
	/* what is removed makes room again */
	assert_true(m.cap <= 4 * KEYS);
	map_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put_get_remove),
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
