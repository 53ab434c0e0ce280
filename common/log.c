#include "common/log.h"

#include "common/clock.h"
#include "common/request_id.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>
#include <time.h>

enum {
	LINE_PART = 8192, /* bytes of the key=value part; the rest is cut */
	LINE = 2 * LINE_PART
};

static const char *const level_name[] = { "error", "warn", "info", "debug" };
static const int syslog_level[] = { LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* Set before threads start. */
static char program_name[32] = "cdn";
static FILE *sink;
static bool to_syslog;
static _Atomic enum log_level max_level = LOG_LEVEL_INFO;

static _Atomic uint64_t lines[ARRAY_LEN(level_name)];

static _Thread_local char request[LOG_REQUEST_ID];

static void set_program(const char *program, enum log_level level)
{
	(void)snprintf(program_name, sizeof(program_name), "%s", program);
	atomic_store(&max_level, level);
}

void log_init(const char *program, enum log_level level, FILE *out)
{
	set_program(program, level);
	sink = out;
	to_syslog = false;
}

void log_to_syslog(const char *program, enum log_level level)
{
	set_program(program, level);
	openlog(program_name, LOG_PID, LOG_DAEMON);
	to_syslog = true;
}

int log_level_parse(const char *text, enum log_level *out)
{
	for (size_t i = 0; i < ARRAY_LEN(level_name); i++) {
		if (strcasecmp(text, level_name[i]) == 0) {
			*out = (enum log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

void log_request_set(const char *id)
{
	(void)snprintf(request, sizeof(request), "%s", id ? id : "");
}

void log_request_new(void)
{
	request_id_new(request);
}

const char *log_request_get(void)
{
	return request;
}

/* True for bytes that could break a line or drive a terminal, C1 controls in UTF-8 included. */
static bool is_control(const char *text, size_t i)
{
	unsigned char c = (unsigned char)text[i];

	return c < 0x20 || c == 0x7f ||
	       (c >= 0x80 && c < 0xa0 && i > 0 && (unsigned char)text[i - 1] == 0xc2);
}

/* Adds text at line[at]; never passes LINE. Returns the new length. */
static size_t add_escaped(char *line, size_t at, const char *text)
{
	for (size_t i = 0; text[i] && at + 5 < LINE; i++) {
		if (is_control(text, i))
			at += (size_t)snprintf(
				line + at, LINE - at, "\\x%02x", (unsigned char)text[i]);
		else
			line[at++] = text[i];
	}
	line[at] = '\0';
	return at;
}

static size_t add_prefix(char *line, enum log_level level)
{
	int64_t ns = clock_real_ns();
	time_t s = (time_t)(ns / 1000000000);
	struct tm tm = { 0 };
	size_t at;

	if (!gmtime_r(&s, &tm))
		return 0;
	at = strftime(line, LINE, "%Y-%m-%dT%H:%M:%S", &tm);
	return at + (size_t)snprintf(line + at, LINE - at, ".%03dZ %s %s ",
			    (int)(ns / 1000000 % 1000), program_name, level_name[level]);
}

uint64_t log_count(enum log_level level)
{
	return atomic_load_explicit(&lines[level], memory_order_relaxed);
}

bool log_wants(enum log_level level)
{
	return level <= atomic_load_explicit(&max_level, memory_order_relaxed);
}

void log_line(enum log_level level, const char *message, const char *fmt, ...)
{
	char part[LINE_PART], line[LINE + 64];
	int saved = errno;
	size_t at = 0;
	va_list ap;
	int n;

	if (!log_wants(level))
		return;
	atomic_fetch_add_explicit(&lines[level], 1, memory_order_relaxed);
	va_start(ap, fmt);
	n = vsnprintf(part, sizeof(part), fmt, ap);
	va_end(ap);
	if (!to_syslog)
		at = add_prefix(line, level);
	line[at++] = '"';
	at = add_escaped(line, at, message);
	line[at++] = '"';
	if (n > 0) {
		line[at++] = ' ';
		at = add_escaped(line, at, part);
	}
	if (request[0]) {
		/* Past LINE on purpose: the id is short and must never be cut. */
		memcpy(line + at, " req=", 5);
		at += 5;
		for (size_t i = 0; request[i]; i++)
			line[at++] = is_control(request, i) ? '?' : request[i];
	}
	if (to_syslog) {
		line[at] = '\0';
		syslog(syslog_level[level], "%s", line);
	} else {
		FILE *out = sink ? sink : stderr;

		line[at++] = '\n';
		/* A log that cannot be written has nobody to tell. */
		(void)fwrite(line, 1, at, out);
		(void)fflush(out);
	}
	errno = saved;
}
