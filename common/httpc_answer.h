/* httpc_answer - reads an HTTP/1.1 answer (RFC 9112) as its bytes come: what is head, what is body, where it ends. No socket. */
#ifndef COMMON_HTTPC_ANSWER_H
#define COMMON_HTTPC_ANSWER_H

#include "common/buf.h"
#include <stdbool.h>
#include <stdint.h>

enum httpc_answer_state {
	HTTPC_ANSWER_HEAD,
	HTTPC_ANSWER_BODY, /* of known length */
	HTTPC_ANSWER_REST, /* all until the connection ends */
	HTTPC_ANSWER_SIZE, /* the line before a chunk */
	HTTPC_ANSWER_CHUNK,
	HTTPC_ANSWER_GAP, /* the end of line behind a chunk */
	HTTPC_ANSWER_TRAILER,
	HTTPC_ANSWER_DONE
};

struct httpc_answer {
	struct buf *
		headers; /* the caller's: lines of the final answer, and of what is being read, as they came */
	bool no_body; /* set by the caller: the request was HEAD */
	enum httpc_answer_state state;
	unsigned status; /* 0: none yet */
	bool keep;	 /* the connection may serve again, once done */
	bool chunked, sized;
	uint64_t left; /* bytes of the body or chunk */
	size_t line,
		lines; /* where the line being read begins; bytes of trailers and chunk lines */
	char size[32]; /* of a chunk, as far as it is here */
	size_t nsize;
};

/* Takes what it can of data: *used bytes, of which [*body, *body + *nbody) is the answer's body. To be called again with the
 * rest while there is any and state is not DONE. 0; -EPROTO: this is no answer; -ECONNRESET: chunks that are none;
 * -EMSGSIZE: headers beyond LIMIT_HEADERS; -ENOMEM. */
int httpc_answer_read(struct httpc_answer *a, const char *data, size_t len, size_t *used,
	const char **body, size_t *nbody);

/* The connection ended. 0 when that is the answer's end; else -ECONNRESET. */
int httpc_answer_end(struct httpc_answer *a);

#endif
