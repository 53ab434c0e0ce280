/* form - an upload as multipart/form-data: its fields are kept, its one file streams on. Pure. */
#ifndef NODE_FORM_H
#define NODE_FORM_H

#include "common/buf.h"
#include "node/multipart.h"

enum form_field { FORM_ID, FORM_PATH, FORM_STAMP, FORM_FIELDS };

struct form_ops {
	/* Results < 0 come back from form_feed(). */
	int (*file)(void *ctx, const struct multipart_part *part); /* the part `file` begins */
	int (*data)(void *ctx, const void *data, size_t len);
};

struct form {
	struct multipart *parser;
	const struct form_ops *ops;
	void *ctx;
	int at; /* field that is being read, FORM_FILE, or FORM_OTHER */
	bool has_file;
	bool given[FORM_FIELDS];
	struct buf field[FORM_FIELDS]; /* text of what was given; holds no NUL */
	const char *error;	       /* a sentence after -EBADMSG */
};

int form_init(struct form *f, const char *boundary, const struct form_ops *ops, void *ctx);
void form_release(struct form *f);
/* 0; -EBADMSG: malformed, a field is too long or given twice; -ENOMEM; what ops returned. */
int form_feed(struct form *f, const void *data, size_t len);
/* The body ended. 0 or -EBADMSG: truncated, or without a file. */
int form_finish(struct form *f);
/* NULL when it was not given. */
const char *form_text(const struct form *f, enum form_field field, size_t *len);

#endif
