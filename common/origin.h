/* origin - the mount on whose behalf something is done, so that it is not told of its own changes: the id of its session.
 * Travels as X-Session from the mount through the node to dist. Ids (id.h) of 1..LIMIT_SESSION. */
#ifndef COMMON_ORIGIN_H
#define COMMON_ORIGIN_H

#include "common/limits.h"

#define ORIGIN_TEXT (LIMIT_SESSION + 1)

/* For what this thread does from now on; "": nobody's. Good ids only; is copied. */
void origin_set(const char *id);
/* Of all threads that were not told another. Is copied; before they are started. */
void origin_set_default(const char *id);
const char *origin_get(void); /* "" when there is none; valid until this thread's next origin_set */

#endif
