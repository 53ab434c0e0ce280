#include "common/log.h"
#include "common/service.h"
#include <pthread.h>
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

/* The manager: a socket, and the end after so many checks. */
struct manager {
	int fd, checks, left;
	bool says;
};

static void manager_open(struct manager *m)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char name[64];
	size_t n;

	(void)snprintf(name, sizeof(name), "@cdn-service-test-%d", (int)getpid());
	n = strlen(name);
	memcpy(a.sun_path, name, n);
	a.sun_path[0] = 0;
	m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(m->fd >= 0);
	n += offsetof(struct sockaddr_un, sun_path);
	assert_int_equal(bind(m->fd, (struct sockaddr *)&a, (socklen_t)n), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
}

static bool alive(void *arg)
{
	struct manager *m = arg;

	m->checks++;
	if (--m->left == 0)
		assert_int_equal(kill(getpid(), SIGTERM), 0);
	return m->says;
}

/* All that the manager was told, one state a line. */
static void said(struct manager *m, char *out, size_t cap)
{
	char text[128];
	ssize_t n;

	out[0] = 0;
	while ((n = recv(m->fd, text, sizeof(text) - 1, MSG_DONTWAIT)) > 0) {
		text[n] = 0;
		assert_true(strlen(out) + strlen(text) + 2 < cap);
		strcat(strcat(out, text), "\n");
	}
}

static sigset_t block(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
	return set;
}

static void run(struct manager *m, const char *want)
{
	sigset_t set = block();
	char got[512];

	manager_open(m);
	assert_int_equal(service_wait(&set, alive, m), SIGTERM);
	said(m, got, sizeof(got));
	assert_string_equal(got, want);
	close(m->fd);
}

static void test_watched(void **state)
{
	struct manager m = { .left = 3, .says = true };

	(void)state;
	assert_int_equal(setenv("WATCHDOG_USEC", "2000", 1), 0);
	run(&m, "READY=1\nWATCHDOG=1\nWATCHDOG=1\nWATCHDOG=1\nSTOPPING=1\n");
	assert_int_equal(m.checks, 3);
}

static void test_silent_when_stuck(void **state)
{
	struct manager m = { .left = 3, .says = false };

	(void)state;
	assert_int_equal(setenv("WATCHDOG_USEC", "2000", 1), 0);
	run(&m, "READY=1\nSTOPPING=1\n");
	assert_int_equal(m.checks, 3);
}

/* Nobody watches this process: no check, whatever the numbers are. */
static void test_unwatched(void **state)
{
	static const char *const usec[] = { NULL, "0", "", "x", "-1", "12x",
		"99999999999999999999999" };
	sigset_t set = block();

	(void)state;
	unsetenv("WATCHDOG_PID");
	for (size_t i = 0; i < sizeof(usec) / sizeof(usec[0]); i++) {
		struct manager m = { .left = -1 };

		if (usec[i])
			assert_int_equal(setenv("WATCHDOG_USEC", usec[i], 1), 0);
		else
			assert_int_equal(unsetenv("WATCHDOG_USEC"), 0);
		assert_int_equal(raise(SIGTERM), 0);
		run(&m, "READY=1\nSTOPPING=1\n");
		assert_int_equal(m.checks, 0);
	}
	assert_int_equal(setenv("WATCHDOG_USEC", "1", 1), 0);
	assert_int_equal(setenv("WATCHDOG_PID", "1", 1), 0);
	assert_int_equal(raise(SIGTERM), 0);
	assert_int_equal(service_wait(&set, NULL, NULL), SIGTERM);
	unsetenv("WATCHDOG_PID");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_watched),
		cmocka_unit_test(test_silent_when_stuck),
		cmocka_unit_test(test_unwatched),
	};

	log_init("test", LOG_LEVEL_ERROR, stderr);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
