#include "common/sign.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TOKEN "s3cret"
#define UNTIL "1893456000"

/* The test cases of RFC 4231, section 4; the fifth truncates. */
static void test_rfc_4231(void **state)
{
	static const struct {
		int key, key_len, fill, fill_len; /* a byte, so many times */
		const char *key_text, *text, *hex;
	} rows[] = {
		{ 0x0b, 20, 0, 0, NULL, "Hi There",
			"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
		{ 0, 4, 0, 0, "Jefe", "what do ya want for nothing?",
			"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
		{ 0xaa, 20, 0xdd, 50, NULL, NULL,
			"773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
		{ 0, 25, 0xcd, 50,
			"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12"
			"\x13\x14\x15\x16\x17\x18\x19",
			NULL, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
		{ 0x0c, 20, 0, 0, NULL, "Test With Truncation",
			"a3b6167473100ee06e0c796c2955552b" },
		{ 0xaa, 131, 0, 0, NULL, "Test Using Larger Than Block-Size Key - Hash Key First",
			"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
		{ 0xaa, 131, 0, 0, NULL,
			"This is a test using a larger than block-size key and a larger than "
			"block-size data. The key needs to be hashed before being used by the HMAC "
			"algorithm.",
			"9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
	};
	char key[256], fill[256], hex[SIGN_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = rows[i].text ? strlen(rows[i].text) : (size_t)rows[i].fill_len;

		memset(key, rows[i].key, sizeof(key));
		memset(fill, rows[i].fill, sizeof(fill));
		assert_int_equal(sign_hmac(rows[i].key_text ? rows[i].key_text : key,
					 (size_t)rows[i].key_len,
					 rows[i].text ? rows[i].text : fill, len, hex),
			0);
		assert_int_equal(strlen(hex), SIGN_TEXT - 1);
		assert_memory_equal(hex, rows[i].hex, strlen(rows[i].hex));
	}
}

static void test_path_has_one_form(void **state)
{
	static const struct {
		const char *path, *form;
	} rows[] = {
		{ "/retrieve/33", "/retrieve/33" },
		{ "/retrieve/33/", "/retrieve/33" },
		{ "/files/a b/\xc3\xa9%", "/files/a%20b/%C3%A9%25" },
		{ "//files///a//", "/files/a" },
		{ "/files/a\nb", "/files/a%0Ab" },
		{ "/files/\xff+&?#", "/files/%FF%2B%26%3F%23" },
		{ "/files/-._~", "/files/-._~" },
		{ "/", "/" },
		{ "", "/" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b = BUF_INIT;

		buf_adds(&b, "http://node1");
		sign_path(&b, rows[i].path);
		assert_memory_equal(buf_str(&b), "http://node1", 12);
		assert_string_equal(buf_str(&b) + 12, rows[i].form);
		buf_release(&b);
	}
}

/* The signatures were computed with another program. */
static void test_link(void **state)
{
	static const char first[] =
		"9aa9f0cd9d3ba8617509af86914cb41c1465afe82bc256436803ddd9e76f44b1";
	static const char second[] =
		"851e09e4976879decff4f1bd55b2d834151dec972e9d88d79de13ee0a84c1658";
	char hex[SIGN_TEXT];
	uint64_t until = 0;

	(void)state;
	assert_int_equal(sign_link(TOKEN, "/retrieve/33", 1893456000, hex), 0);
	assert_string_equal(hex, first);
	assert_int_equal(sign_check(TOKEN, "/retrieve/33", UNTIL, first, &until), 0);
	assert_int_equal(until, 1893456000);
	until = 0;
	assert_int_equal(sign_check(TOKEN, "/retrieve/33/", UNTIL, first, &until), 0);
	assert_int_equal(until, 1893456000);
	assert_int_equal(sign_link(TOKEN, "/files/a b/\xc3\xa9%", 1893456000, hex), 0);
	assert_string_equal(hex, second);
}

static void refused(const char *token, const char *path, const char *expires, const char *signature)
{
	uint64_t until = 77;

	assert_int_equal(sign_check(token, path, expires, signature, &until), -EKEYREJECTED);
	assert_int_equal(until, 77);
}

static void test_tampering(void **state)
{
	char good[SIGN_TEXT], bad[SIGN_TEXT + 1];

	(void)state;
	assert_int_equal(sign_link(TOKEN, "/retrieve/33", 1893456000, good), 0);
	refused("s3creT", "/retrieve/33", UNTIL, good);
	refused("", "/retrieve/33", UNTIL, good);
	refused(TOKEN, "/retrieve/34", UNTIL, good);
	refused(TOKEN, "/retrieve/3", UNTIL, good);
	refused(TOKEN, "/files/retrieve/33", UNTIL, good);
	refused(TOKEN, "/retrieve/33", "1893456001", good);
	for (size_t i = 0; i < SIGN_TEXT - 1; i++) {
		memcpy(bad, good, SIGN_TEXT);
		bad[i] = bad[i] == '0' ? '1' : '0';
		refused(TOKEN, "/retrieve/33", UNTIL, bad);
	}
	memcpy(bad, good, SIGN_TEXT);
	bad[SIGN_TEXT - 2] = '\0';
	refused(TOKEN, "/retrieve/33", UNTIL, bad);
	(void)snprintf(bad, sizeof(bad), "%s0", good);
	refused(TOKEN, "/retrieve/33", UNTIL, bad);
	refused(TOKEN, "/retrieve/33", UNTIL, "");
}

/* Where the path ends and the time begins cannot be moved. */
static void test_fields_do_not_run_together(void **state)
{
	char one[SIGN_TEXT], other[SIGN_TEXT];

	(void)state;
	assert_int_equal(sign_link(TOKEN, "/retrieve/3", 31893456000, one), 0);
	assert_int_equal(sign_link(TOKEN, "/retrieve/33", 1893456000, other), 0);
	assert_string_not_equal(one, other);
	assert_int_equal(sign_link(TOKEN, "/files/a\n1", 2, one), 0);
	assert_int_equal(sign_link(TOKEN, "/files/a", 1, other), 0);
	assert_string_not_equal(one, other);
}

static void test_expires_is_plain_decimal(void **state)
{
	static const char *const bad[] = { "", "0", "-1", "+5", " 5", "5 ", "05", "0x5", "5.0",
		"1e3", "NaN", "inf", "1893456000x", "1000000000000000", "18446744073709551617",
		"99999999999999999999999999999999999999" };
	char hex[SIGN_TEXT];
	uint64_t until;

	(void)state;
	assert_int_equal(sign_link(TOKEN, "/retrieve/33", 5, hex), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refused(TOKEN, "/retrieve/33", bad[i], hex);
	assert_int_equal(sign_check(TOKEN, "/retrieve/33", "5", hex, &until), 0);
	assert_int_equal(until, 5);
	assert_int_equal(sign_link(TOKEN, "/retrieve/33", 999999999999999, hex), 0);
	assert_int_equal(sign_check(TOKEN, "/retrieve/33", "999999999999999", hex, &until), 0);
	assert_int_equal(until, 999999999999999);
	/* one more has a signature too, but is no time */
	assert_int_equal(sign_link(TOKEN, "/retrieve/33", 1000000000000000, hex), 0);
	refused(TOKEN, "/retrieve/33", "1000000000000000", hex);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc_4231),
		cmocka_unit_test(test_path_has_one_form),
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_tampering),
		cmocka_unit_test(test_fields_do_not_run_together),
		cmocka_unit_test(test_expires_is_plain_decimal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
