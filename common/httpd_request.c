#include "common/httpd_priv.h"

#include "common/id.h"
#include "common/name.h"
#include "common/request_id.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

/* libmicrohttpd's hook for the path and for each query key and value ('+' is a space by then). Decodes in
 * place. A bad escape and %00 leave one NUL byte of length 1, which no good text contains. */
size_t httpd_unescape(void *cls, struct MHD_Connection *conn, char *text)
{
	ssize_t len = name_decode(text, text, strlen(text));

	(void)cls;
	(void)conn;
	if (len >= 0)
		return (size_t)len;
	text[0] = '\0';
	return 1;
}

static bool holds_nul(const char *text, size_t len)
{
	return text && len > 0 && memchr(text, 0, len);
}

static enum MHD_Result check_query(void *cls, enum MHD_ValueKind kind, const char *key,
	size_t key_len, const char *value, size_t len)
{
	struct httpd_req *req = cls;

	(void)kind;
	if (holds_nul(key, key_len) || holds_nul(value, len))
		req->bad_query = true;
	return MHD_YES;
}

static void read_length(struct httpd_req *req, const char *value)
{
	uint64_t n = 0;

	for (; *value >= '0' && *value <= '9'; value++) {
		if (n > (UINT64_MAX - 9) / 10)
			break;
		n = n * 10 + (unsigned)(*value - '0');
	}
	if (*value || (req->length != 0 && req->length != n))
		req->broken = true;
	req->length = n;
}

static bool named(const char *key, size_t len, const char *name, size_t name_len)
{
	return len == name_len && strncasecmp(key, name, len) == 0;
}
#define NAMED(key, len, name) named(key, len, name, sizeof(name) - 1)

static enum MHD_Result read_header(void *cls, enum MHD_ValueKind kind, const char *key,
	size_t key_len, const char *value, size_t len)
{
	struct httpd_req *req = cls;

	(void)kind;
	if (!value)
		return MHD_YES;
	if (NAMED(key, key_len, "Content-Length")) {
		read_length(req, value);
	} else if (NAMED(key, key_len, "Transfer-Encoding")) {
		/* beside a length it is an attempt to smuggle a second request */
		if (req->length != 0 || strcasecmp(value, "chunked") != 0)
			req->broken = true;
		req->length = UINT64_MAX;
	} else if (NAMED(key, key_len, "Authorization")) {
		req->authorization = value;
	} else if (NAMED(key, key_len, "Expect")) {
		req->expects = strcasecmp(value, "100-continue") == 0;
	} else if (NAMED(key, key_len, "X-Request-Id")) {
		if (id_ok(value, len, LIMIT_REQUEST_ID)) {
			memcpy(req->request_id, value, len);
			req->request_id[len] = '\0';
		}
	} else if (NAMED(key, key_len, "X-Session") && id_ok(value, len, LIMIT_SESSION)) {
		memcpy(req->origin, value, len);
		req->origin[len] = '\0';
	}
	return MHD_YES;
}

void httpd_read_headers(struct httpd_req *req)
{
	(void)MHD_get_connection_values_n(req->conn, MHD_HEADER_KIND, read_header, req);
	(void)MHD_get_connection_values_n(req->conn, MHD_GET_ARGUMENT_KIND, check_query, req);
	if (req->length == 0)
		req->expects = false;
	if (!req->request_id[0])
		request_id_new(req->request_id);
}

void *httpd_server(const struct httpd_req *req)
{
	return req->server->conf.server;
}

const char *httpd_method(const struct httpd_req *req)
{
	return req->method;
}

uint64_t httpd_id(const struct httpd_req *req)
{
	return req->id;
}

const char *httpd_rest(const struct httpd_req *req, size_t *len)
{
	const char *rest = req->rest ? req->rest : "";

	*len = strlen(rest);
	return rest;
}

const char *httpd_header(const struct httpd_req *req, const char *name)
{
	return MHD_lookup_connection_value(req->conn, MHD_HEADER_KIND, name);
}

const char *httpd_trailer(const struct httpd_req *req, const char *name)
{
	return MHD_lookup_connection_value(req->conn, MHD_FOOTER_KIND, name);
}

const char *httpd_query(const struct httpd_req *req, const char *key)
{
	const char *value = NULL;

	if (MHD_lookup_connection_value_n(
		    req->conn, MHD_GET_ARGUMENT_KIND, key, strlen(key), &value, NULL) == MHD_NO)
		return NULL;
	return value ? value : "";
}

int httpd_query_u64(struct httpd_req *req, const char *key, uint64_t max, uint64_t *out)
{
	const char *text = httpd_query(req, key), *s = text;
	uint64_t n = 0;

	if (!text)
		return 0;
	for (; *s >= '0' && *s <= '9'; s++) {
		if (n > (UINT64_MAX - 9) / 10)
			break;
		n = n * 10 + (unsigned)(*s - '0');
	}
	if (s == text || *s || n > max) {
		httpd_reply_error(
			req, 400, "%s: must be a whole number from 0 to %" PRIu64, key, max);
		return -EINVAL;
	}
	*out = n;
	return 1;
}

const char *httpd_body(const struct httpd_req *req, size_t *len)
{
	*len = req->body.len;
	return buf_str(&req->body);
}

uint64_t httpd_length(const struct httpd_req *req)
{
	return req->length;
}

const char *httpd_origin(const struct httpd_req *req)
{
	return req->origin;
}

const char *httpd_request_id(const struct httpd_req *req)
{
	return req->request_id;
}

void httpd_set_data(struct httpd_req *req, void *data)
{
	req->data = data;
}

void *httpd_data(const struct httpd_req *req)
{
	return req->data;
}
