#include "common/httpd_priv.h"
#include "common/limits.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

enum match { MATCH_NONE, MATCH_BAD_ID, MATCH };

/* A decimal 1..LIMIT_ID of len digits; 0 for anything else. */
static uint64_t parse_id(const char *text, size_t len)
{
	uint64_t n = 0;

	if (len > 19)
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		n = n * 10 + (unsigned)(text[i] - '0');
	}
	return n <= LIMIT_ID ? n : 0;
}

static bool is_end(const char *s)
{
	return s[0] == '\0' || (s[0] == '/' && s[1] == '\0');
}

static enum match match_path(const char *pattern, const char *path, uint64_t *id, const char **rest)
{
	enum match found = MATCH;
	const char *whole = path;

	while (*pattern) {
		if (strncmp(pattern, "{id}", 4) == 0) {
			size_t n = strcspn(path, "/");

			if (n == 0)
				return MATCH_NONE;
			*id = parse_id(path, n);
			if (*id == 0)
				found = MATCH_BAD_ID;
			pattern += 4;
			path += n;
		} else if (strcmp(pattern, "{*}") == 0) {
			*rest = path;
			return found;
		} else if (*pattern == *path) {
			pattern++;
			path++;
		} else {
			break;
		}
	}
	if (*path == '\0' && strcmp(pattern, "/{*}") == 0) {
		*rest = path;
		return found;
	}
	/* one slash more or less at the end, but not two */
	if (path > whole && path[-1] == '/' && *path)
		return MATCH_NONE;
	return is_end(pattern) && is_end(path) ? found : MATCH_NONE;
}

static bool method_fits(const char *route, const char *method)
{
	return strcmp(route, method) == 0 ||
	       (strcmp(method, "HEAD") == 0 && strcmp(route, "GET") == 0);
}

static void add_allowed(char *allow, size_t cap, const char *method)
{
	size_t n = strlen(allow);

	if (strstr(allow, method))
		return;
	(void)snprintf(allow + n, cap - n, "%s%s%s", n ? ", " : "", method,
		strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

static void reply_method_not_allowed(struct httpd_req *req)
{
	const struct httpd_conf *conf = &req->server->conf;
	char allow[128] = "";

	for (size_t i = 0; i < conf->nroutes; i++) {
		uint64_t id;
		const char *rest;

		if (match_path(conf->routes[i].path, req->path, &id, &rest) != MATCH_NONE)
			add_allowed(allow, sizeof(allow), conf->routes[i].method);
	}
	httpd_set_header(req, "Allow", allow);
	httpd_reply_error(
		req, 405, "%s is not possible on %s, but %s is", req->method, req->path, allow);
}

static void find(struct httpd_req *req)
{
	const struct httpd_conf *conf = &req->server->conf;
	bool path_known = false, bad_id = false;

	for (size_t i = 0; i < conf->nroutes; i++) {
		const struct httpd_route *r = &conf->routes[i];
		uint64_t id = 0;
		const char *rest = NULL;
		enum match m = match_path(r->path, req->path, &id, &rest);

		if (m == MATCH_NONE)
			continue;
		path_known = true;
		if (!method_fits(r->method, req->method))
			continue;
		if (m == MATCH) {
			req->id = id;
			req->rest = rest;
			req->route = r;
			return;
		}
		bad_id = true;
	}
	if (bad_id)
		httpd_reply_error(req, 400, "%s: the id must be a whole number from 1 to %" PRIu64,
			req->path, (uint64_t)LIMIT_ID);
	else if (path_known)
		reply_method_not_allowed(req);
	else
		httpd_reply_error(req, 404, "there is nothing at %s", req->path);
}

/* Takes as long wherever the first difference is. */
static bool token_equal(const struct httpd *d, const char *given)
{
	size_t len = strlen(given);
	volatile unsigned char diff = len != d->token_len;

	for (size_t i = 0; i < len; i++)
		diff |= (unsigned char)(given[i] ^ d->token[d->token_len ? i % d->token_len : 0]);
	return diff == 0;
}

/* The token that the request brings; NULL: none. */
static const char *token_given(const struct httpd_req *req)
{
	const char *given = req->authorization;

	if (!given || strncasecmp(given, "Bearer ", 7) != 0)
		return NULL;
	for (given += 7; *given == ' ';)
		given++;
	return *given ? given : NULL;
}

int httpd_need_token(struct httpd_req *req)
{
	const char *given = token_given(req);

	if (!req->server->token)
		return 0;
	if (!given) {
		httpd_set_header(req, "WWW-Authenticate", "Bearer");
		httpd_reply_error(
			req, 401, "this needs the cluster's token: Authorization: Bearer TOKEN");
		return -EACCES;
	}
	if (!token_equal(req->server, given)) {
		httpd_reply_error(req, 403, "the token is not the cluster's");
		return -EACCES;
	}
	return 0;
}

static void check_token(struct httpd_req *req)
{
	const struct httpd *d = req->server;
	const char *given = token_given(req);
	unsigned flags = req->route->flags;

	if (!d->token || (flags & HTTPD_PUBLIC))
		return;
	if ((flags & HTTPD_LINK) && !(given && token_equal(d, given)) && httpd_link_check(req))
		return;
	if ((flags & HTTPD_CHANGE) || d->conf.token_for_reads)
		(void)httpd_need_token(req); /* it has replied, if so */
}

bool httpd_has_token(const struct httpd_req *req)
{
	return req->server->token;
}

bool httpd_protected(const struct httpd_req *req)
{
	return req->server->token && req->server->conf.token_for_reads;
}

static void check_length(struct httpd_req *req)
{
	const struct httpd_route *r = req->route;
	uint64_t max = r->body_max ? r->body_max : LIMIT_JSON_BODY;

	if (!r->data && !(r->flags & HTTPD_EARLY) && req->length != UINT64_MAX && req->length > max)
		httpd_reply_error(req, 413, "the body has more than %" PRIu64 " bytes", max);
}

void httpd_route_find(struct httpd_req *req)
{
	if (req->broken) {
		httpd_set_header(req, "Connection", "close");
		httpd_reply_error(req, 400, "the headers leave open where the body ends");
	} else if (!*req->path) {
		httpd_reply_error(req, 400, "the path has a bad %%-escape or a NUL byte");
	} else if (req->bad_query) {
		httpd_reply_error(req, 400, "the query has a bad %%-escape or a NUL byte");
	} else {
		find(req);
	}
	if (!req->replied)
		check_token(req);
	if (!req->replied)
		check_length(req);
}
