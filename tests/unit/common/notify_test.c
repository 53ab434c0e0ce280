#include "common/notify.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static void listen_and_check(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t n = strlen(name);
	char got[64] = "";
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && n < sizeof(a.sun_path));
	memcpy(a.sun_path, name, n);
	if (name[0] == '@')
		a.sun_path[0] = 0;
	n += offsetof(struct sockaddr_un, sun_path) + (name[0] == '/');
	assert_int_equal(bind(fd, (struct sockaddr *)&a, (socklen_t)n), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	assert_int_equal(notify_send(NOTIFY_READY), 0);
	assert_int_equal(recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT), 7);
	assert_string_equal(got, "READY=1");
	close(fd);
}

static void test_path(void **state)
{
	char folder[] = "/tmp/notify-XXXXXX", name[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(name, sizeof(name), "%s/socket", folder);
	listen_and_check(name);
	assert_int_equal(notify_send(NOTIFY_STOPPING), -ECONNREFUSED); /* nobody listens now */
	assert_int_equal(unlink(name), 0);
	assert_int_equal(notify_send(NOTIFY_STOPPING), -ENOENT);
	assert_int_equal(rmdir(folder), 0);
}

static void test_abstract(void **state)
{
	char name[64];

	(void)state;
	(void)snprintf(name, sizeof(name), "@cdn-notify-test-%d", (int)getpid());
	listen_and_check(name);
}

static void test_nobody(void **state)
{
	(void)state;
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
	assert_int_equal(notify_send(NOTIFY_READY), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", "", 1), 0);
	assert_int_equal(notify_send(NOTIFY_READY), 0);
}

static void test_wrong(void **state)
{
	char name[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[0] = '/';
	name[sizeof(name) - 1] = 0;
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	assert_int_equal(notify_send(NOTIFY_READY), -ENAMETOOLONG);
	assert_int_equal(setenv("NOTIFY_SOCKET", "socket", 1), 0);
	assert_int_equal(notify_send(NOTIFY_READY), -EINVAL);
	assert_int_equal(setenv("NOTIFY_SOCKET", "@", 1), 0);
	assert_int_equal(notify_send(NOTIFY_READY), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_abstract),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
