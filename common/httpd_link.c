#include "common/httpd_priv.h"

#include "common/clock.h"
#include "common/http.h"
#include "common/sign.h"
#include <errno.h>
#include <inttypes.h>
#include <strings.h>

/* What a link adds to a path. */
struct link {
	const char *expires, *signature; /* the last of each, NULL: none */
	unsigned n, nsignature;		 /* how many of each */
};

static enum MHD_Result collect(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_len,
	const char *value, size_t len)
{
	struct link *l = cls;

	(void)kind;
	(void)len; /* values hold no NUL, or the request was refused */
	if (key_len == 7 && strncasecmp(key, "expires", 7) == 0) {
		l->expires = value ? value : "";
		l->n++;
	} else if (key_len == 9 && strncasecmp(key, "signature", 9) == 0) {
		l->signature = value ? value : "";
		l->nsignature++;
	}
	return MHD_YES;
}

static void refuse(struct httpd_req *req, int rc)
{
	if (rc == -EKEYREJECTED)
		httpd_reply_error(req, 403,
			"the link's signature is wrong: it is not that of this path and `expires`");
	else
		httpd_reply_error(req, http_status_of(rc), "the link could not be checked");
}

bool httpd_link_check(struct httpd_req *req)
{
	struct link l = { 0 };
	char date[HTTP_DATE];
	uint64_t until = 0;
	int rc = -EKEYREJECTED;

	(void)MHD_get_connection_values_n(req->conn, MHD_GET_ARGUMENT_KIND, collect, &l);
	if (!l.n && !l.nsignature)
		return false;
	if (l.n == 1 && l.nsignature == 1) /* of several, others might take another one */
		rc = sign_check(req->server->token, req->path, l.expires, l.signature, &until);
	if (rc < 0) {
		refuse(req, rc);
	} else if (clock_real_ns() / 1000000000 > (int64_t)until) {
		http_date_format((time_t)until, date);
		httpd_reply_error(req, 403, "the link expired at %s", date);
	} else {
		req->link = until;
	}
	return true;
}

uint64_t httpd_link(const struct httpd_req *req)
{
	return req->link;
}

int httpd_link_add(const struct httpd_req *req, struct buf *url, const char *path, uint64_t expires)
{
	char hex[SIGN_TEXT];
	int rc;

	if (!req->server->token)
		return -ENOKEY;
	rc = sign_link(req->server->token, path, expires, hex);
	if (rc < 0)
		return rc;
	sign_path(url, path);
	buf_addf(url, "?expires=%" PRIu64 "&signature=%s", expires, hex);
	return buf_error(url);
}
