#include "node/upload.h"
#include "common/http.h"
#include "common/json.h"
#include "common/log.h"
#include "node/asked.h"
#include "node/commit.h"
#include "node/form.h"
#include "node/parameter.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UPLOAD_MAGIC 0x75706c64U
#define DEFAULT_TYPE "application/octet-stream"
#define GROW (4U << 20) /* bytes that an upload of unknown length reserves at a time */

struct upload {
	unsigned magic;
	struct node *node;
	bool update; /* needs an id */
	bool has_form, has_blob;
	struct form form;
	size_t boundary_len;
	struct blob_write blob;
	struct commit commit;
	char path[LIMIT_PATH + 1];
	char uri[LIMIT_URI + 1];
};

static struct upload *upload_of(const struct httpd_req *req)
{
	struct upload *u = httpd_data(req);

	assert(u && u->magic == UPLOAD_MAGIC);
	return u;
}

/* Reserves up to `bytes` in all. False after a reply. */
static bool reserve(struct httpd_req *req, struct upload *u, uint64_t bytes)
{
	if (bytes <= u->commit.reserved)
		return true;
	if (store_reserve(u->node->store, bytes - u->commit.reserved) < 0) {
		httpd_reply_error(req, 507, "the node has no room for %" PRIu64 " bytes", bytes);
		return false;
	}
	u->commit.reserved = bytes;
	return true;
}

static bool set_id(struct httpd_req *req, struct upload *u, const char *text)
{
	uint64_t id;

	if (parameter_id(text, &id) < 0) {
		httpd_reply_error(req, 400, "id: must be a whole number from 1 to %" PRIu64,
			(uint64_t)LIMIT_ID);
		return false;
	}
	if (u->commit.id && u->commit.id != id) {
		httpd_reply_error(req, 400, "id: is given twice, and differs");
		return false;
	}
	u->commit.id = id;
	return true;
}

static bool set_path(struct httpd_req *req, struct upload *u, const char *text, size_t len)
{
	if (len == 0 || len > LIMIT_PATH) {
		httpd_reply_error(req, 400, "path: must be 1 to %d bytes", LIMIT_PATH);
		return false;
	}
	memcpy(u->path, text, len);
	u->commit.path = u->path;
	u->commit.path_len = len;
	return true;
}

static bool set_filename(struct httpd_req *req, struct upload *u, const char *text, size_t len)
{
	struct blob_meta *m = &u->commit.meta;
	int rc = parameter_filename(text, len, m->name, &m->name_len);

	if (rc == 0)
		return true;
	httpd_reply_error(req, 400,
		rc == -ENAMETOOLONG ? "filename: is longer than 255 bytes"
				    : "filename: does not name a file");
	return false;
}

static bool set_type(struct httpd_req *req, struct upload *u, const char *text)
{
	if (!text || !text[0])
		text = DEFAULT_TYPE;
	if (!http_type_ok(text)) {
		httpd_reply_error(
			req, 400, "Content-Type: is no media type of at most %d bytes", LIMIT_TYPE);
		return false;
	}
	strcpy(u->commit.meta.type, text);
	return true;
}

static bool read_query(struct httpd_req *req, struct upload *u)
{
	const char *id = httpd_query(req, "id"), *path = httpd_query(req, "path"),
		   *name = httpd_query(req, "filename");

	if (u->update && id && !set_id(req, u, id))
		return false;
	if (!u->update && path && !set_path(req, u, path, strlen(path)))
		return false;
	if (name && !set_filename(req, u, name, strlen(name)))
		return false;
	return asked_read(req, &u->commit, u->uri);
}

static bool read_headers(struct httpd_req *req, struct upload *u)
{
	u->commit.expect = httpd_header(req, "X-Content-XXH128");
	if (u->commit.expect && !hash_text_ok(u->commit.expect)) {
		httpd_reply_error(req, 400,
			"X-Content-XXH128: must be 32 hex digits, or those, \"-\" and a number");
		return false;
	}
	return asked_body(req);
}

/* The part's bytes reach at most to the boundary that ends the body. */
static int form_file(void *ctx, const struct multipart_part *part)
{
	struct httpd_req *req = ctx;
	struct upload *u = upload_of(req);
	uint64_t length = httpd_length(req), tail = u->boundary_len + strlen("\r\n----");

	if (part->has_filename && !set_filename(req, u, part->filename, part->filename_len))
		return -EINVAL;
	if (!set_type(req, u, part->type))
		return -EINVAL;
	/* less when something follows: then data reserves the rest as it comes */
	if (length != UINT64_MAX && length > part->offset + tail + 2 &&
		!reserve(req, u, length - part->offset - tail - 2))
		return -ENOSPC;
	return 0;
}

/* As reserve(), a good deal ahead when nobody said how long the body is. */
static bool reserve_ahead(struct httpd_req *req, struct upload *u, uint64_t need)
{
	struct commit *c = &u->commit;

	if (need <= c->reserved)
		return true;
	if (httpd_length(req) == UINT64_MAX &&
		store_reserve(u->node->store, need + GROW - c->reserved) == 0) {
		c->reserved = need + GROW;
		return true;
	}
	return reserve(req, u, need);
}

/* Bytes of the content. */
static int content_data(void *ctx, const void *data, size_t len)
{
	struct httpd_req *req = ctx;
	struct upload *u = upload_of(req);
	int rc;

	if (!reserve_ahead(req, u, u->blob.size + len))
		return -ENOSPC;
	rc = store_append(u->node->store, &u->blob, data, len);
	if (rc == 0)
		return 0;
	if (rc == -ENOSPC) {
		httpd_reply_error(req, 507, "the node's disk is full");
	} else {
		log_error("cannot write an upload", "error=\"%s\"", strerror(-rc));
		httpd_reply_error(req, 500, "the node cannot write the upload: %s", strerror(-rc));
	}
	return rc;
}

/* Form or raw body, and room for what is known of it. */
static bool open_body(struct httpd_req *req, struct upload *u)
{
	static const struct form_ops ops = { .file = form_file, .data = content_data };
	const char *type = httpd_header(req, "Content-Type");
	char boundary[MULTIPART_BOUNDARY];
	int rc = multipart_boundary(type, boundary);

	if (rc < 0) {
		httpd_reply_error(req, 400, "Content-Type: multipart/form-data without a boundary");
		return false;
	}
	if (rc == 1) {
		u->boundary_len = strlen(boundary);
		rc = form_init(&u->form, boundary, &ops, req);
		u->has_form = rc == 0;
	} else if (!set_type(req, u, type)) {
		return false;
	} else if (httpd_length(req) != UINT64_MAX && !reserve(req, u, httpd_length(req))) {
		return false;
	}
	if (rc == 0)
		rc = blob_begin(&u->node->store->folder, &u->blob);
	u->has_blob = rc == 0;
	if (rc == 0 && u->commit.expect && !strchr(u->commit.expect, '-'))
		rc = hash_plain(u->blob.hash); /* what xxh128sum says of any length */
	if (rc < 0)
		httpd_reply_error(req, rc == -ENOSPC ? 507 : 500,
			"the node cannot begin the upload: %s", strerror(-rc));
	return rc == 0;
}

static struct upload *begin(struct httpd_req *req, bool update)
{
	struct upload *u = calloc(1, sizeof(*u));

	if (!u) {
		httpd_reply_error(req, 500, "the node is out of memory");
		return NULL;
	}
	u->magic = UPLOAD_MAGIC;
	u->node = httpd_server(req);
	u->update = update;
	u->commit.id = update ? httpd_id(req) : 0;
	httpd_set_data(req, u);
	if (!read_query(req, u) || !read_headers(req, u))
		return NULL;
	return u;
}

void upload_store(struct httpd_req *req)
{
	struct upload *u = begin(req, false);

	if (u)
		(void)open_body(req, u); /* has replied if it failed */
}

void upload_put(struct httpd_req *req)
{
	struct upload *u = begin(req, false);

	if (u && !u->commit.path)
		httpd_reply_error(req, 400, "path: is missing; PUT store/ needs to know where");
	else if (u)
		(void)open_body(req, u); /* has replied if it failed */
}

void upload_update(struct httpd_req *req)
{
	struct upload *u = begin(req, true);

	if (u && open_body(req, u) && !u->has_form && !u->commit.id)
		httpd_reply_error(req, 400, "id: is missing; which content is to be replaced?");
}

int upload_data(struct httpd_req *req, const void *data, size_t len)
{
	struct upload *u = upload_of(req);
	int rc;

	if (!u->has_form)
		return content_data(req, data, len);
	rc = form_feed(&u->form, data, len);
	if (rc < 0 && !httpd_replied(req))
		httpd_reply_error(req, rc == -EBADMSG ? 400 : 500, "multipart body: %s",
			rc == -EBADMSG ? u->form.error : strerror(-rc));
	return rc;
}

/* The fields of a form, which are known only at its end. */
static bool read_fields(struct httpd_req *req, struct upload *u)
{
	size_t len;
	const char *id = form_text(&u->form, FORM_ID, &len), *stamp, *path;

	if (form_finish(&u->form) < 0) {
		httpd_reply_error(req, 400, "multipart body: %s", u->form.error);
		return false;
	}
	if (u->update && id && !set_id(req, u, id))
		return false;
	stamp = form_text(&u->form, FORM_STAMP, &len);
	if (stamp && !asked_stamp(req, stamp, &u->commit.stamp))
		return false;
	path = form_text(&u->form, FORM_PATH, &len);
	return u->update || !path || set_path(req, u, path, len);
}

static void reply(struct httpd_req *req, const struct upload *u, const struct dist_record *rec)
{
	cJSON *o = cJSON_CreateObject();
	char message[96];

	snprintf(message, sizeof(message), "Content successfully %s. ID: %" PRIu64,
		u->update ? "updated" : "uploaded", rec->id);
	json_add_u64(o, "id", rec->id);
	cJSON_AddStringToObject(o, "message", message);
	if (u->commit.stamp)
		asked_add_version(o, rec);
	httpd_reply_json(req, 200, o);
}

/* Without a name of its own a file is called as the last component of its path. */
static void name_from_path(struct commit *c)
{
	struct blob_meta *m = &c->meta;

	if (m->name_len == 0 && c->path &&
		parameter_filename(c->path, c->path_len, m->name, &m->name_len) < 0)
		m->name_len = 0; /* dist says what is wrong with the path */
}

void upload_handle(struct httpd_req *req)
{
	struct upload *u = upload_of(req);
	struct commit_result result;

	if (u->has_form && !read_fields(req, u))
		return;
	if (u->update && !u->commit.id) {
		httpd_reply_error(req, 400, "id: is missing; which content is to be replaced?");
		return;
	}
	if (!asked_trailers(req, &u->commit))
		return;
	name_from_path(&u->commit);
	u->commit.blob = &u->blob;
	commit_run(u->node, &u->commit, &result);
	if (result.status == 200)
		reply(req, u, &result.record);
	else
		httpd_reply_error(req, result.status, "%s", result.message);
}

void upload_done(struct httpd_req *req)
{
	struct upload *u = httpd_data(req);

	if (!u)
		return;
	if (u->has_blob)
		blob_abort(&u->blob);
	usage_unreserve(&u->node->store->usage, u->commit.reserved);
	if (u->has_form)
		form_release(&u->form);
	free(u);
}
