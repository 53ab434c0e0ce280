#include "cdnfs/events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the four above */
#include <cmocka.h>
#include <errno.h>
#include <string.h>

static int read_text(const char *text, struct events *e)
{
	return events_read(text, strlen(text), e);
}

static void test_an_answer(void **state)
{
	struct events e;

	(void)state;
	assert_int_equal(
		read_text("{\"reset\":false,\"lease\":6000,\"changes\":[{\"id\":5},{\"dir\":1,"
			  "\"name\":\"a%FFb\"},{\"all\":true}],\"last\":7}",
			&e),
		0);
	assert_false(e.reset);
	assert_int_equal(e.lease_ms, 6000);
	assert_int_equal(e.last, 7);
	assert_int_equal(e.n, 3);
	assert_int_equal(e.list[0].id, 5);
	assert_int_equal(e.list[0].name, 0);
	assert_int_equal(e.list[1].id, 1);
	assert_string_equal(e.text.data + e.list[1].name, "a\xff"
							  "b");
	assert_int_equal(e.list[2].id, 0);
	events_release(&e);
}

static void test_what_is_no_answer(void **state)
{
	static const char *const bad[] = { "", "x", "[]", "{}",
		"{\"lease\":1,\"changes\":[],\"last\":7}",
		"{\"reset\":true,\"changes\":[],\"last\":7}",
		"{\"reset\":true,\"lease\":1,\"last\":7}",
		"{\"reset\":true,\"lease\":1,\"changes\":[]}",
		"{\"reset\":true,\"lease\":1,\"changes\":{},\"last\":7}",
		"{\"reset\":true,\"lease\":99999999,\"changes\":[],\"last\":7}",
		"{\"reset\":true,\"lease\":-1,\"changes\":[],\"last\":7}",
		"{\"reset\":true,\"lease\":1,\"changes\":[],\"last\":-7}",
		"{\"reset\":1,\"lease\":1,\"changes\":[],\"last\":7}",
		"{\"reset\":true,\"lease\":1,\"changes\":[5],\"last\":7}",
		"{\"reset\":true,\"lease\":1,\"changes\":[{}],\"last\":7}",
		"{\"reset\":true,\"lease\":1,\"changes\":[{\"id\":0}],\"last\":7}",
		"{\"reset\":true,\"lease\":1,\"changes\":[{\"all\":false}],\"last\":7}",
		"{\"reset\":true,\"lease\":1,\"changes\":[{\"name\":\"x\"}],\"last\":7}",
		"{\"reset\":true,\"lease\":1,\"changes\":[{\"dir\":0,\"name\":\"x\"}],\"last\":7}",
		"{\"reset\":true,\"lease\":1,\"changes\":[{\"dir\":1,\"name\":\"\"}],\"last\":7}",
		"{\"reset\":true,\"lease\":1,\"changes\":[{\"dir\":1,\"name\":\"a/"
		"b\"}],\"last\":7}",
		"{\"reset\":true,\"lease\":1,\"changes\":[{\"dir\":1,\"name\":\"%00\"}],\"last\":"
		"7}",
		"{\"reset\":true,\"lease\":1,\"changes\":[{\"dir\":1,\"name\":5}],\"last\":7}" };
	struct events e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (read_text(bad[i], &e) != -EPROTO)
			fail_msg("%s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_answer),
		cmocka_unit_test(test_what_is_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
