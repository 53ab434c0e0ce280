#include "node/form.h"
#include "common/limits.h"
#include <errno.h>
#include <string.h>

enum { FORM_FILE = FORM_FIELDS, FORM_OTHER };

static const char *const names[FORM_FIELDS] = {
	[FORM_ID] = "id",
	[FORM_PATH] = "path",
	[FORM_STAMP] = "stamp",
};

static int broken(struct form *f, const char *error)
{
	f->error = error;
	return -EBADMSG;
}

static int begin(void *ctx, const struct multipart_part *part)
{
	struct form *f = ctx;

	f->at = FORM_OTHER;
	if (strcmp(part->name, "file") == 0) {
		if (f->has_file)
			return broken(f, "the form has two parts `file`");
		f->has_file = true;
		f->at = FORM_FILE;
		return f->ops->file(f->ctx, part);
	}
	for (int i = 0; i < FORM_FIELDS; i++) {
		if (strcmp(part->name, names[i]) != 0)
			continue;
		if (f->given[i])
			return broken(f, "a field of the form is given twice");
		f->given[i] = true;
		f->at = i;
	}
	return 0;
}

static int data(void *ctx, const void *bytes, size_t len)
{
	struct form *f = ctx;

	if (f->at == FORM_FILE)
		return f->ops->data(f->ctx, bytes, len);
	if (f->at == FORM_OTHER)
		return 0;
	if (f->field[f->at].len + len > LIMIT_MULTIPART_FIELD)
		return broken(f, "a field of the form is too long");
	if (memchr(bytes, 0, len))
		return broken(f, "a field of the form holds a NUL byte");
	buf_add(&f->field[f->at], bytes, len);
	return buf_error(&f->field[f->at]);
}

int form_init(struct form *f, const char *boundary, const struct form_ops *ops, void *ctx)
{
	static const struct multipart_ops parts = { .begin = begin, .data = data };

	*f = (struct form){ .ops = ops, .ctx = ctx, .at = FORM_OTHER, .error = "" };
	return multipart_open(boundary, &parts, f, &f->parser);
}

void form_release(struct form *f)
{
	multipart_close(&f->parser);
	for (int i = 0; i < FORM_FIELDS; i++)
		buf_release(&f->field[i]);
}

static int explain(struct form *f, int rc)
{
	if (rc == -EBADMSG && !f->error[0])
		f->error = multipart_error(f->parser);
	return rc;
}

int form_feed(struct form *f, const void *bytes, size_t len)
{
	return explain(f, multipart_feed(f->parser, bytes, len));
}

int form_finish(struct form *f)
{
	int rc = multipart_finish(f->parser);

	if (rc == 0 && !f->has_file)
		rc = broken(f, "the form has no part `file`");
	return explain(f, rc);
}

const char *form_text(const struct form *f, enum form_field field, size_t *len)
{
	if (!f->given[field])
		return NULL;
	*len = f->field[field].len;
	return buf_str(&f->field[field]);
}
