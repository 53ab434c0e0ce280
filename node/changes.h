/* changes - a list of changes to a content, as it streams in, in pieces of any size. Pure: no I/O; the bytes that it brings go on
 * to `data`, one after another. Lines of ASCII, numbers in decimal without a sign or a leading zero:
 *
 *   write OFF LEN\n and LEN bytes     append LEN\n and LEN bytes     copy OFF LEN ID STAMP SRC\n
 *   zero OFF LEN\n                    truncate SIZE\n                grow SIZE\n
 *
 * They are applied in their order. An append begins where the content ends by then; grow makes it SIZE bytes long if
 * it is shorter; copy takes LEN bytes at SRC of a version of a content. */
#ifndef NODE_CHANGES_H
#define NODE_CHANGES_H

#include "common/limits.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum change_kind {
	CHANGE_WRITE,
	CHANGE_APPEND,
	CHANGE_ZERO,
	CHANGE_COPY,
	CHANGE_TRUNCATE,
	CHANGE_GROW
};

struct change {
	enum change_kind kind;
	uint64_t off, len; /* in the content; the new size is in len */
	uint64_t at;	   /* write, append: where its bytes begin among those of the list */
	uint64_t id, stamp, source; /* copy */
};

struct changes {
	int (*data)(void *ctx, const void *data,
		size_t len); /* a result < 0 comes back from changes_feed() */
	void *ctx;
	struct change *list; /* n of them, the last perhaps without all of its bytes */
	size_t n, cap;
	uint64_t bytes; /* that it brought so far */
	uint64_t left;	/* bytes that the last change still needs */
	char line[LIMIT_CHANGE_LINE + 1];
	size_t line_len;
	const char *error; /* a sentence after -EBADMSG */
};

void changes_init(
	struct changes *c, int (*data)(void *ctx, const void *data, size_t len), void *ctx);
void changes_release(struct changes *c);
/* 0; -EBADMSG: malformed, or more than LIMIT_CHANGES; -ENOMEM; what data returned. */
int changes_feed(struct changes *c, const void *data, size_t len);
/* The list ended. 0 or -EBADMSG: it is cut off, or empty. */
int changes_finish(struct changes *c);
/* Does applying it twice give something else than applying it once? */
bool changes_once(const struct changes *c);
/* How many of a content's `size` bytes are needed: a list that begins with a cut needs no more. */
uint64_t changes_kept(const struct changes *c, uint64_t size);
/* How long a content of `size` bytes will be; *most: at any time meanwhile. 0 or -EFBIG. */
int changes_size(const struct changes *c, uint64_t size, uint64_t *after, uint64_t *most);

#endif
