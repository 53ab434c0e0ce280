#include "node/extents.h"
#include "common/extent.h"
#include "common/json.h"
#include "common/stamp.h"
#include "node/node.h"
#include "node/store.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

/* The pieces of data from `at` on, as many as one answer has; and where the next answer begins. */
static void answer(struct httpd_req *req, const struct blob_read *b, uint64_t at)
{
	struct buf out = BUF_INIT;
	uint64_t from, to;
	int n = 0;

	buf_addf(&out, "{\"size\":%" PRIu64 ",\"extents\":[", b->meta.size);
	for (; n < LIMIT_EXTENTS && extent_next(b->fd, at, b->meta.size, &from, &to) == 0; n++) {
		buf_addf(&out, "%s[%" PRIu64 ",%" PRIu64 "]", n ? "," : "", from, to);
		at = to;
	}
	buf_adds(&out, "]");
	if (n == LIMIT_EXTENTS && at < b->meta.size)
		buf_addf(&out, ",\"next\":%" PRIu64, at);
	buf_adds(&out, "}");
	if (buf_error(&out) < 0)
		httpd_reply_error(req, 500, "the node is out of memory");
	else
		httpd_reply(req, 200, "application/json", buf_str(&out), out.len);
	buf_release(&out);
}

void extents_handle(struct httpd_req *req)
{
	struct node *n = httpd_server(req);
	const char *text = httpd_query(req, "stamp");
	uint64_t stamp = 0, from = 0;
	struct blob_read b;
	int rc;

	if (!text || stamp_parse(text, &stamp) < 0) {
		httpd_reply_error(req, 400, "stamp: must be 16 hex digits, and not 0");
		return;
	}
	if (httpd_query_u64(req, "from", LIMIT_FILE_SIZE, &from) < 0)
		return;
	rc = store_read(n->store, httpd_id(req), stamp, &b);
	if (rc < 0) {
		httpd_reply_error(req, rc == -ENOENT ? 404 : 500,
			"this node cannot read that version of content %" PRIu64 ": %s",
			httpd_id(req), strerror(-rc));
		return;
	}
	answer(req, &b, from);
	close(b.fd);
}
