/* buf - growable bytes. Adders do nothing after memory ran out; check buf_error() once at the
 * end. */
#ifndef COMMON_BUF_H
#define COMMON_BUF_H

#include "common/base.h"
#include <stdbool.h>

struct buf {
	char *data; /* NUL-terminated whenever non-NULL; NULL while empty */
	size_t len, cap;
	bool failed;
};

#define BUF_INIT                                                                                   \
	{                                                                                          \
		0                                                                                  \
	}

void buf_release(struct buf *b);	     /* frees; b is as BUF_INIT again */
void buf_clear(struct buf *b);		     /* keeps the memory, forgets content and error */
int buf_reserve(struct buf *b, size_t more); /* room for `more` bytes and a NUL. 0 or -ENOMEM */
void buf_add(struct buf *b, const void *data, size_t len);
void buf_adds(struct buf *b, const char *text);
void buf_addf(struct buf *b, const char *fmt, ...) ATTR_PRINTF(2, 3);
int buf_error(const struct buf *b); /* 0 or -ENOMEM */
/* The bytes as a string ("" when empty); stays the buffer's. */
const char *buf_str(const struct buf *b);
/* Hands over the memory (free()); NULL after an error. b is as BUF_INIT again. */
char *buf_detach(struct buf *b, size_t *len);

#endif
