/* multipart - multipart/form-data (RFC 7578, 2046 5.1) as it streams in, in pieces of any size. Pure: no I/O; keeps at most
 * one part's header in memory. */
#ifndef NODE_MULTIPART_H
#define NODE_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MULTIPART_BOUNDARY 71	    /* with its NUL: RFC 2046 allows 70 */
#define MULTIPART_HEADER_MAX 8192   /* bytes of one part's header */
#define MULTIPART_PARTS_MAX 64	    /* parts of one body */
#define MULTIPART_OUTSIDE_MAX 65536 /* bytes before the first part, and after the last */

struct multipart;

/* Of one part; bytes as sent, valid during the call. */
struct multipart_part {
	const char *name; /* NUL-terminated; "" when absent */
	bool has_filename;
	const char *filename; /* NUL-terminated; filename* wins over filename */
	size_t filename_len;
	const char *type; /* "" when absent */
	uint64_t offset;  /* of the part's first byte in the whole body */
};

/* Results < 0 end the parsing and come back from multipart_feed(). */
struct multipart_ops {
	int (*begin)(void *ctx, const struct multipart_part *part);
	int (*data)(
		void *ctx, const void *data, size_t len); /* a piece of the part that began last */
};

/* The boundary of a Content-Type. 1; 0 when it is another type; -EINVAL when it has no good boundary. */
int multipart_boundary(const char *content_type, char out[MULTIPART_BOUNDARY]);

int multipart_open(
	const char *boundary, const struct multipart_ops *ops, void *ctx, struct multipart **out);
void multipart_close(struct multipart **m); /* NULL-safe */
/* 0, -EBADMSG (see multipart_error), -ENOMEM, or what a callback returned. */
int multipart_feed(struct multipart *m, const void *data, size_t len);
/* The body ended. 0, or -EBADMSG when it ended before its last boundary. */
int multipart_finish(struct multipart *m);
const char *multipart_error(const struct multipart *m); /* a sentence after -EBADMSG */

#endif
