#include "cdnfs/ctl_call.h"
#include "common/http.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int ctl_fail(struct ctl *c, int rc, const char *fmt, ...)
{
	va_list ap;

	if (c->error[0])
		return rc;
	va_start(ap, fmt);
	(void)vsnprintf(c->error, sizeof(c->error), fmt, ap); /* a long one is cut */
	va_end(ap);
	return rc;
}

static const char *advice(unsigned status)
{
	if (status == 401)
		return ". Put the token into CDN_TOKEN or name its file with --token-file";
	if (status == 403)
		return ". The token in CDN_TOKEN or --token-file is not this CDN's";
	return "";
}

static int refused(struct ctl *c, const struct httpc_req *req, const struct httpc_res *res)
{
	char message[512];

	httpc_message(res, message, sizeof(message));
	return ctl_fail(c, http_errno_of(res->status), "%s (%u to %s %s)%s",
		message[0] ? message : "the server gave no reason", res->status, req->method,
		req->url, advice(res->status));
}

static int silent(struct ctl *c, const struct httpc_req *req, const struct httpc_res *res, int rc)
{
	const char *host = strstr(req->url, "://");
	size_t base = strcspn(host ? host + 3 : req->url, "/?");

	if (host)
		base += (size_t)(host + 3 - req->url);
	if (res->why.len)
		return ctl_fail(
			c, rc, "no answer from %.*s: %s", (int)base, req->url, httpc_why(res, rc));
	if (strncmp(c->url, req->url, base) == 0 && !c->url[base])
		return ctl_fail(c, rc,
			"%s does not answer: %s. Is the CDN up? `make up` starts one here, "
			"--url or CDN_URL names another",
			c->url, strerror(-rc));
	return ctl_fail(
		c, rc, "the node at %.*s does not answer: %s", (int)base, req->url, strerror(-rc));
}

int ctl_request(struct ctl *c, const struct httpc_req *req, struct httpc_res *res)
{
	int rc = httpc_do(c->http, req, res);

	if (rc < 0)
		return silent(c, req, res, rc);
	return res->status >= 400 ? refused(c, req, res) : 0;
}

int ctl_parse(struct ctl *c, const char *url, const struct httpc_res *res, cJSON **out)
{
	int rc = json_parse(buf_str(&res->body), res->body.len, out);

	if (rc < 0)
		return ctl_fail(c, -EPROTO, "%s answered %u with something that is no JSON", url,
			res->status);
	return 0;
}

int ctl_json(struct ctl *c, const char *method, const char *url, cJSON **out)
{
	struct httpc_req req = { .method = method, .url = url };
	struct httpc_res res = HTTPC_RES_INIT;
	int rc = ctl_request(c, &req, &res);

	if (rc == 0)
		rc = ctl_parse(c, url, &res, out);
	httpc_res_release(&res);
	return rc;
}

int ctl_text(struct ctl *c, const cJSON *object, const char *key, const char **out)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

	if (!text)
		return ctl_fail(c, -EPROTO, "the server's answer has no text \"%s\"", key);
	*out = text;
	return 0;
}
