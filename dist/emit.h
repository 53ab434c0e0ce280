/* emit - JSON text written straight into a buffer: what a batch answers is too much for trees of values. */
#ifndef DIST_EMIT_H
#define DIST_EMIT_H

#include "common/buf.h"
#include "dist/record.h"

void emit_u64(struct buf *b, uint64_t v);
void emit_key(struct buf *b, const char *key);	 /* ,"key": - without the comma after '{' */
void emit_time(struct buf *b, int64_t ns);	 /* [seconds,nanoseconds] */
void emit_text(struct buf *b, const char *text); /* quoted; what is not UTF-8 is replaced */
void emit_bytes(
	struct buf *b, const char *bytes, size_t len); /* quoted, wire form of common/name.h */
void emit_base64(struct buf *b, const char *bytes, size_t len); /* quoted */

/* {…}. base: of the node that has the bytes, NULL: not told. */
void emit_attr(struct buf *b, const struct attr *a, const char *base);
/* The same without its braces, for more to follow. base NULL: "uri" is null. */
void emit_content(struct buf *b, const struct content *c, const char *base);

#endif
