#include "cdnfs/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the four above */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char error[300];

static int parse(struct options *o, const char *file, const char *const *words)
{
	char *argv[16] = { 0 };
	int argc = 0, rc;

	for (; words[argc]; argc++)
		argv[argc] = strdup(words[argc]);
	memset(o, 0, sizeof(*o));
	rc = options_parse(o, argc, argv, file, error, sizeof(error));
	for (int i = 0; i < 16; i++)
		if (i < argc)
			free(argv[i]);
	return rc;
}

#define PARSE(o, ...) parse(o, NULL, (const char *const[]){ __VA_ARGS__, NULL })

static void test_mount_fuse(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(PARSE(&o, "cdnfs", "/mnt", "-o", "rw,dev,suid,timeout=5,_netdev"), 0);
	assert_string_equal(o.mountpoint, "/mnt");
	assert_string_equal(o.set.url, "http://127.0.0.1:8000");
	assert_string_equal(buf_str(&o.fuse), ",rw,dev,suid");
	assert_int_equal(o.set.timeout, 5);
	assert_int_equal(o.set.memory, 64U << 20);
	assert_false(o.foreground);
	options_free(&o);
}

static void test_mount_cdnfs(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(PARSE(&o, "/sbin/mount.cdnfs", "http://h:9", "/mnt", "-n", "-o",
				 "ro,url=http://other:1,x-a"),
		0);
	assert_string_equal(o.set.url, "http://h:9");
	assert_string_equal(buf_str(&o.fuse), ",ro");
	assert_int_equal(o.what, OPTIONS_RUN);
	options_free(&o);
	assert_int_equal(PARSE(&o, "mount.cdnfs", "http://h:9", "/mnt", "-f"), 0);
	assert_int_equal(o.what, OPTIONS_NOTHING);
	options_free(&o);
	assert_int_equal(PARSE(&o, "mount.cdnfs", "none", "/mnt", "-s", "-o", "odd"), 0);
	assert_string_equal(o.set.url, "http://127.0.0.1:8000");
	options_free(&o);
}

static void test_letters(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(PARSE(&o, "cdnfs", "-d", "-s", "http://h", "/mnt"), 0);
	assert_true(o.foreground && o.debug && o.single);
	options_free(&o);
	assert_int_equal(PARSE(&o, "cdnfs", "--help"), 0);
	assert_int_equal(o.what, OPTIONS_HELP);
	options_free(&o);
	assert_int_equal(PARSE(&o, "cdnfs", "-V"), 0);
	assert_int_equal(o.what, OPTIONS_VERSION);
	options_free(&o);
	assert_int_equal(setenv("CDNFS_TIMEOUT", "x", 1), 0);
	assert_int_equal(PARSE(&o, "cdnfs", "-o", "nonsense", "/mnt", "-h"), 0);
	assert_int_equal(unsetenv("CDNFS_TIMEOUT"), 0);
	assert_int_equal(o.what, OPTIONS_HELP);
	options_free(&o);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *word, *says;
	} bad[] = { { "nonsense", "nonsense" }, { "timeout=x", "timeout" },
		{ "timeout=-1", "timeout" }, { "timeout=0", "timeout" }, { "memory=1M", "memory" },
		{ "memory=", "memory" }, { "url=ftp://h", "url" }, { "url=http://h/path", "url" },
		{ "log_level=loud", "log_level" }, { "token_file=/nonexistent", "/nonexistent" },
		{ "threads=0", "threads" } };
	struct options o;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_true(PARSE(&o, "cdnfs", "/mnt", "-o", bad[i].word) < 0);
		assert_non_null(strstr(error, bad[i].says));
		options_free(&o);
	}
	assert_true(PARSE(&o, "cdnfs") < 0);
	options_free(&o);
	assert_true(PARSE(&o, "cdnfs", "a", "b", "c") < 0);
	options_free(&o);
	assert_true(PARSE(&o, "cdnfs", "-x", "/mnt") < 0);
	options_free(&o);
}

static void test_file_and_token(void **state)
{
	char path[] = "/var/tmp/cdnfs-options-XXXXXX";
	const char *const words[] = { "cdnfs", "/mnt", NULL };
	const char *text = "# the CDN\nurl = http://filed:7\nattr_timeout = 3\n";
	struct options o;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(parse(&o, path, words), 0);
	assert_string_equal(o.set.url, "http://filed:7");
	assert_int_equal(o.set.attr_timeout, 3);
	assert_null(o.token);
	options_free(&o);
	assert_int_equal(setenv("CDN_TOKEN", "secret", 1), 0);
	assert_int_equal(setenv("CDN_URL", "http://env:1", 1), 0);
	assert_int_equal(parse(&o, path, words), 0);
	assert_string_equal(o.token, "secret");
	assert_string_equal(o.set.url, "http://env:1");
	options_free(&o);
	assert_int_equal(unsetenv("CDN_TOKEN") | unsetenv("CDN_URL"), 0);
	assert_int_equal(close(fd) | unlink(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_mount_fuse),
		cmocka_unit_test(test_mount_cdnfs), cmocka_unit_test(test_letters),
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_file_and_token) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
