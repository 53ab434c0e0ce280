#include "common/hash.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* As `xxh128sum` prints them. */
static void test_known(void **state)
{
	char text[HASH_TEXT];

	(void)state;
	hash_bytes("", 0, text);
	assert_string_equal(text, "99aa06d3014798d86001c324468d497f");
	hash_bytes(NULL, 0, text);
	assert_string_equal(text, "99aa06d3014798d86001c324468d497f");
	hash_bytes("abc", 3, text);
	assert_string_equal(text, "06b05ab6733a618578af5f94892f3950");
}

static void test_in_pieces(void **state)
{
	struct hash *h = hash_open();
	char data[5000], whole[HASH_TEXT], text[HASH_TEXT];

	(void)state;
	assert_non_null(h);
	hash_text(h, text);
	assert_string_equal(text, "99aa06d3014798d86001c324468d497f");
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 7);
	for (size_t step = 1; step < 1100; step += 97) {
		hash_reset(h);
		for (size_t at = 0; at < sizeof(data); at += step)
			hash_add(h, data + at, at + step > sizeof(data) ? sizeof(data) - at : step);
		hash_add(h, NULL, 0);
		hash_text(h, text);
		hash_bytes(data, sizeof(data), whole);
		assert_string_equal(text, whole);
	}
	/* the text of what came so far does not end it */
	hash_add(h, "x", 1);
	hash_text(h, text);
	assert_string_not_equal(text, whole);
	hash_close(&h);
	assert_null(h);
	hash_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
