#include "node/asked.h"
#include "common/clock.h"
#include "common/http.h"
#include "common/json.h"
#include "common/limits.h"
#include "common/stamp.h"
#include "node/parameter.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool asked_stamp(struct httpd_req *req, const char *text, uint64_t *out)
{
	if (stamp_parse(text, out) == 0)
		return true;
	httpd_reply_error(req, 400, "stamp: must be 16 hex digits, and not 0");
	return false;
}

/* What may also be known at the end only. NULL: not given. */
static bool read_late(
	struct httpd_req *req, struct commit *c, const char *mtime, const char *durable)
{
	if (mtime && parameter_mtime(mtime, &c->meta.mtime) < 0) {
		httpd_reply_error(req, 400, "mtime: must be seconds.nanoseconds (nine digits)");
		return false;
	}
	c->has_mtime = c->has_mtime || mtime;
	if (durable && parameter_bool(durable, &c->durable) < 0) {
		httpd_reply_error(req, 400, "durable: must be 0 or 1");
		return false;
	}
	return true;
}

static void read_host(struct httpd_req *req, struct commit *c, char uri[LIMIT_URI + 1])
{
	const struct node *n = httpd_server(req);
	const char *host = httpd_header(req, "Host");

	if (!host || strlen(host) + 16 > LIMIT_URI)
		return;
	snprintf(uri, LIMIT_URI + 1, "%s://%s", n->scheme, host);
	if (http_uri_ok(uri))
		c->uri = uri;
}

bool asked_read(struct httpd_req *req, struct commit *c, char uri[LIMIT_URI + 1])
{
	const char *stamp = httpd_query(req, "stamp"), *base = httpd_query(req, "base"),
		   *mtime = httpd_query(req, "mtime"), *durable = httpd_query(req, "durable");

	if (stamp && !asked_stamp(req, stamp, &c->stamp))
		return false;
	c->has_base = base != NULL;
	if (base && stamp_parse_base(base, &c->base) < 0) {
		httpd_reply_error(req, 400, "base: must be 16 hex digits");
		return false;
	}
	c->meta.mtime = clock_real_ns();
	c->durable = true;
	if (!read_late(req, c, mtime, durable))
		return false;
	read_host(req, c, uri);
	return true;
}

bool asked_trailers(struct httpd_req *req, struct commit *c)
{
	return read_late(req, c, httpd_trailer(req, "X-Mtime"), httpd_trailer(req, "X-Durable"));
}

bool asked_body(struct httpd_req *req)
{
	if (!httpd_header(req, "Content-Length") && !httpd_header(req, "Transfer-Encoding")) {
		httpd_reply_error(req, 411, "an upload needs Content-Length or chunked encoding");
		return false;
	}
	if (httpd_length(req) != UINT64_MAX && httpd_length(req) > LIMIT_FILE_SIZE) {
		httpd_reply_error(req, 413, "a content is at most %" PRIu64 " bytes",
			(uint64_t)LIMIT_FILE_SIZE);
		return false;
	}
	return true;
}

void asked_add_version(cJSON *o, const struct dist_record *rec)
{
	cJSON_AddStringToObject(o, "etag", rec->etag);
	json_add_stamp(o, "stamp", rec->stamp);
	json_add_u64(o, "size", rec->size);
	if (rec->allocated < rec->size)
		json_add_u64(o, "allocated", rec->allocated);
	if (rec->mtime)
		json_add_time(o, "mtime", rec->mtime);
	if (rec->ctime)
		json_add_time(o, "ctime", rec->ctime);
}
