#include "cdnfs/inode_xattr.h"

#include "cdnfs/inode.h"
#include "cdnfs/wire_xattr.h"
#include "common/xattr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the four above */
#include <cmocka.h>
#include <errno.h>
#include <sys/stat.h>

#define LONG 3600000

static int setup(void **state)
{
	struct inodes *t;

	assert_int_equal(inodes_open(&t), 0);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct inodes *t = *state;

	inodes_close(&t);
	return 0;
}

static void learn(struct inodes *t, uint32_t bits, int64_t ctime)
{
	struct attr a = { .id = 9, .mode = S_IFREG, .nlink = 1, .xattrs = bits, .ctime = ctime };
	struct attr shown;

	assert_int_equal(inode_learn(t, &a, NULL, inodes_tick(t), 1, &shown), 0);
}

static void keep(struct inodes *t, int64_t ctime)
{
	cJSON *o = cJSON_Parse("{\"xattrs\":[{\"name\":\"user.a\",\"value\":\"MQ==\"},"
			       "{\"name\":\"user.long\"}]}");
	struct xattrs *x;

	assert_int_equal(wire_xattrs(o, &x), 0);
	cJSON_Delete(o);
	x->ctime = ctime;
	inode_xattr_keep(t, 9, &x);
	assert_null(x);
}

static int get(struct inodes *t, const char *name, int64_t age)
{
	struct buf out = BUF_INIT;
	int rc = inode_xattr_get(t, 9, name, age, &out);

	assert_int_equal(out.len, rc == 0 ? 1 : 0);
	buf_release(&out);
	return rc;
}

static int list(struct inodes *t, size_t *len)
{
	struct buf out = BUF_INIT;
	int rc = inode_xattr_list(t, 9, LONG, &out);

	*len = out.len;
	buf_release(&out);
	return rc;
}

static void test_what_there_is_not_is_known(void **state)
{
	size_t len;

	assert_int_equal(get(*state, "user.a", LONG), -EAGAIN);
	learn(*state, 0, 1);
	assert_int_equal(get(*state, "user.a", LONG), -ENODATA);
	assert_int_equal(list(*state, &len), 0);
	assert_int_equal(len, 0);
	learn(*state, XATTR_SOME, 1);
	assert_int_equal(get(*state, XATTR_NAME_ACCESS, LONG), -ENODATA);
	assert_int_equal(get(*state, "security.capability", LONG), -ENODATA);
	assert_int_equal(get(*state, "user.a", LONG), -EAGAIN);
	assert_int_equal(list(*state, &len), -EAGAIN);
}

static void test_a_list_answers(void **state)
{
	size_t len;

	learn(*state, XATTR_SOME, 1);
	keep(*state, 1);
	assert_int_equal(get(*state, "user.a", LONG), 0);
	assert_int_equal(get(*state, "user.b", LONG), -ENODATA);
	assert_int_equal(get(*state, "user.long", LONG), -EOVERFLOW);
	assert_int_equal(list(*state, &len), 0);
	assert_int_equal(len, 17);
	keep(*state, 1); /* again */
	assert_int_equal(get(*state, "user.a", LONG), 0);
}

static void test_a_list_of_another_moment_does_not(void **state)
{
	learn(*state, XATTR_SOME, 2);
	keep(*state, 1);
	assert_int_equal(get(*state, "user.a", LONG), -EAGAIN);
	keep(*state, 2);
	assert_int_equal(get(*state, "user.a", LONG), 0);
	learn(*state, XATTR_SOME, 3);
	assert_int_equal(get(*state, "user.a", LONG), -EAGAIN);
}

static void test_age(void **state)
{
	learn(*state, 0, 1);
	inode_stale(*state, 9);
	assert_int_equal(get(*state, "user.a", LONG), -EAGAIN);
	assert_int_equal(get(*state, "security.capability", -1), -ENODATA);
}

static void test_a_gone_inode_changes_no_more(void **state)
{
	struct inode *in;

	learn(*state, XATTR_SOME, 1);
	keep(*state, 1);
	in = inode_hold(*state, 9);
	inode_unlinked(*state, 9, 0);
	assert_int_equal(get(*state, "user.a", LONG), 0);
	inode_drop(*state, in);
}

static void test_what_is_open_and_not_known_is_wanted(void **state)
{
	struct inode *in;

	assert_false(inode_xattr_wanted(*state, 9, LONG)); /* not known at all */
	learn(*state, XATTR_SOME, 1);
	assert_false(inode_xattr_wanted(*state, 9, LONG)); /* not open */
	in = inode_hold(*state, 9);
	assert_true(inode_xattr_wanted(*state, 9, LONG));
	keep(*state, 1);
	assert_false(inode_xattr_wanted(*state, 9, LONG));
	inode_stale(*state, 9);
	assert_true(inode_xattr_wanted(*state, 9, LONG));
	learn(*state, 0, 2);
	assert_false(inode_xattr_wanted(*state, 9, LONG)); /* has none */
	learn(*state, XATTR_SOME, 3);
	inode_unlinked(*state, 9, 0);
	assert_false(inode_xattr_wanted(*state, 9, LONG)); /* nobody tells them any more */
	inode_drop(*state, in);
}

static void test_nobody_keeps_a_list_of_nothing(void **state)
{
	keep(*state, 1); /* freed */
	assert_int_equal(inodes_count(*state), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_what_there_is_not_is_known),
		CASE(test_a_list_answers),
		CASE(test_a_list_of_another_moment_does_not),
		CASE(test_age),
		CASE(test_a_gone_inode_changes_no_more),
		CASE(test_what_is_open_and_not_known_is_wanted),
		CASE(test_nobody_keeps_a_list_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
