#include "common/httpd.h"
#include "common/log.h"
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* while held, the event thread is stuck */

static void h_stick(struct httpd_req *req)
{
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
	httpd_reply(req, 200, "text/plain", "", 0);
}

static struct httpd *open_on(const char *address)
{
	static const struct httpd_route routes[] = {
		{ .method = "GET", .path = "/stick", .handle = h_stick }
	};
	const struct httpd_conf conf = {
		.listen = address, .routes = routes, .nroutes = 1, .event_threads = 1
	};
	struct httpd *d = NULL;
	char error[256] = "";

	if (httpd_open(&conf, &d, error, sizeof(error)) < 0)
		fail_msg("%s", error);
	return d;
}

static void test_answers(void **state)
{
	static const char *const addresses[] = { "127.0.0.1:0", "0.0.0.0:0", "[::1]:0", ":0" };

	(void)state;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		struct httpd *d = open_on(addresses[i]);

		assert_true(httpd_alive(d, 60000));
		httpd_close(&d, 0);
	}
}

static int ask_to_stick(unsigned port)
{
	static const char ask[] = "GET /stick HTTP/1.1\r\nHost: x\r\n\r\n";
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(send(fd, ask, sizeof(ask) - 1, MSG_NOSIGNAL), sizeof(ask) - 1);
	return fd;
}

static void test_stuck(void **state)
{
	struct httpd *d = open_on("127.0.0.1:0");
	char byte;
	int fd;

	(void)state;
	pthread_mutex_lock(&lock);
	fd = ask_to_stick(httpd_port(d));
	while (httpd_alive(d, 200)) /* until the thread has come to the handler */
		;
	assert_false(httpd_alive(d, 200));
	pthread_mutex_unlock(&lock);
	assert_int_equal(recv(fd, &byte, 1, 0), 1);
	assert_true(httpd_alive(d, 60000));
	close(fd);
	httpd_close(&d, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_stuck),
	};

	log_init("test", LOG_LEVEL_ERROR, stderr);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
