#include "common/httpc_answer.h"

#include "common/limits.h"
#include <errno.h>
#include <string.h>
#include <strings.h>

/* "HTTP/1.1 200 OK": the status, and whether connections stay. */
static int status_line(struct httpc_answer *a, const char *line, size_t len)
{
	size_t i;

	if (len < 12 || memcmp(line, "HTTP/1.", 7) != 0 || line[8] != ' ')
		return -EPROTO;
	a->status = 0;
	for (i = 9; i < 12; i++) {
		if (line[i] < '0' || line[i] > '9')
			return -EPROTO;
		a->status = a->status * 10 + (unsigned)(line[i] - '0');
	}
	if (a->status < 100 || (len > 12 && line[12] != ' '))
		return -EPROTO;
	a->keep = line[7] == '1';
	a->chunked = a->sized = false;
	a->left = 0;
	return 0;
}

/* The value of the line when it is the header of that name. */
static bool is_header(const char *line, size_t len, const char *name, const char **value, size_t *n)
{
	size_t skip = strlen(name) + 1;

	if (len < skip || strncasecmp(line, name, skip - 1) != 0 || line[skip - 1] != ':')
		return false;
	while (skip < len && (line[skip] == ' ' || line[skip] == '\t'))
		skip++;
	while (len > skip && (line[len - 1] == ' ' || line[len - 1] == '\t'))
		len--;
	*value = line + skip;
	*n = len - skip;
	return true;
}

static bool is_word(const char *value, size_t n, const char *word)
{
	return n == strlen(word) && strncasecmp(value, word, n) == 0;
}

static int read_length(struct httpc_answer *a, const char *value, size_t n)
{
	uint64_t length = 0;

	if (!n || n > 18) /* no overflow */
		return -EPROTO;
	for (size_t i = 0; i < n; i++) {
		if (value[i] < '0' || value[i] > '9')
			return -EPROTO;
		length = length * 10 + (uint64_t)(value[i] - '0');
	}
	if (a->sized && a->left != length)
		return -EPROTO;
	a->sized = true;
	a->left = length;
	return 0;
}

static int header_line(struct httpc_answer *a, const char *line, size_t len)
{
	const char *value;
	size_t n;

	if (is_header(line, len, "Content-Length", &value, &n))
		return read_length(a, value, n);
	if (is_header(line, len, "Transfer-Encoding", &value, &n)) {
		a->chunked = is_word(value, n, "chunked");
		return a->chunked ? 0 : -EPROTO;
	}
	/* a list of options: who says more than one word is not kept */
	if (is_header(line, len, "Connection", &value, &n) && !is_word(value, n, "keep-alive"))
		a->keep = false;
	return 0;
}

/* Behind the empty line (RFC 9112 6.3). */
static void head_ended(struct httpc_answer *a)
{
	if (a->status / 100 == 1) {
		a->status = 0; /* an interim answer: the next one counts */
		buf_clear(a->headers);
		a->line = 0;
	} else if (a->no_body || a->status == 204 || a->status == 304) {
		a->state = HTTPC_ANSWER_DONE;
	} else if (a->chunked) {
		a->keep = a->keep && !a->sized;
		a->state = HTTPC_ANSWER_SIZE;
	} else if (a->sized) {
		a->state = a->left ? HTTPC_ANSWER_BODY : HTTPC_ANSWER_DONE;
	} else {
		a->keep = false;
		a->state = HTTPC_ANSWER_REST;
	}
}

/* A whole line is in headers, from a->line on. */
static int head_line(struct httpc_answer *a)
{
	const char *line = a->headers->data + a->line;
	size_t len = a->headers->len - a->line - 1;
	int rc = 0;

	if (len && line[len - 1] == '\r')
		len--;
	if (a->line == 0)
		rc = status_line(a, line, len);
	else if (len)
		rc = header_line(a, line, len);
	a->line = a->headers->len;
	if (rc == 0 && !len)
		head_ended(a);
	return rc;
}

static int read_head(struct httpc_answer *a, const char *data, size_t len, size_t *used)
{
	const char *end = memchr(data, '\n', len);
	size_t n = end ? (size_t)(end - data) + 1 : len;
	int rc;

	if (n > LIMIT_HEADERS - a->headers->len)
		return -EMSGSIZE;
	buf_add(a->headers, data, n);
	rc = buf_error(a->headers);
	*used = n;
	return rc == 0 && end ? head_line(a) : rc;
}

static int size_ended(struct httpc_answer *a)
{
	size_t i;

	a->left = 0;
	for (i = 0; i < a->nsize && i < 16; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *at = strchr(digits, a->size[i] | 0x20);

		if (!a->size[i] || !at || at == digits + sizeof(digits) - 1)
			break;
		a->left = a->left << 4 | (uint64_t)(at - digits);
	}
	/* behind the digits: nothing, or an extension */
	if (!i || a->left > INT64_MAX || (i < a->nsize && !strchr(" \t\r;", a->size[i])))
		return -ECONNRESET;
	a->nsize = 0;
	a->state = a->left ? HTTPC_ANSWER_CHUNK : HTTPC_ANSWER_TRAILER;
	return 0;
}

/* Lines between chunks and behind them, byte by byte: they are short. */
static int read_line(struct httpc_answer *a, char c)
{
	if (++a->lines > LIMIT_HEADERS)
		return -EMSGSIZE;
	if (c != '\n') {
		if (a->state == HTTPC_ANSWER_GAP && c != '\r')
			return -ECONNRESET;
		if (a->nsize < sizeof(a->size) && c != '\r')
			a->size[a->nsize++] = c;
		return 0;
	}
	switch (a->state) {
	case HTTPC_ANSWER_SIZE:
		a->lines = 0;
		return size_ended(a);
	case HTTPC_ANSWER_GAP:
		a->state = HTTPC_ANSWER_SIZE;
		break;
	default:
		if (!a->nsize)
			a->state = HTTPC_ANSWER_DONE;
	}
	a->nsize = 0;
	return 0;
}

static void read_body(struct httpc_answer *a, size_t len, size_t *used)
{
	*used = a->state == HTTPC_ANSWER_REST || len < a->left ? len : (size_t)a->left;
	if (a->state == HTTPC_ANSWER_REST)
		return;
	a->left -= *used;
	if (!a->left)
		a->state = a->state == HTTPC_ANSWER_BODY ? HTTPC_ANSWER_DONE : HTTPC_ANSWER_GAP;
}

int httpc_answer_read(struct httpc_answer *a, const char *data, size_t len, size_t *used,
	const char **body, size_t *nbody)
{
	*used = *nbody = 0;
	*body = data;
	switch (a->state) {
	case HTTPC_ANSWER_DONE:
		return 0;
	case HTTPC_ANSWER_HEAD:
		return len ? read_head(a, data, len, used) : 0;
	case HTTPC_ANSWER_BODY:
	case HTTPC_ANSWER_REST:
	case HTTPC_ANSWER_CHUNK:
		read_body(a, len, used);
		*nbody = *used;
		return 0;
	default:
		*used = len ? 1 : 0;
		return len ? read_line(a, *data) : 0;
	}
}

int httpc_answer_end(struct httpc_answer *a)
{
	if (a->state == HTTPC_ANSWER_REST)
		a->state = HTTPC_ANSWER_DONE;
	return a->state == HTTPC_ANSWER_DONE ? 0 : -ECONNRESET;
}
