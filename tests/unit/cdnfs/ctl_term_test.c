#include "cdnfs/ctl_exit.h"
#include "cdnfs/ctl_term.h"
#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* after the four above */
#include <cmocka.h>

static void assert_fits(const char *text, unsigned cells, const char *want, unsigned used)
{
	char out[64];

	assert_int_equal(ctl_term_fit(text, cells, out, sizeof(out)), used);
	assert_string_equal(out, want);
}

static void fit_cuts(void **state)
{
	(void)state;
	assert_fits("short", 10, "short", 5);
	assert_fits("exact", 5, "exact", 5);
	assert_fits("too long a name", 8, "too l...", 8);
	assert_fits("abc", 2, "ab", 2);
	assert_fits("abc", 0, "", 0);
	assert_fits("", 5, "", 0);
}

static void fit_counts_columns(void **state)
{
	(void)state;
	assert_fits("gr\303\274n", 4, "gr\303\274n", 4);
	assert_fits(
		"\346\227\245\346\234\254", 4, "\346\227\245\346\234\254", 4); /* two wide ones */
	assert_fits("\346\227\245\346\234\254", 3, "...", 3);
}

static void fit_lets_nothing_move_the_cursor(void **state)
{
	(void)state;
	assert_fits("a\033[2Jb\n\377", 20, "a?[2Jb??", 8);
}

static void fit_never_leaves_its_buffer(void **state)
{
	char out[8];

	(void)state;
	for (size_t cap = 1; cap <= sizeof(out); cap++) {
		memset(out, 'x', sizeof(out));
		(void)ctl_term_fit("\346\227\245 a long text", 60, out, cap);
		assert_true(memchr(out, 0, cap) != NULL);
		for (size_t i = cap; i < sizeof(out); i++)
			assert_int_equal(out[i], 'x');
	}
}

static void assert_bar(double part, double whole, unsigned cells, const char *want)
{
	char out[32];

	ctl_term_bar(part, whole, cells, out, sizeof(out));
	assert_string_equal(out, want);
}

static void bar_fills(void **state)
{
	(void)state;
	assert_bar(0, 10, 12, "[----------]");
	assert_bar(5, 10, 12, "[#####-----]");
	assert_bar(9.99, 10, 12, "[#########-]");
	assert_bar(10, 10, 12, "[##########]");
	assert_bar(11, 10, 12, "[##########]");
	assert_bar(1, 0, 6, "[----]");
	assert_bar(1, 2, 1, "[]");
}

static void assert_lasts(unsigned long long seconds, const char *want)
{
	char out[32];

	ctl_term_duration(seconds, out, sizeof(out));
	assert_string_equal(out, want);
}

static void durations(void **state)
{
	(void)state;
	assert_lasts(0, "0 s");
	assert_lasts(59, "59 s");
	assert_lasts(187, "3:07");
	assert_lasts(3723, "1:02:03");
	assert_lasts(86400 * 4 + 3 * 3600 + 5, "4 d 3 h");
}

static void exit_status_by_error(void **state)
{
	(void)state;
	assert_int_equal(ctl_exit_of(0), CTL_EXIT_OK);
	assert_int_equal(ctl_exit_of(-EIO), CTL_EXIT_FAILED);
	assert_int_equal(ctl_exit_of(-EISDIR), CTL_EXIT_FAILED);
	assert_int_equal(ctl_exit_of(-ENOENT), CTL_EXIT_NOT_FOUND);
	assert_int_equal(ctl_exit_of(-ECONNREFUSED), CTL_EXIT_UNREACHABLE);
	assert_int_equal(ctl_exit_of(-EAGAIN), CTL_EXIT_UNREACHABLE);
	assert_int_equal(ctl_exit_of(-ENOSPC), CTL_EXIT_NO_ROOM);
	assert_int_equal(ctl_exit_of(-EACCES), CTL_EXIT_REFUSED);
	assert_int_equal(ctl_exit_of(-ENOTEMPTY), CTL_EXIT_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fit_cuts),
		cmocka_unit_test(fit_counts_columns),
		cmocka_unit_test(fit_lets_nothing_move_the_cursor),
		cmocka_unit_test(fit_never_leaves_its_buffer),
		cmocka_unit_test(bar_fills),
		cmocka_unit_test(durations),
		cmocka_unit_test(exit_status_by_error),
	};

	if (!setlocale(LC_ALL, "C.UTF-8"))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
