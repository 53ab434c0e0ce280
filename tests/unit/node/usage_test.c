#include "node/usage.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void reserve_stops_at_max(void **state)
{
	struct usage u;
	struct usage_view v;

	(void)state;
	usage_init(&u, 100);
	assert_int_equal(usage_reserve(&u, 60), 0);
	assert_int_equal(usage_reserve(&u, 41), -ENOSPC);
	assert_int_equal(usage_missing(&u, 41), 1);
	assert_int_equal(usage_reserve(&u, 40), 0);
	assert_int_equal(usage_reserve(&u, 0), 0);
	usage_read(&u, &v);
	assert_int_equal(v.reserved, 100);
	usage_release(&u);
}

static void bytes_move_through_the_states(void **state)
{
	struct usage u;
	struct usage_view v;

	(void)state;
	usage_init(&u, 100);
	assert_int_equal(usage_reserve(&u, 70), 0);
	usage_unreserve(&u, 20);
	usage_commit(&u, 50);
	usage_read(&u, &v);
	assert_int_equal(v.live, 50);
	assert_int_equal(v.reserved, 0);
	assert_int_equal(v.contents, 1);
	usage_retire(&u, 50);
	assert_int_equal(usage_reserve(&u, 51), -ENOSPC);
	usage_purge(&u, 50);
	assert_int_equal(usage_reserve(&u, 100), 0);
	usage_read(&u, &v);
	assert_int_equal(v.contents, 0);
	usage_release(&u);
}

static void more_on_disk_than_max_is_no_room(void **state)
{
	struct usage u;

	(void)state;
	usage_init(&u, 10);
	usage_found_live(&u, 1000);
	assert_int_equal(usage_reserve(&u, 1), -ENOSPC);
	assert_int_equal(usage_missing(&u, UINT64_MAX), UINT64_MAX);
	usage_release(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reserve_stops_at_max),
		cmocka_unit_test(bytes_move_through_the_states),
		cmocka_unit_test(more_on_disk_than_max_is_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
