#include "node/multipart.h"
#include "common/buf.h"
#include "node/multipart_header.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* state     bytes are                      leaves by
 * OUTSIDE   before the first boundary      boundary → LINE
 * LINE      behind a boundary              CRLF → HEADER, "--" → DONE
 * HEADER    a part's header                blank line → BODY
 * BODY      a part's bytes                 boundary → LINE
 * DONE      after the last boundary        - */
enum state { OUTSIDE, LINE, HEADER, BODY, DONE };

struct multipart {
	const struct multipart_ops *ops;
	void *ctx;
	char delim[MULTIPART_BOUNDARY + 4]; /* CRLF "--" boundary */
	size_t delim_len;
	size_t matched; /* bytes of delim that the input so far ends with */
	enum state state;
	char line[3]; /* what stands behind a boundary */
	size_t line_len;
	struct buf header;
	uint64_t offset; /* bytes of the body consumed */
	size_t outside;	 /* bytes before or after the parts */
	unsigned parts;
	const char *error;
};

static int broken(struct multipart *m, const char *error)
{
	m->error = error;
	return -EBADMSG;
}

/* RFC 2046 bchars, without the blank that nobody sends. */
static bool boundary_ok(const char *b, size_t len)
{
	static const char marks[] = "'()+_,-./:=?";

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)b[i]) && !strchr(marks, b[i]))
			return false;
	return len > 0;
}

int multipart_boundary(const char *content_type, char out[MULTIPART_BOUNDARY])
{
	const size_t n = strlen("multipart/form-data");
	char text[MULTIPART_BOUNDARY];
	size_t len;

	if (!content_type || strncasecmp(content_type, "multipart/form-data", n) != 0 ||
		!strchr("; \t", content_type[n]))
		return 0;
	if (header_parameter(content_type, "boundary", text, sizeof(text), &len) != 1 ||
		!boundary_ok(text, len))
		return -EINVAL;
	memcpy(out, text, len + 1);
	return 1;
}

int multipart_open(
	const char *boundary, const struct multipart_ops *ops, void *ctx, struct multipart **out)
{
	struct multipart *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->ops = ops;
	m->ctx = ctx;
	m->error = "";
	memcpy(m->delim, "\r\n--", 4);
	strncat(m->delim, boundary, MULTIPART_BOUNDARY - 1);
	m->delim_len = strlen(m->delim);
	m->matched = 2; /* the first boundary needs no CRLF before it */
	*out = m;
	return 0;
}

void multipart_close(struct multipart **m)
{
	if (!*m)
		return;
	buf_release(&(*m)->header);
	free(*m);
	*m = NULL;
}

/* Bytes that turned out not to be a boundary. */
static int emit(struct multipart *m, const char *data, size_t len)
{
	if (len == 0)
		return 0;
	if (m->state == BODY)
		return m->ops->data(m->ctx, data, len);
	m->outside += len;
	if (m->outside > MULTIPART_OUTSIDE_MAX)
		return broken(m, "too many bytes outside the parts");
	return 0;
}

static int found(struct multipart *m)
{
	m->matched = 0;
	m->state = LINE;
	m->line_len = 0;
	return 0;
}

/* Goes on with a boundary that the bytes before may have begun. 1: it was none, and is emitted. */
static int resume(struct multipart *m, const char *data, size_t len, size_t *used)
{
	size_t i = 0;
	int rc;

	while (i < len && data[i] == m->delim[m->matched]) {
		i++;
		if (++m->matched == m->delim_len) {
			*used = i;
			return found(m);
		}
	}
	*used = i;
	if (i == len)
		return 0;
	rc = emit(m, m->delim, m->matched);
	m->matched = 0;
	return rc < 0 ? rc : 1;
}

/* Takes bytes up to and including the next boundary, or all; *used says how many. Only delim[0] is a CR, so a
 * boundary cannot begin inside another. What may be the beginning of one at the end is kept back as `matched`. */
static int scan(struct multipart *m, const char *data, size_t len, size_t *used)
{
	const char *end = data + len, *cr;
	size_t n;
	int rc;

	if (m->matched > 0) {
		rc = resume(m, data, len, used);
		return rc == 1 ? 0 : rc;
	}
	for (cr = memchr(data, '\r', len); cr; cr = memchr(cr, '\r', (size_t)(end - cr))) {
		n = (size_t)(end - cr) < m->delim_len ? (size_t)(end - cr) : m->delim_len;
		if (memcmp(cr, m->delim, n) == 0)
			break;
		cr++;
	}
	if (!cr) {
		*used = len;
		return emit(m, data, len);
	}
	rc = emit(m, data, (size_t)(cr - data));
	if (rc < 0)
		return rc;
	*used = (size_t)(cr - data) + n;
	m->matched = n;
	return n == m->delim_len ? found(m) : 0;
}

/* Behind a boundary: blanks and CRLF, or "--". */
static int line_byte(struct multipart *m, char c)
{
	if (m->line_len == 0 && (c == ' ' || c == '\t'))
		return ++m->outside > MULTIPART_OUTSIDE_MAX ? broken(m, "malformed boundary line")
							    : 0;
	m->line[m->line_len++] = c;
	if (m->line_len < 2)
		return c == '\r' || c == '-' ? 0 : broken(m, "malformed boundary line");
	if (memcmp(m->line, "--", 2) == 0) {
		m->state = DONE;
		return 0;
	}
	if (memcmp(m->line, "\r\n", 2) != 0)
		return broken(m, "malformed boundary line");
	if (++m->parts > MULTIPART_PARTS_MAX)
		return broken(m, "too many parts");
	m->state = HEADER;
	buf_clear(&m->header);
	return 0;
}

static int begin_part(struct multipart *m)
{
	struct multipart_header h;
	struct multipart_part part;

	if (multipart_header_parse(m->header.data, m->header.len, &h) < 0)
		return broken(m, "malformed header of a part");
	part = (struct multipart_part){ .name = h.name,
		.has_filename = h.has_filename,
		.filename = h.filename,
		.filename_len = h.filename_len,
		.type = h.type,
		.offset = m->offset };
	m->state = BODY;
	m->matched = 0;
	return m->ops->begin(m->ctx, &part);
}

/* Takes the header up to its blank line. */
static int header_bytes(struct multipart *m, const char *data, size_t len, size_t *used)
{
	const char *nl = memchr(data, '\n', len);
	size_t n = nl ? (size_t)(nl - data) + 1 : len;

	if (m->header.len + n > MULTIPART_HEADER_MAX)
		return broken(m, "header of a part is too long");
	buf_add(&m->header, data, n);
	if (buf_error(&m->header) < 0)
		return -ENOMEM;
	*used = n;
	if (m->header.len == 2 && memcmp(m->header.data, "\r\n", 2) == 0)
		return 1;
	return m->header.len >= 4 && memcmp(m->header.data + m->header.len - 4, "\r\n\r\n", 4) == 0;
}

static int step(struct multipart *m, const char *data, size_t len, size_t *used)
{
	int rc;

	switch (m->state) {
	case OUTSIDE:
	case BODY:
		rc = scan(m, data, len, used);
		m->offset += rc < 0 ? 0 : *used;
		return rc;
	case LINE:
		*used = 1;
		m->offset++;
		return line_byte(m, data[0]);
	case HEADER:
		rc = header_bytes(m, data, len, used);
		if (rc < 0)
			return rc;
		m->offset += *used;
		return rc ? begin_part(m) : 0;
	case DONE:
		break;
	}
	*used = len;
	return emit(m, data, len);
}

int multipart_feed(struct multipart *m, const void *data, size_t len)
{
	const char *p = data;
	size_t used;
	int rc;

	while (len > 0) {
		used = 0;
		rc = step(m, p, len, &used);
		if (rc < 0)
			return rc;
		p += used;
		len -= used;
	}
	return 0;
}

int multipart_finish(struct multipart *m)
{
	return m->state == DONE ? 0 : broken(m, "the body ends before its last boundary");
}

const char *multipart_error(const struct multipart *m)
{
	return m->error;
}
