#include "node/changes.h"
#include "common/base.h"
#include "common/stamp.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void changes_init(
	struct changes *c, int (*data)(void *ctx, const void *data, size_t len), void *ctx)
{
	*c = (struct changes){ .data = data, .ctx = ctx, .error = "" };
}

void changes_release(struct changes *c)
{
	free(c->list);
	c->list = NULL;
	c->n = c->cap = 0;
}

static int broken(struct changes *c, const char *error)
{
	c->error = error;
	return -EBADMSG;
}

/* Takes " NUMBER" from *text. */
static bool number(const char **text, uint64_t *out)
{
	const char *p = *text;
	uint64_t v = 0;

	if (*p++ != ' ' || *p < '0' || *p > '9' || (*p == '0' && p[1] >= '0' && p[1] <= '9'))
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (uint64_t)(*p - '0');
		if (v > LIMIT_NUMBER)
			return false;
	}
	*out = v;
	*text = p;
	return true;
}

/* Takes " STAMP" from *text. */
static bool stamp(const char **text, uint64_t *out)
{
	char hex[STAMP_TEXT] = "";

	if (**text != ' ')
		return false;
	strncat(hex, *text + 1, STAMP_TEXT - 1);
	if (stamp_parse(hex, out) < 0)
		return false;
	*text += STAMP_TEXT;
	return true;
}

static bool range(const char **text, struct change *out)
{
	return number(text, &out->off) && number(text, &out->len) && out->len > 0 &&
	       out->len <= LIMIT_NUMBER - out->off;
}

static bool parse_write(const char **text, struct change *out)
{
	return range(text, out);
}

static bool parse_append(const char **text, struct change *out)
{
	return number(text, &out->len) && out->len > 0;
}

static bool parse_size(const char **text, struct change *out)
{
	return number(text, &out->len);
}

static bool parse_copy(const char **text, struct change *out)
{
	return range(text, out) && number(text, &out->id) && out->id > 0 && out->id <= LIMIT_ID &&
	       stamp(text, &out->stamp) && number(text, &out->source) &&
	       out->len <= LIMIT_NUMBER - out->source;
}

static const struct {
	const char *word;
	enum change_kind kind;
	bool (*parse)(const char **text, struct change *out);
} words[] = {
	{ "write", CHANGE_WRITE, parse_write },
	{ "append", CHANGE_APPEND, parse_append },
	{ "zero", CHANGE_ZERO, parse_write },
	{ "copy", CHANGE_COPY, parse_copy },
	{ "truncate", CHANGE_TRUNCATE, parse_size },
	{ "grow", CHANGE_GROW, parse_size },
};

static bool parse_line(const char *line, struct change *out)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		size_t len = strlen(words[i].word);
		const char *rest = line + len;

		if (strncmp(line, words[i].word, len) != 0 || *rest != ' ')
			continue;
		*out = (struct change){ .kind = words[i].kind };
		return words[i].parse(&rest, out) && *rest == 0;
	}
	return false;
}

static int add(struct changes *c, const struct change *one)
{
	struct change *grown;
	size_t cap = c->cap ? 2 * c->cap : 16;

	if (c->n == LIMIT_CHANGES)
		return broken(c, "the list has more than 65536 changes");
	if (c->n == c->cap) {
		grown = realloc(c->list, cap * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		c->list = grown;
		c->cap = cap;
	}
	c->list[c->n++] = *one;
	return 0;
}

static int end_line(struct changes *c)
{
	struct change one;

	c->line[c->line_len] = 0;
	if (strlen(c->line) != c->line_len || !parse_line(c->line, &one))
		return broken(c, "a line of the list is no change");
	c->line_len = 0;
	if (one.kind == CHANGE_WRITE || one.kind == CHANGE_APPEND) {
		one.at = c->bytes;
		c->left = one.len;
	}
	return add(c, &one);
}

static int take_bytes(struct changes *c, const char *p, size_t len)
{
	int rc = c->data(c->ctx, p, len);

	c->bytes += len;
	c->left -= len;
	return rc < 0 ? rc : 0;
}

int changes_feed(struct changes *c, const void *data, size_t len)
{
	const char *p = data, *end = p + len;
	int rc = 0;

	while (rc == 0 && p < end) {
		if (c->left) {
			size_t n =
				c->left < (uint64_t)(end - p) ? (size_t)c->left : (size_t)(end - p);

			rc = take_bytes(c, p, n);
			p += n;
		} else if (*p == '\n') {
			rc = end_line(c);
			p++;
		} else if (c->line_len == LIMIT_CHANGE_LINE) {
			rc = broken(c, "a line of the list is too long");
		} else {
			c->line[c->line_len++] = *p++;
		}
	}
	return rc;
}

int changes_finish(struct changes *c)
{
	if (c->left || c->line_len)
		return broken(c, "the list is cut off");
	return c->n ? 0 : broken(c, "the list has no change");
}

bool changes_once(const struct changes *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->list[i].kind == CHANGE_APPEND)
			return true;
	return false;
}

uint64_t changes_kept(const struct changes *c, uint64_t size)
{
	bool cut = c->n && c->list[0].kind == CHANGE_TRUNCATE && c->list[0].len < size;

	return cut ? c->list[0].len : size;
}

int changes_size(const struct changes *c, uint64_t size, uint64_t *after, uint64_t *most)
{
	*most = changes_kept(c, size);
	for (size_t i = 0; i < c->n; i++) {
		const struct change *one = &c->list[i];
		uint64_t end = one->kind == CHANGE_APPEND ? size + one->len : one->off + one->len;

		if (one->kind == CHANGE_TRUNCATE || end > size)
			size = end;
		if (size > LIMIT_FILE_SIZE)
			return -EFBIG;
		if (size > *most)
			*most = size;
	}
	*after = size;
	return 0;
}
