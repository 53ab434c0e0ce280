#include "dist/routes_check.h"

#include "dist/answer.h"
#include "dist/check.h"
#include <inttypes.h>

static int run_check(struct meta_tx *tx, void *arg)
{
	return check_run(tx, arg);
}

void check_get(struct httpd_req *req)
{
	const struct dist *d = httpd_server(req);
	struct check c = { .sentences = BUF_INIT };
	struct buf out = BUF_INIT;
	int rc = meta_run(d->meta, META_READ, run_check, &c);

	if (rc < 0) {
		answer_error(req, rc, "the check");
	} else {
		buf_addf(&out,
			"{\"clean\":%s,\"inodes\":%" PRIu64 ",\"entries\":%" PRIu64
			",\"contents\":%" PRIu64 ",\"found\":%" PRIu64 ",\"findings\":[",
			c.findings ? "false" : "true", c.inodes, c.entries, c.contents, c.findings);
		buf_add(&out, buf_str(&c.sentences), c.sentences.len);
		buf_adds(&out, "]}");
		answer_json(req, 200, &out);
	}
	buf_release(&c.sentences);
}
