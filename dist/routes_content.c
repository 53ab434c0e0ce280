#include "dist/routes_content.h"

#include "common/clock.h"
#include "common/http.h"
#include "common/limits.h"
#include "common/stamp.h"
#include "dist/answer.h"
#include "dist/emit.h"
#include "dist/filing.h"
#include "dist/reg.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define MODE_NEW 0100666 /* of a file that comes by REST */
#define UMASK_NEW 022
#define LIST_DEFAULT 100

static const char *content_name(uint64_t id, char text[40])
{
	(void)snprintf(text, 40, "content %" PRIu64, id);
	return text;
}

static void put_content(struct buf *b, const struct dist *d, const struct content *c)
{
	buf_adds(b, "{");
	emit_content(b, c, answer_base(d, c->node, c->uri));
}

/* Listing */
struct list {
	struct dist *d;
	uint64_t after, limit, stamp;
	struct buf out;
};

static int put_row(void *arg, const struct content *c)
{
	struct list *l = arg;

	buf_adds(&l->out, l->out.len > 1 ? "," : "");
	put_content(&l->out, l->d, c);
	buf_adds(&l->out, "}");
	return buf_error(&l->out);
}

static int run_list(struct meta_tx *tx, void *arg)
{
	struct list *l = arg;
	struct content c;
	int rc;

	buf_clear(&l->out);
	buf_adds(&l->out, "[");
	if (!l->stamp)
		return reg_list(tx, l->after, (unsigned)l->limit, put_row, l);
	rc = reg_by_stamp(tx, l->stamp, &c);
	return rc == -ENOENT ? 0 : rc < 0 ? rc : put_row(l, &c);
}

void content_list(struct httpd_req *req)
{
	struct list l = { .d = httpd_server(req), .limit = LIST_DEFAULT };
	const char *stamp = httpd_query(req, "stamp");
	int rc;

	if (httpd_query_u64(req, "limit", LIMIT_LIST, &l.limit) < 0 ||
		httpd_query_u64(req, "after", LIMIT_ID, &l.after) < 0)
		return;
	if (!l.limit || (stamp && stamp_parse(stamp, &l.stamp) < 0)) {
		httpd_reply_error(req, 400, "%s",
			l.limit ? "stamp: must be 16 lower-case hex digits"
				: "limit: must be a whole number from 1 to 1000");
		return;
	}
	rc = meta_run(l.d->meta, META_READ, run_list, &l);
	if (rc < 0) {
		buf_release(&l.out);
		answer_error(req, rc, "the register");
		return;
	}
	buf_adds(&l.out, "]");
	answer_json(req, 200, &l.out);
}

/* One record */
struct one {
	uint64_t id;
	int64_t now;
	struct filing filing;
	struct content content;
	struct replaced old;
	bool created;
};

static int run_get(struct meta_tx *tx, void *arg)
{
	struct one *o = arg;

	return reg_get(tx, o->id, &o->content);
}

static void reply_content(struct httpd_req *req, unsigned status, const struct one *o)
{
	const struct dist *d = httpd_server(req);
	const struct conf_node *node = o->old.node[0] ? nodes_find(d->nodes, o->old.node) : NULL;
	struct buf out = BUF_INIT;
	char stamp[STAMP_TEXT];

	put_content(&out, d, &o->content);
	if (o->old.stamp && o->old.node[0]) {
		stamp_format(o->old.stamp, stamp);
		buf_adds(&out, ",\"previous\":{\"node\":");
		emit_text(&out, o->old.node);
		if (node) {
			buf_adds(&out, ",\"uri\":");
			emit_text(&out, node->internal);
		}
		buf_addf(&out, ",\"stamp\":\"%s\"}", stamp);
	}
	buf_adds(&out, "}");
	answer_json(req, status, &out);
}

void content_get(struct httpd_req *req)
{
	const struct dist *d = httpd_server(req);
	struct one o = { .id = httpd_id(req) };
	char name[40];
	int rc = meta_run(d->meta, META_READ, run_get, &o);

	if (rc < 0)
		answer_error(req, rc, content_name(o.id, name));
	else
		reply_content(req, 200, &o);
}

/* The body of POST and PUT; NULL when the reply was made. */
static struct one *parse(struct httpd_req *req)
{
	const struct dist *d = httpd_server(req);
	struct one *o = calloc(1, sizeof(*o));
	char error[200] = "out of memory";
	size_t len;
	const char *text = httpd_body(req, &len);
	int rc = -ENOMEM;

	if (o)
		rc = filing_parse(text, len, d->nodes, &o->filing, error, sizeof(error));
	if (rc < 0) {
		httpd_reply_error(req,
			rc == -EINVAL	 ? 400
			: rc == -ENOTSUP ? 422
					 : 500,
			"%s", error);
		free(o);
		return NULL;
	}
	o->now = clock_real_ns();
	o->filing.record.now = o->now;
	o->filing.record.by_mount = httpd_origin(req)[0] != '\0';
	o->filing.record.mode = MODE_NEW;
	o->filing.record.umask = UMASK_NEW;
	httpd_set_data(req, o);
	return o;
}

static enum meta_mode mode_of(const struct one *o)
{
	return o->filing.durable ? META_DURABLE : META_WRITE;
}

/* What its node's figures will show later counts for placement at once. */
static void count_bytes(const struct dist *d, const struct one *o)
{
	if (o->filing.record.has_size && o->filing.record.node)
		nodes_took(d->nodes, o->filing.record.node, o->filing.record.size);
}

static int run_store(struct meta_tx *tx, void *arg)
{
	struct one *o = arg;

	return reg_store(tx, &o->filing.record, &o->content, &o->old, &o->created);
}

static void store(struct httpd_req *req)
{
	const struct dist *d = httpd_server(req);
	struct one *o = httpd_data(req);
	int rc = meta_run(d->meta, mode_of(o), run_store, o);

	if (rc < 0) {
		answer_error(req, rc, o->filing.record.path ? "the path" : "the content");
		return;
	}
	count_bytes(d, o);
	if (o->old.stamp)
		reclaimer_wake(d->reclaimer);
	reply_content(req, o->created ? 201 : 200, o);
	answer_known(req, true);
}

static bool has_big_body(const struct httpd_req *req)
{
	size_t len;

	(void)httpd_body(req, &len); /* only its length counts here */
	return len >= ANSWER_BIG_BODY;
}

static void parse_and_store(struct httpd_req *req)
{
	if (parse(req))
		store(req);
}

void content_create(struct httpd_req *req)
{
	const struct one *o;

	if (has_big_body(req)) {
		answer_when(req, true, parse_and_store);
		return;
	}
	o = parse(req);
	if (o)
		answer_when(req, o->filing.durable, store);
}

static int run_replace(struct meta_tx *tx, void *arg)
{
	struct one *o = arg;

	return reg_replace(tx, o->id, &o->filing.record, &o->content, &o->old);
}

static void replace(struct httpd_req *req)
{
	const struct dist *d = httpd_server(req);
	struct one *o = httpd_data(req);
	char name[40];
	int rc;

	o->id = httpd_id(req);
	rc = meta_run(d->meta, mode_of(o), run_replace, o);
	if (rc == -ESTALE) {
		httpd_reply_error(
			req, 412, "%s has another version than `base`", content_name(o->id, name));
		return;
	}
	if (rc < 0) {
		answer_error(req, rc, content_name(o->id, name));
		return;
	}
	count_bytes(d, o);
	reclaimer_wake(d->reclaimer);
	reply_content(req, 200, o);
	answer_known(req, true);
}

static void parse_and_replace(struct httpd_req *req)
{
	if (parse(req))
		replace(req);
}

void content_update(struct httpd_req *req)
{
	const struct one *o;

	if (has_big_body(req)) {
		answer_when(req, true, parse_and_replace);
		return;
	}
	o = parse(req);
	if (o)
		answer_when(req, o->filing.durable, replace);
}

void content_done(struct httpd_req *req)
{
	struct one *o = httpd_data(req);

	if (o)
		filing_release(&o->filing);
	free(o);
}

static int run_delete(struct meta_tx *tx, void *arg)
{
	struct one *o = arg;

	return reg_delete(tx, o->id, o->now, &o->content);
}

static void delete (struct httpd_req *req)
{
	const struct dist *d = httpd_server(req);
	struct one o = { .id = httpd_id(req), .now = clock_real_ns() };
	char name[40], stamp[STAMP_TEXT];
	struct buf out = BUF_INIT;
	int rc = meta_run(d->meta, META_DURABLE, run_delete, &o);
	const struct conf_node *node;

	if (rc < 0) {
		answer_error(req, rc, content_name(o.id, name));
		answer_known(req, rc == -ENOENT);
		return;
	}
	node = o.content.node[0] ? nodes_find(d->nodes, o.content.node) : NULL;
	reclaimer_wake(d->reclaimer);
	buf_addf(&out,
		"{\"message\":\"Content successfully deleted. ID: %" PRIu64 "\",\"id\":%" PRIu64,
		o.id, o.id);
	if (o.content.stamp) {
		stamp_format(o.content.stamp, stamp);
		buf_adds(&out, ",\"node\":");
		emit_text(&out, o.content.node);
		if (node) {
			buf_adds(&out, ",\"uri\":");
			emit_text(&out, node->internal);
		}
		buf_addf(&out, ",\"stamp\":\"%s\"", stamp);
	}
	buf_adds(&out, "}");
	answer_json(req, 200, &out);
	answer_known(req, true);
}

void content_delete(struct httpd_req *req)
{
	answer_when(req, true, delete);
}
