#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cdnfs/ctl_local.h"
#include <dirent.h>
#include <errno.h>

static char folder[64];

static int folder_make(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/ctl_local_XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static const char *in_folder(const char *name)
{
	static char path[2][128];
	static int at;

	at = !at;
	snprintf(path[at], sizeof(path[at]), "%s/%s", folder, name);
	return path[at];
}

static int folder_remove(void **state)
{
	(void)state;
	unlink(in_folder("file"));
	unlink(in_folder("link"));
	return rmdir(folder); /* fails when a temporary file was left */
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void assert_holds(const char *path, const char *text)
{
	char got[64] = "";
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	(void)!fread(got, 1, sizeof(got) - 1, f);
	fclose(f);
	assert_string_equal(got, text);
}

/* The file's first bytes have come. */
static void start(struct ctl *c, const char *path, const char *text, struct ctl_sink *s)
{
	assert_int_equal(ctl_sink_begin(c, path, s), 0);
	assert_int_equal(ctl_sink_write(s, text, strlen(text)), 0);
}

static void received_appears_whole(void **state)
{
	struct ctl c = { 0 };
	struct ctl_sink s;
	const char *path = in_folder("file");

	(void)state;
	put(path, "old");
	start(&c, path, "new ", &s);
	assert_int_equal(ctl_sink_write(&s, "bytes", 5), 0);
	assert_holds(path, "old");
	assert_int_equal(ctl_sink_commit(&c, &s, ""), 0);
	assert_holds(path, "new bytes");
}

static void abort_leaves_the_old(void **state)
{
	struct ctl c = { 0 };
	struct ctl_sink s;
	const char *path = in_folder("file");

	(void)state;
	put(path, "old");
	start(&c, path, "half", &s);
	ctl_sink_abort(&s);
	ctl_sink_abort(&s);
	assert_holds(path, "old");
}

/* What is in the folder, "." and ".." not counted. */
static int names_there(void)
{
	DIR *d = opendir(folder);
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void half_of_it_has_no_name(void **state)
{
	struct ctl c = { 0 };
	struct ctl_sink s;
	struct stat st;
	const char *path = in_folder("file");

	(void)state;
	put(path, "old");
	assert_int_equal(chmod(path, 0640), 0);
	start(&c, path, "half", &s);
	if (!s.temporary) /* a file system without O_TMPFILE names it */
		assert_int_equal(names_there(), 1);
	assert_int_equal(ctl_sink_commit(&c, &s, ""), 0);
	assert_int_equal(names_there(), 1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

static void wrong_check_sum_is_refused(void **state)
{
	struct ctl c = { 0 };
	struct ctl_sink s;
	char etag[HASH_TEXT + 2];
	const char *path = in_folder("file");

	(void)state;
	hash_bytes("right", 5, etag);
	start(&c, path, "wrong", &s);
	assert_int_equal(ctl_sink_commit(&c, &s, etag), -EIO);
	assert_non_null(strstr(c.error, "check-sum"));
	assert_int_equal(access(path, F_OK), -1);

	start(&c, path, "right", &s);
	snprintf(etag, sizeof(etag), "\"");
	hash_bytes("right", 5, etag + 1);
	assert_int_equal(ctl_sink_commit(&c, &s, etag), 0);
	assert_holds(path, "right");
}

/* A link is written through and a device stays a device. */
static void links_and_devices_are_not_replaced(void **state)
{
	struct ctl c = { 0 };
	struct ctl_sink s;
	struct stat st;
	const char *path = in_folder("file"), *link = in_folder("link");

	(void)state;
	put(path, "a longer old text");
	assert_int_equal(symlink(path, link), 0);
	start(&c, link, "new", &s);
	assert_int_equal(ctl_sink_commit(&c, &s, ""), 0);
	assert_holds(path, "new");
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));

	assert_int_equal(ctl_sink_begin(&c, "/dev/null", &s), 0);
	assert_int_equal(ctl_sink_write(&s, "new", 3), 0);
	assert_int_equal(ctl_sink_commit(&c, &s, ""), 0);
	assert_int_equal(lstat("/dev/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
}

static void full_disk_is_an_error(void **state)
{
	struct ctl c = { 0 };
	struct ctl_sink s;

	(void)state;
	assert_int_equal(ctl_sink_begin(&c, "/dev/full", &s), 0);
	assert_int_equal(ctl_sink_write(&s, "new", 3), -ENOSPC);
	assert_int_equal(s.error, -ENOSPC);
	ctl_sink_abort(&s);
}

static void source_knows_its_size(void **state)
{
	struct ctl c = { 0 };
	struct ctl_source src;
	const char *path = in_folder("file");

	(void)state;
	put(path, "12345");
	assert_int_equal(ctl_source_open(&c, path, &src), 0);
	assert_int_equal(src.size, 5);
	assert_string_equal(src.name, "file");
	ctl_source_close(&src);
	assert_int_equal(ctl_source_open(&c, folder, &src), -EISDIR);
	assert_non_null(strstr(c.error, "directory"));
}

static void pipe_is_spooled(void **state)
{
	struct ctl c = { 0 };
	struct ctl_source src;
	char name[32], got[8] = "";
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "piped", 5), 5);
	close(ends[1]);
	snprintf(name, sizeof(name), "/dev/fd/%d", ends[0]);
	assert_int_equal(ctl_source_open(&c, name, &src), 0);
	assert_int_equal(src.size, 5);
	assert_int_equal(pread(src.fd, got, sizeof(got), 0), 5);
	assert_string_equal(got, "piped");
	ctl_source_close(&src);
	close(ends[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(received_appears_whole, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(abort_leaves_the_old, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(half_of_it_has_no_name, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(
			wrong_check_sum_is_refused, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(
			links_and_devices_are_not_replaced, folder_make, folder_remove),
		cmocka_unit_test(full_disk_is_an_error),
		cmocka_unit_test_setup_teardown(source_knows_its_size, folder_make, folder_remove),
		cmocka_unit_test(pipe_is_spooled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
