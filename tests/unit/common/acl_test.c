#include "common/acl.h"
#include "common/base.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { U = 1, NU = 2, G = 4, NG = 8, M = 16, O = 32 };

/* "tag perm id" triples, ended by tag 0, as the kernel writes them. */
struct entry {
	unsigned tag, perm, id;
};

static size_t blob_of(const struct entry *e, unsigned char *out)
{
	size_t len = 4;

	memcpy(out, "\2\0\0\0", 4);
	for (; e->tag; e++, len += 8) {
		unsigned id = e->id ? e->id : UINT32_MAX;
		unsigned char one[] = { (unsigned char)e->tag, (unsigned char)(e->tag >> 8),
			(unsigned char)e->perm, (unsigned char)(e->perm >> 8), (unsigned char)id,
			(unsigned char)(id >> 8), (unsigned char)(id >> 16),
			(unsigned char)(id >> 24) };

		memcpy(out + len, one, sizeof(one));
	}
	return len;
}

static int parse(const struct entry *e, struct acl *out)
{
	unsigned char blob[200];

	return acl_parse(blob, blob_of(e, blob), out);
}

static const struct entry minimal[] = { { U, 6, 0 }, { G, 4, 0 }, { O, 0, 0 }, { 0 } };
static const struct entry rich[] = { { U, 7, 0 }, { NU, 6, 1000 }, { NU, 5, 70000 }, { G, 5, 0 },
	{ NG, 7, 77 }, { M, 6, 0 }, { O, 1, 0 }, { 0 } };

static void test_good_ones_come_back(void **state)
{
	static const struct entry masked[] = { { U, 6, 0 }, { G, 4, 0 }, { M, 4, 0 }, { O, 0, 0 },
		{ 0 } };
	static const struct entry *const rows[] = { minimal, rich, masked };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		unsigned char blob[200], back[ACL_BYTES];
		size_t len = blob_of(rows[i], blob);
		struct acl acl;

		assert_int_equal(acl_parse(blob, len, &acl), 0);
		assert_int_equal(acl_write(&acl, back), len);
		assert_memory_equal(back, blob, len);
	}
}

static void test_bad_ones(void **state)
{
	static const struct entry rows[][7] = {
		{ { 0 } },
		{ { U, 6, 0 } },
		{ { U, 6, 0 }, { G, 6, 0 } },					      /* no other */
		{ { G, 6, 0 }, { U, 6, 0 }, { O, 6, 0 } },			      /* order */
		{ { U, 6, 0 }, { O, 6, 0 }, { G, 6, 0 } },			      /* order */
		{ { U, 6, 0 }, { U, 6, 0 }, { G, 6, 0 }, { O, 6, 0 } },		      /* twice */
		{ { U, 6, 0 }, { NU, 6, 9 }, { G, 6, 0 }, { O, 6, 0 } },	      /* no mask */
		{ { U, 6, 0 }, { G, 6, 0 }, { NG, 6, 9 }, { O, 6, 0 } },	      /* no mask */
		{ { U, 6, 0 }, { NU, 6, 0 }, { G, 6, 0 }, { M, 6, 0 }, { O, 6, 0 } }, /* no id */
		{ { U, 8, 0 }, { G, 6, 0 }, { O, 6, 0 } },		 /* permission */
		{ { U, 6, 0 }, { G, 6, 0 }, { 64, 6, 0 }, { O, 6, 0 } }, /* tag */
		{ { U | G, 6, 0 }, { G, 6, 0 }, { O, 6, 0 } },		 /* tag */
		{ { U, 6, 0 }, { G, 6, 0 }, { M, 6, 0 }, { M, 6, 0 }, { O, 6, 0 } },
		{ { U, 6, 0 }, { G, 6, 0 }, { O, 6, 0 }, { O, 6, 0 } },
	};
	struct acl acl;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(parse(rows[i], &acl), -EINVAL);
}

static void test_bad_bytes(void **state)
{
	unsigned char blob[200];
	size_t len = blob_of(minimal, blob);
	struct acl acl;

	(void)state;
	for (size_t i = 0; i < len; i++)
		assert_int_equal(acl_parse(blob, i, &acl), -EINVAL);
	blob[0] = 3;
	assert_int_equal(acl_parse(blob, len, &acl), -EINVAL);
}

static void test_most_entries(void **state)
{
	static struct entry many[LIMIT_ACL_ENTRIES + 2] = { { U, 7, 0 } };
	static unsigned char blob[ACL_BYTES + 8];
	static struct acl acl;
	size_t n = 1;

	(void)state;
	while (n < LIMIT_ACL_ENTRIES - 3)
		many[n] = (struct entry){ NU, 7, (unsigned)n }, n++;
	many[n++] = (struct entry){ G, 7, 0 };
	many[n++] = (struct entry){ M, 7, 0 };
	many[n++] = (struct entry){ O, 7, 0 };
	assert_int_equal(n, LIMIT_ACL_ENTRIES);
	assert_int_equal(acl_parse(blob, blob_of(many, blob), &acl), 0);
	assert_int_equal(acl.n, LIMIT_ACL_ENTRIES);
	many[n - 3] = (struct entry){ NU, 7, 5 };
	many[n - 2] = (struct entry){ G, 7, 0 };
	many[n - 1] = (struct entry){ M, 7, 0 };
	many[n] = (struct entry){ O, 7, 0 };
	assert_int_equal(acl_parse(blob, blob_of(many, blob), &acl), -E2BIG);
}

static void test_mode(void **state)
{
	uint32_t mode = 0104777;
	struct acl acl;

	(void)state;
	assert_int_equal(parse(minimal, &acl), 0);
	assert_true(acl_mode(&acl, &mode));
	assert_int_equal(mode, 0104640);
	assert_int_equal(parse(rich, &acl), 0);
	assert_false(acl_mode(&acl, &mode));
	assert_int_equal(mode, 0104761); /* the group's bits are the mask's */
}

static void expect(const struct acl *acl, const unsigned *perms)
{
	for (size_t i = 0; i < acl->n; i++)
		assert_int_equal(acl->list[i].perm, perms[i]);
}

static void test_chmod(void **state)
{
	struct acl acl;

	(void)state;
	assert_int_equal(parse(rich, &acl), 0);
	acl_chmod(&acl, 0100504);
	expect(&acl, (unsigned[]){ 5, 6, 5, 5, 7, 0, 4 });
	assert_int_equal(parse(minimal, &acl), 0);
	acl_chmod(&acl, 0750);
	expect(&acl, (unsigned[]){ 7, 5, 0 });
}

static void test_inherit(void **state)
{
	uint32_t mode = 0100666;
	struct acl acl;

	(void)state;
	assert_int_equal(parse(rich, &acl), 0);
	assert_false(acl_inherit(&acl, &mode));
	assert_int_equal(mode, 0100660);
	expect(&acl, (unsigned[]){ 6, 6, 5, 5, 7, 6, 0 });
	mode = 042777;
	assert_int_equal(parse(minimal, &acl), 0);
	assert_true(acl_inherit(&acl, &mode));
	assert_int_equal(mode, 042640);
	mode = 0100000;
	assert_int_equal(parse(rich, &acl), 0);
	assert_false(acl_inherit(&acl, &mode));
	assert_int_equal(mode, 0100000);
	expect(&acl, (unsigned[]){ 0, 6, 5, 5, 7, 0, 0 });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_ones_come_back),
		cmocka_unit_test(test_bad_ones),
		cmocka_unit_test(test_bad_bytes),
		cmocka_unit_test(test_most_entries),
		cmocka_unit_test(test_mode),
		cmocka_unit_test(test_chmod),
		cmocka_unit_test(test_inherit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
