#include "dist/routes_fs.h"

#include "dist/answer.h"
#include "dist/apply.h"
#include "dist/emit.h"
#include "dist/tree.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define QUICK                                                                                      \
	256 /* operations or entries; a batch with more would keep others waiting: on a worker */

static void reply_result(struct httpd_req *req, int rc, struct buf *reply)
{
	if (rc >= 0) {
		answer_json(req, 200, reply);
		answer_known(req, rc == APPLY_REPEAT);
		return;
	}
	(void)feed_published(); /* perhaps it was done after all: a repeat will wait */
	buf_release(reply);
	if (rc == -ESTALE)
		httpd_reply_error(req, 409, "seq: is older than the last batch of its slot");
	else if (rc == -EMSGSIZE)
		httpd_reply_error(req, 413, "the answer would be too large; ask for less at once");
	else
		answer_error(req, rc, "the batch");
}

static void apply(struct httpd_req *req)
{
	struct buf reply = BUF_INIT;
	int rc = apply_batch(httpd_server(req), httpd_data(req), 0, &reply);

	reply_result(req, rc, &reply);
}

/* On the event thread: lists may turn out to be long, then a worker starts over. */
static void try_apply(struct httpd_req *req)
{
	struct buf reply = BUF_INIT;
	int rc = apply_batch(httpd_server(req), httpd_data(req), QUICK, &reply);

	if (rc != -EOVERFLOW) {
		reply_result(req, rc, &reply);
		return;
	}
	buf_release(&reply);
	httpd_defer(req, apply);
}

/* NULL when the reply was made. */
static const struct batch *decode(struct httpd_req *req)
{
	struct batch *b = calloc(1, sizeof(*b));
	char error[256] = "";
	size_t len;
	const char *text = httpd_body(req, &len);
	int rc = b ? batch_parse(text, len, b, error, sizeof(error)) : -ENOMEM;

	if (rc == 0) {
		httpd_set_data(req, b);
		return b;
	}
	free(b);
	if (rc == -ENOMEM)
		httpd_reply_error(req, 500, "out of memory");
	else
		httpd_reply_error(req, 400, "%s", error);
	return NULL;
}

static void decode_and_apply(struct httpd_req *req)
{
	if (decode(req))
		apply(req);
}

void fs_handle(struct httpd_req *req)
{
	const struct dist *d = httpd_server(req);
	const struct batch *b;
	size_t len;

	(void)httpd_body(req, &len); /* only its length counts here */
	if (len >= ANSWER_BIG_BODY) {
		answer_when(req, true, decode_and_apply);
		return;
	}
	b = decode(req);
	if (!b)
		return;
	if (!d->waits && !b->durable && b->n <= QUICK)
		try_apply(req);
	else
		answer_when(req, true, apply);
}

void fs_done(struct httpd_req *req)
{
	struct batch *b = httpd_data(req);

	if (b)
		batch_release(b);
	free(b);
}

struct whose {
	uint64_t id;
	struct buf path;
};

static int run_path(struct meta_tx *tx, void *arg)
{
	struct whose *w = arg;

	buf_clear(&w->path);
	return tree_path(tx, w->id, &w->path);
}

void path_get(struct httpd_req *req)
{
	const struct dist *d = httpd_server(req);
	struct whose w = { .id = httpd_id(req), .path = BUF_INIT };
	struct buf out = BUF_INIT;
	char name[40];
	int rc = meta_run(d->meta, META_READ, run_path, &w);

	if (rc < 0) {
		(void)snprintf(name, sizeof(name), "inode %" PRIu64, w.id); /* fits */
		answer_error(req, rc, name);
	} else {
		buf_adds(&out, "{\"path\":");
		emit_bytes(&out, buf_str(&w.path), w.path.len);
		buf_adds(&out, "}");
		answer_json(req, 200, &out);
	}
	buf_release(&w.path);
}
