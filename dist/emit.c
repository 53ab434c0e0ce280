#include "dist/emit.h"

#include "common/base64.h"
#include "common/name.h"
#include "common/stamp.h"
#include <string.h>
#include <sys/stat.h>

static void put_padded(struct buf *b, uint64_t v, unsigned digits)
{
	char text[20];
	size_t at = sizeof(text);

	do {
		text[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v || sizeof(text) - at < digits);
	buf_add(b, text + at, sizeof(text) - at);
}

void emit_u64(struct buf *b, uint64_t v)
{
	put_padded(b, v, 1);
}

void emit_key(struct buf *b, const char *key)
{
	char last = b->len ? b->data[b->len - 1] : '{';

	if (last == '{')
		buf_add(b, "\"", 1);
	else
		buf_add(b, ",\"", 2);
	buf_adds(b, key);
	buf_add(b, "\":", 2);
}

void emit_time(struct buf *b, int64_t ns)
{
	int64_t s = ns / 1000000000, rest = ns % 1000000000;

	if (rest < 0) {
		rest += 1000000000;
		s--;
	}
	buf_adds(b, s < 0 ? "[-" : "[");
	emit_u64(b, s < 0 ? (uint64_t)-s : (uint64_t)s);
	buf_add(b, ",", 1);
	emit_u64(b, (uint64_t)rest);
	buf_add(b, "]", 1);
}

/* Adds UTF-8 as the inside of a JSON string. */
static void escape(struct buf *b, const char *text, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	size_t from = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
			continue;
		buf_add(b, text + from, i - from);
		from = i + 1;
		if (c == '"' || c == '\\')
			buf_add(b, c == '"' ? "\\\"" : "\\\\", 2);
		else
			buf_add(b, (char[]){ '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] }, 6);
	}
	buf_add(b, text + from, len - from);
}

/* Printable ASCII that is neither escaped in JSON nor in names. */
static bool is_plain(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\' || c == '%')
			return false;
	}
	return true;
}

static void put_quoted(struct buf *b, const char *s, size_t len,
	void (*encode)(struct buf *out, const char *bytes, size_t len))
{
	struct buf coded = BUF_INIT;

	buf_add(b, "\"", 1);
	if (is_plain(s, len)) {
		buf_add(b, s, len);
	} else {
		encode(&coded, s, len);
		escape(b, buf_str(&coded), coded.len);
		b->failed |= buf_error(&coded) < 0;
		buf_release(&coded);
	}
	buf_add(b, "\"", 1);
}

void emit_text(struct buf *b, const char *text)
{
	put_quoted(b, text, strlen(text), utf8_lossy);
}

void emit_bytes(struct buf *b, const char *bytes, size_t len)
{
	put_quoted(b, bytes, len, name_encode);
}

void emit_base64(struct buf *b, const char *bytes, size_t len)
{
	buf_add(b, "\"", 1);
	base64_add(b, bytes, len);
	buf_add(b, "\"", 1);
}

static void put_number(struct buf *b, const char *key, uint64_t v)
{
	emit_key(b, key);
	emit_u64(b, v);
}

static void put_time(struct buf *b, const char *key, int64_t ns)
{
	emit_key(b, key);
	emit_time(b, ns);
}

static void put_text(struct buf *b, const char *key, const char *text)
{
	emit_key(b, key);
	emit_text(b, text);
}

static void put_stamp(struct buf *b, uint64_t stamp)
{
	char text[STAMP_TEXT];

	stamp_format(stamp, text);
	put_text(b, "stamp", text);
}

void emit_attr(struct buf *b, const struct attr *a, const char *base)
{
	buf_add(b, "{", 1);
	put_number(b, "id", a->id);
	put_number(b, "mode", a->mode);
	put_number(b, "uid", a->uid);
	put_number(b, "gid", a->gid);
	put_number(b, "nlink", a->nlink);
	put_number(b, "size", a->size);
	if (a->stamp && a->allocated < a->size)
		put_number(b, "allocated", a->allocated);
	put_number(b, "rdev", a->rdev);
	put_time(b, "atime", a->atime);
	put_time(b, "mtime", a->mtime);
	put_time(b, "ctime", a->ctime);
	if (a->xattrs)
		put_number(b, "xattrs", a->xattrs);
	if (S_ISLNK(a->mode)) {
		emit_key(b, "target");
		emit_bytes(b, a->target, strlen(a->target));
	}
	if (a->stamp) {
		put_stamp(b, a->stamp);
		put_text(b, "etag", a->etag);
	}
	if (a->node[0])
		put_text(b, "node", a->node);
	if (base)
		put_text(b, "uri", base);
	buf_add(b, "}", 1);
}

static void put_text_or_null(struct buf *b, const char *key, const char *text)
{
	emit_key(b, key);
	if (text)
		emit_text(b, text);
	else
		buf_adds(b, "null");
}

static const char *or_null(const char *text)
{
	return text[0] ? text : NULL;
}

void emit_content(struct buf *b, const struct content *c, const char *base)
{
	put_number(b, "id", c->id);
	put_text_or_null(b, "filename", c->has_filename ? c->filename : NULL);
	put_number(b, "size", c->size);
	if (c->stamp && c->allocated < c->size)
		put_number(b, "allocated", c->allocated);
	put_text_or_null(b, "uri", base);
	put_text(b, "created_date", c->created);
	put_text(b, "status", c->status);
	if (c->stamp)
		put_stamp(b, c->stamp);
	else
		put_text_or_null(b, "stamp", NULL);
	put_text_or_null(b, "etag", or_null(c->etag));
	put_text_or_null(b, "content_type", or_null(c->type));
	put_text_or_null(b, "node", or_null(c->node));
	put_time(b, "mtime", c->mtime);
	put_time(b, "ctime", c->ctime);
}
