#include "common/metrics.h"

#include "common/log.h"
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

uint64_t metrics_resident(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long long size, pages = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%20llu %20llu", &size, &pages) != 2)
		pages = 0;
	fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Descriptors that are open; 0 when it cannot be told. */
static uint64_t open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	uint64_t n = 0;

	if (!d)
		return 0;
	while (readdir(d))
		n++;
	(void)closedir(d);	  /* fails for a bad argument only */
	return n > 3 ? n - 3 : 0; /* ".", "..", and the folder's own */
}

/* Nanoseconds since the process began; 0 when it cannot be told. */
static uint64_t uptime(void)
{
	FILE *f = fopen("/proc/self/stat", "re");
	struct timespec now = { 0 };
	unsigned long long ticks = 0, hz = (unsigned long long)sysconf(_SC_CLK_TCK);
	char line[1024], *at;
	uint64_t began, ns;

	if (!f)
		return 0;
	at = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	fclose(f);
	if (!at || sscanf(at,
			   ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
			   "%*d %*d %*d %20llu",
			   &ticks) != 1)
		return 0;
	(void)clock_gettime(CLOCK_BOOTTIME, &now); /* is always there */
	began = ticks * (1000000000 / hz);
	ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	return ns > began ? ns - began : 0;
}

static uint64_t cpu_ns(void)
{
	struct rusage u = { 0 };

	(void)getrusage(RUSAGE_SELF, &u); /* cannot fail */
	return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000000 +
	       (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000;
}

static void add_log(struct buf *out)
{
	static const char *const names[] = { "error", "warn" };

	metrics_head(out, "cdn_log_lines_total", "counter", "Lines written to the log.");
	for (int i = 0; i < 2; i++) {
		struct buf labels = BUF_INIT;

		metrics_label(&labels, "level", names[i]);
		metrics_number(
			out, "cdn_log_lines_total", buf_str(&labels), log_count((enum log_level)i));
		buf_release(&labels);
	}
}

void metrics_program(struct buf *out, const char *program)
{
	struct buf labels = BUF_INIT;

	metrics_label(&labels, "program", program);
	metrics_label(&labels, "version", VERSION);
	metrics_head(out, "cdn_build_info", "gauge", "Always 1; which program this is.");
	metrics_number(out, "cdn_build_info", buf_str(&labels), 1);
	buf_release(&labels);
	metrics_head(out, "cdn_uptime_seconds", "gauge", "Time since the program began.");
	metrics_seconds(out, "cdn_uptime_seconds", "", uptime());
	add_log(out);
	metrics_head(out, "cdn_process_cpu_seconds_total", "counter",
		"Processor time, user and system.");
	metrics_seconds(out, "cdn_process_cpu_seconds_total", "", cpu_ns());
	metrics_gauge(out, "cdn_process_resident_memory_bytes", "RAM in use.", metrics_resident());
	metrics_gauge(out, "cdn_process_open_fds", "Open descriptors.", open_files());
}
