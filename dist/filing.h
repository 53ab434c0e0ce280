/* filing - the body of POST and PUT content: decoded and checked. No database. */
#ifndef DIST_FILING_H
#define DIST_FILING_H

#include "dist/nodes.h"
#include "dist/record.h"
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

struct filing {
	struct content_new record; /* points into this struct; mode, uid, gid and now are not set */
	bool durable;
	cJSON *root;
	char name[LIMIT_NAME + 1], path[LIMIT_PATH + 1], uri[LIMIT_URI + 1], etag[HASH_TEXT];
};

/* 0; -EINVAL (400) or -ENOTSUP (422: it is well formed, but about a node nobody knows) with a sentence; -ENOMEM.
 * *out must not move while it is used; the caller releases it after 0. */
int filing_parse(const char *text, size_t len, const struct nodes *nodes, struct filing *out,
	char *error, size_t cap);
void filing_release(struct filing *f);

#endif
