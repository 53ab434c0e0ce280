#include "dist/link.h"

#include "common/clock.h"
#include "common/limits.h"
#include "dist/answer.h"
#include "dist/emit.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int link_asked(struct httpd_req *req, uint64_t *expires)
{
	uint64_t ttl = 0;
	int rc;

	if (!httpd_query(req, "ttl"))
		return 0;
	rc = httpd_need_token(req);
	if (rc < 0)
		return rc;
	if (!httpd_has_token(req)) {
		httpd_reply_error(req, 409, "links are signed with CDN_TOKEN, and none is set");
		return -ENOKEY;
	}
	rc = httpd_query_u64(req, "ttl", LIMIT_LINK_S, &ttl);
	if (rc < 0)
		return rc;
	if (!ttl) {
		httpd_reply_error(
			req, 400, "ttl: must be a whole number from 1 to %d", LIMIT_LINK_S);
		return -EINVAL;
	}
	*expires = (uint64_t)(clock_real_ns() / 1000000000) + ttl;
	return 1;
}

static void cannot_sign(struct httpd_req *req, int rc)
{
	httpd_reply_error(req, 500, "the link could not be signed: %s", strerror(-rc));
}

void link_answer(struct httpd_req *req, const char *base, const char *path, uint64_t expires)
{
	struct buf url = BUF_INIT, out = BUF_INIT;
	int rc;

	buf_adds(&url, base);
	rc = httpd_link_add(req, &url, path, expires);
	if (rc < 0) {
		cannot_sign(req, rc);
	} else {
		buf_adds(&out, "{\"uri\":");
		emit_text(&out, buf_str(&url));
		buf_addf(&out, ",\"expires\":%" PRIu64 "}", expires);
		httpd_set_header(req, "Cache-Control", "no-store");
		answer_json(req, 200, &out);
	}
	buf_release(&url);
}

void link_redirect(struct httpd_req *req, const char *base, uint64_t id)
{
	struct buf signed_path = BUF_INIT;
	char path[48];
	int rc;

	(void)snprintf(path, sizeof(path), "/retrieve/%" PRIu64, id); /* fits */
	if (!httpd_link(req)) {
		answer_redirect(req, base, path);
		return;
	}
	rc = httpd_link_add(req, &signed_path, path, httpd_link(req));
	if (rc < 0) {
		cannot_sign(req, rc);
	} else {
		httpd_set_header(req, "Cache-Control", "no-store");
		answer_redirect(req, base, buf_str(&signed_path));
	}
	buf_release(&signed_path);
}
