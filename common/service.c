#include "common/service.h"
#include "common/log.h"
#include "common/notify.h"
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void tell(const char *state)
{
	static bool told; /* main thread only */
	int rc = notify_send(state);

	if (rc < 0 && !told) {
		told = true;
		log_warn("the service manager was not told", "state=%s error=\"%s\"", state,
			strerror(-rc));
	}
}

static uint64_t number(const char *name)
{
	const char *text = getenv(name);
	char *end;
	uint64_t n;

	if (!text || text[0] < '0' || text[0] > '9')
		return 0;
	errno = 0;
	n = strtoull(text, &end, 10);
	return *end || errno ? 0 : n;
}

/* Microseconds between two signs of life that are asked for; 0: none are. */
static uint64_t watchdog(void)
{
	uint64_t pid = number("WATCHDOG_PID");

	if (getenv("WATCHDOG_PID") && pid != (uint64_t)getpid())
		return 0;
	return number("WATCHDOG_USEC");
}

int service_wait(const sigset_t *signals, bool (*alive)(void *arg), void *arg)
{
	uint64_t pause = watchdog() / 2;
	const struct timespec at_most = { .tv_sec = (time_t)(pause / 1000000),
		.tv_nsec = (long)(pause % 1000000) * 1000 };
	int sig = 0;

	tell(NOTIFY_READY);
	if (pause)
		log_info("watched by the service manager", "every_us=%" PRIu64, pause);
	for (;;) {
		sig = sigtimedwait(signals, NULL, pause ? &at_most : NULL);
		if (sig > 0)
			break;
		if (errno != EAGAIN)
			continue; /* EINTR: a debugger came or went */
		if (alive(arg))
			tell(NOTIFY_WATCHDOG);
		else
			log_error("the server does not answer itself", "watchdog_us=%" PRIu64,
				pause * 2);
	}
	log_info("stopping", "signal=%d", sig);
	tell(NOTIFY_STOPPING);
	return sig;
}
