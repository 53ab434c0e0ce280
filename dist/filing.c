#include "dist/filing.h"

#include "common/http.h"
#include "common/json.h"
#include "common/name.h"
#include "common/stamp.h"
#include "dist/path.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FILENAME_MAX_BYTES (4 * LIMIT_NAME)

static void complain(struct json_reader *r, const char *what)
{
	if (!r->error[0])
		(void)snprintf(r->error, sizeof(r->error), "%s", what);
}

/* The register's file name; it names the entry too unless `name` is there. */
static void read_names(struct json_reader *r, struct filing *f)
{
	struct content_new *n = &f->record;
	const char *base;
	size_t len;

	n->has_filename = cJSON_HasObjectItem(r->object, "filename");
	(void)json_text(r, "filename", FILENAME_MAX_BYTES, &n->filename); /* absent, null: NULL */
	if (json_bytes(r, "name", f->name, LIMIT_NAME, &n->name_len)) {
		if (name_check(f->name, n->name_len) < 0)
			complain(r, "name: must be 1 to 255 bytes without '/', and not \".\" or "
				    "\"..\"");
		n->name = f->name;
		return;
	}
	if (!n->filename || !n->filename[0])
		return;
	len = http_basename(n->filename, strlen(n->filename), &base);
	if (len > LIMIT_NAME) {
		complain(r, "filename: must not be longer than 255 bytes");
	} else if (name_check(base, len) == 0) {
		n->name = base;
		n->name_len = len;
	}
}

static void read_uri(struct json_reader *r, struct filing *f)
{
	const char *uri;
	size_t len;

	if (!json_text(r, "uri", LIMIT_URI, &uri))
		return;
	if (!http_uri_ok(uri)) {
		complain(r, "uri: must be http://HOST[:PORT] or https://HOST[:PORT]");
		return;
	}
	len = strlen(uri);
	(void)snprintf(f->uri, sizeof(f->uri), "%.*s", (int)(len - (uri[len - 1] == '/')), uri);
	f->record.has_uri = true;
	f->record.uri = f->uri;
}

static void read_etag(struct json_reader *r, struct filing *f)
{
	const char *text;

	if (!json_text(r, "etag", HASH_TEXT - 1, &text))
		return;
	if (!hash_text_ok(text) || strpbrk(text, "ABCDEF"))
		complain(r, "etag: must be 32 lower-case hex digits, or those, \"-\" and a number");
	(void)snprintf(f->etag, sizeof(f->etag), "%s", text);
	f->record.etag = f->etag;
}

static void read_base(struct json_reader *r, struct filing *f)
{
	struct content_new *n = &f->record;
	const char *text;

	(void)json_bool(r, "once", &n->once); /* absent: false */
	n->has_base = json_text(r, "base", STAMP_TEXT - 1, &text);
	if (n->has_base && stamp_parse_base(text, &n->base) < 0)
		complain(r, "base: must be a stamp, 16 lower-case hex digits");
	if (n->once && !n->stamp)
		complain(r, "once: needs a stamp");
}

static void read_rest(struct json_reader *r, struct filing *f)
{
	struct content_new *n = &f->record;

	n->has_size = json_u64(r, "size", LIMIT_FILE_SIZE, &n->size);
	n->allocated = n->size;
	(void)json_u64(r, "allocated", n->size, &n->allocated); /* absent: all of it */
	n->has_mtime = json_time(r, "mtime", &n->mtime);
	(void)json_stamp(r, "stamp", &n->stamp); /* absent: 0 */
	if (json_text(r, "content_type", LIMIT_TYPE, &n->type) && !http_type_ok(n->type))
		complain(r, "content_type: must be a media type");
	if (json_bytes(r, "path", f->path, LIMIT_PATH, &n->path_len)) {
		if (path_check(f->path, n->path_len) < 0)
			complain(r, "path: must be names of 1 to 255 bytes, not \".\" or \"..\"");
		n->path = f->path;
	}
	read_base(r, f);
	f->durable = true;
	(void)json_bool(r, "durable", &f->durable); /* absent: true */
}

/* Who has the bytes. 0 or -ENOTSUP. */
static int find_node(struct json_reader *r, const struct nodes *nodes, struct filing *f)
{
	struct content_new *n = &f->record;
	const struct conf_node *known = NULL;
	const char *name = NULL;

	if (json_text(r, "node", sizeof(known->name) - 1, &name)) {
		known = nodes_find(nodes, name);
		if (!known) {
			complain(r, "node: is not in nodes.yml");
			return -ENOTSUP;
		}
	} else if (n->uri) {
		known = nodes_by_base(nodes, n->uri);
	}
	if (json_failed(r) < 0)
		return 0;
	n->node = known ? known->name : NULL;
	if (n->stamp && !n->node) {
		complain(r, "stamp: needs the `node` (or its `uri`) that has these bytes");
		return -ENOTSUP;
	}
	return 0;
}

int filing_parse(const char *text, size_t len, const struct nodes *nodes, struct filing *out,
	char *error, size_t cap)
{
	struct json_reader r;
	int rc, failed;

	memset(out, 0, sizeof(*out));
	rc = json_parse_body(text, len, &out->root, error, cap);
	if (rc < 0)
		return rc;
	json_reader_init(&r, out->root);
	read_names(&r, out);
	read_uri(&r, out);
	read_etag(&r, out);
	read_rest(&r, out);
	rc = find_node(&r, nodes, out);
	failed = json_failed_body(&r, error, cap);
	if (rc == 0)
		rc = failed;
	if (rc < 0)
		filing_release(out);
	return rc;
}

void filing_release(struct filing *f)
{
	cJSON_Delete(f->root);
	f->root = NULL;
}
