#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cdnfs/ctl_print.h"
#include "cdnfs/ctl_tables.h"

static void assert_printed(
	void (*print)(FILE *, const cJSON *), const char *json, const char *expected)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	cJSON *value = cJSON_Parse(json);

	assert_non_null(value);
	print(out, value);
	fclose(out);
	assert_string_equal(text, expected);
	cJSON_Delete(value);
	free(text);
}

static void dict_is_as_in_the_evidence(void **state)
{
	(void)state;
	assert_printed(ctl_print_dict,
		"{\"id\":33,\"message\":\"Content successfully uploaded. ID: 33\"}",
		"{'id': 33, 'message': 'Content successfully uploaded. ID: 33'}\n");
	assert_printed(ctl_print_dict, "{\"a\":[true,false,null,1.5,-2],\"b\":{}}",
		"{'a': [True, False, None, 1.5, -2], 'b': {}}\n");
	assert_printed(ctl_print_dict, "9007199254740991", "9007199254740991\n");
}

static void dict_quotes_and_escapes(void **state)
{
	(void)state;
	assert_printed(ctl_print_dict, "\"it's\"", "\"it's\"\n");
	assert_printed(ctl_print_dict, "\"it's \\\"so\\\"\"", "'it\\'s \"so\"'\n");
	assert_printed(ctl_print_dict, "\"a\\u001b[31m\\n\"", "'a\\x1b[31m\\x0a'\n");
}

static void headers_become_an_object(void **state)
{
	struct httpc_res res = HTTPC_RES_INIT;
	cJSON *headers;

	(void)state;
	buf_adds(&res.headers, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
			       "ETag:  \"abc\"\r\nDate: Mon, 29 Aug 2022 06:03:31 GMT\r\n\r\n");
	headers = ctl_headers(&res);
	assert_int_equal(cJSON_GetArraySize(headers), 3);
	assert_string_equal(
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(headers, "etag")), "\"abc\"");
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(headers, "date")),
		"Mon, 29 Aug 2022 06:03:31 GMT");
	cJSON_Delete(headers);
	httpc_res_release(&res);
}

static void print_stats(FILE *out, const cJSON *stats)
{
	const struct ctl_screen s = { .out = out };

	ctl_table_stats(&s, stats);
}

static void stats_survive_missing_figures(void **state)
{
	(void)state;
	assert_printed(print_stats, "{\"stats\":{\"node1\":{\"status\":\"DOWN\"}}}",
		"NODE         STATUS       MEMORY     STORED    USED   CAPACITY\n"
		"node1        DOWN            0 B        0 B   0.00%        0 B\n");
}

static void narrow(FILE *out, const cJSON *stats)
{
	const struct ctl_screen s = { .out = out, .width = 16, .colour = true };

	ctl_table_stats(&s, stats);
}

static void tables_are_cut_and_coloured(void **state)
{
	(void)state;
	assert_printed(narrow, "{\"stats\":{\"a\\u001bb\":{\"status\":\"DOWN\"}}}",
		"\033[1mNODE         STA\033[0m\n"
		"a?b          \033[31mDOW\033[0m\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dict_is_as_in_the_evidence),
		cmocka_unit_test(dict_quotes_and_escapes),
		cmocka_unit_test(headers_become_an_object),
		cmocka_unit_test(stats_survive_missing_figures),
		cmocka_unit_test(tables_are_cut_and_coloured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
