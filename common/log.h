/* log - one line a thing: level, sentence, key=value pairs, request id. Only the edge logs
 * (main, routes, threads); libraries return errors. Values from outside are escaped by log_*(). */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include "common/base.h"
#include "common/limits.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* log_line() takes "" for "no pairs". */
#pragma GCC diagnostic ignored "-Wformat-zero-length"

#define LOG_REQUEST_ID (LIMIT_REQUEST_ID + 1)

/* Lines go to `out` (stderr by default) as
 * 2026-11-23T05:00:00.123Z node warn "message" key=value … req=ID */
void log_init(const char *program, enum log_level level, FILE *out);
/* The same, to syslog (after a daemon let go of its terminal). */
void log_to_syslog(const char *program, enum log_level level);
int log_level_parse(
	const char *text, enum log_level *out); /* error warn info debug; 0 or -EINVAL */

/* Would a line of this level be written? For who has to prepare it. */
bool log_wants(enum log_level level);

/* Lines of this level so far. */
uint64_t log_count(enum log_level level);

/* The request that this thread works for; "" for none. Copied. */
void log_request_set(const char *id);
const char *log_request_get(void);
/* This thread begins something with an id of its own (request_id.h). */
void log_request_new(void);

/* fmt makes the key=value part ("" for none); control bytes in the result are escaped. */
void log_line(enum log_level level, const char *message, const char *fmt, ...) ATTR_PRINTF(3, 4);

#define log_error(message, ...) log_line(LOG_LEVEL_ERROR, message, __VA_ARGS__)
#define log_warn(message, ...) log_line(LOG_LEVEL_WARN, message, __VA_ARGS__)
#define log_info(message, ...) log_line(LOG_LEVEL_INFO, message, __VA_ARGS__)
#define log_debug(message, ...) log_line(LOG_LEVEL_DEBUG, message, __VA_ARGS__)

#endif
