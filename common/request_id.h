/* request_id - the name of one thing that was asked for, the same in the logs of all programs that work on it:
 * an id (id.h) of 1..LIMIT_REQUEST_ID. Travels as X-Request-Id. */
#ifndef COMMON_REQUEST_ID_H
#define COMMON_REQUEST_ID_H

#include "common/limits.h"

#define REQUEST_ID_TEXT (LIMIT_REQUEST_ID + 1)

/* 16 hex digits that this program has not given before, and others hardly. Any thread. */
void request_id_new(char text[REQUEST_ID_TEXT]);

#endif
