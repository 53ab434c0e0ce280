#include "dist/routes_fs.h"

#include "dist/answer.h"
#include "dist/apply.h"
#include <errno.h>
#include <stdlib.h>

static void apply(struct httpd_req *req)
{
	struct dist *d = httpd_server(req);
	struct buf reply = BUF_INIT;
	int rc = apply_batch(d, httpd_data(req), &reply);

	if (rc == 0) {
		answer_json(req, 200, &reply);
		return;
	}
	buf_release(&reply);
	if (rc == -ESTALE)
		httpd_reply_error(req, 409, "seq: is older than the last batch of its slot");
	else if (rc == -EMSGSIZE)
		httpd_reply_error(req, 413, "the answer would be too large; ask for less at once");
	else
		answer_error(req, rc, "the batch");
}

void fs_handle(struct httpd_req *req)
{
	struct batch *b = calloc(1, sizeof(*b));
	char error[256] = "";
	size_t len;
	const char *text = httpd_body(req, &len);
	int rc = b ? batch_parse(text, len, b, error, sizeof(error)) : -ENOMEM;

	if (rc < 0) {
		free(b);
		if (rc == -ENOMEM)
			httpd_reply_error(req, 500, "out of memory");
		else
			httpd_reply_error(req, 400, "%s", error);
		return;
	}
	httpd_set_data(req, b);
	answer_when(req, b->durable, apply);
}

void fs_done(struct httpd_req *req)
{
	struct batch *b = httpd_data(req);

	if (b)
		batch_release(b);
	free(b);
}
