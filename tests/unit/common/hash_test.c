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

/* By the XXH3-128 of one section's zeros, and of two and a half such digests. */
static void test_sections(void **state)
{
	struct hash *h = hash_open(), *zeros = hash_open();
	char *section = calloc(1, HASH_SECTION), text[HASH_TEXT], other[HASH_TEXT];
	unsigned char kept[HASH_KEPT * HASH_DIGEST];

	(void)state;
	assert_non_null(section);
	hash_add(h, section, HASH_SECTION - 1);
	hash_add(h, section, 1);
	hash_text(h, text);
	hash_bytes(section, HASH_SECTION, other);
	assert_string_equal(text, other); /* one section is the plain sum */
	assert_int_equal(hash_kept(h, kept), 0);
	for (size_t left = HASH_SECTION + 1000; left;) {
		size_t n = left < 30000000 ? left : 30000000;

		hash_add(h, section, n);
		left -= n;
	}
	hash_text(h, text);
	assert_string_equal(text + HASH_DIGITS, "-3");
	assert_int_equal(hash_kept(h, kept), 2);
	assert_memory_equal(kept, kept + HASH_DIGEST, HASH_DIGEST);
	hash_zeros(zeros, 2ULL * HASH_SECTION + 1000);
	assert_true(hash_is(zeros, text));
	/* digests that are known stand for their bytes */
	hash_reset(zeros);
	hash_section(zeros, kept);
	hash_add(zeros, section, HASH_SECTION / 2);
	hash_zeros(zeros, HASH_SECTION / 2);
	hash_zeros(zeros, 1000);
	assert_true(hash_is(zeros, text));
	hash_add(zeros, "x", 1);
	assert_false(hash_is(zeros, text));
	free(section);
	hash_close(&h);
	hash_close(&zeros);
}

/* A sparse TiB, and one byte that is no zero, in no time. */
static void test_terabytes_of_zeros(void **state)
{
	struct hash *h = hash_open();
	char text[HASH_TEXT], other[HASH_TEXT];

	(void)state;
	hash_zeros(h, 1ULL << 40);
	hash_text(h, text);
	assert_string_equal(text + HASH_DIGITS, "-16384");
	hash_reset(h);
	hash_zeros(h, (1ULL << 39) + 5);
	hash_add(h, "x", 1);
	hash_zeros(h, (1ULL << 39) - 6);
	hash_text(h, other);
	assert_string_equal(other + HASH_DIGITS, "-16384");
	assert_string_not_equal(text, other);
	hash_close(&h);
}

static void test_the_plain_sum_beside(void **state)
{
	struct hash *h = hash_open(), *big = hash_open();
	char text[HASH_TEXT];

	(void)state;
	assert_int_equal(hash_plain(h), 0);
	assert_int_equal(hash_plain(h), 0);
	hash_add(h, "a", 1);
	hash_add(h, "bc", 2);
	assert_true(hash_is(h, "06B05AB6733A618578AF5F94892F3950"));
	hash_reset(h);
	assert_int_equal(hash_plain(big), 0);
	hash_zeros(big, HASH_SECTION + 1ULL);
	hash_text(big, text);
	assert_true(hash_is(big, text));
	assert_true(hash_is(big, "665d9c35ba5614bfde2471ec261b1d70")); /* xxh128sum */
	assert_false(hash_is(big, "665d9c35ba5614bfde2471ec261b1d71"));
	hash_close(&h);
	hash_close(&big);
}

static void test_texts(void **state)
{
	static const char *const good[] = { "0123456789abcdefABCDEF0123456789",
		"0123456789abcdef0123456789abcdef-2", "0123456789abcdef0123456789abcdef-16384" };
	static const char *const bad[] = { "", "0123456789abcdef0123456789abcde",
		"0123456789abcdef0123456789abcdefg", "0123456789abcdef0123456789abcdef0",
		"0123456789abcdef0123456789abcdef-", "0123456789abcdef0123456789abcdef-02",
		"0123456789abcdef0123456789abcdef-2x", "0123456789abcdef0123456789abcdef 2",
		"0123456789abcdef0123456789abcdef-1234567890123456" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(hash_text_ok(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(hash_text_ok(bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_in_pieces),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_terabytes_of_zeros),
		cmocka_unit_test(test_the_plain_sum_beside),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
