/* request_id - the name of one thing that was asked for, the same in the logs of all programs that work on it:
 * 1..LIMIT_REQUEST_ID letters, digits, '_' and '-'. Travels as X-Request-Id. */
#ifndef COMMON_REQUEST_ID_H
#define COMMON_REQUEST_ID_H

#include "common/limits.h"
#include <stdbool.h>
#include <stddef.h>

#define REQUEST_ID_TEXT (LIMIT_REQUEST_ID + 1)

bool request_id_ok(const char *text, size_t len);
/* 16 hex digits that this program has not given before, and others hardly. Any thread. */
void request_id_new(char text[REQUEST_ID_TEXT]);

#endif
