#include "dist/routes_nodes.h"

#include "common/clock.h"
#include "common/json.h"
#include "common/limits.h"
#include "dist/answer.h"
#include "dist/emit.h"
#include "dist/link.h"
#include "dist/reg.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

/* Answers {"node", "uri": BASE/what}. */
static void reply_place(struct httpd_req *req, const char *what)
{
	struct dist *d = httpd_server(req);
	const struct conf_node *node;
	struct buf out = BUF_INIT;
	uint64_t size = 0;
	int rc;

	if (httpd_query_u64(req, "size", LIMIT_FILE_SIZE, &size) < 0)
		return;
	rc = nodes_place(d->nodes, size, httpd_query(req, "not"), clock_ms(), &node);
	if (rc < 0) {
		answer_no_node(req, rc);
		return;
	}
	buf_addf(&out, "{\"node\":\"%s\",\"uri\":\"%s/%s\"}", node->name, node->uri, what);
	answer_json(req, 200, &out);
}

void place_store(struct httpd_req *req)
{
	reply_place(req, "store");
}

struct found {
	uint64_t id;
	struct content content;
};

static int run_find(struct meta_tx *tx, void *arg)
{
	struct found *f = arg;

	return reg_get(tx, f->id, &f->content);
}

/* The content of the path's id, or the error is answered. */
static int find(struct httpd_req *req, struct found *f)
{
	const struct dist *d = httpd_server(req);
	char name[40];
	int rc;

	f->id = httpd_id(req);
	rc = meta_run(d->meta, META_READ, run_find, f);
	if (rc < 0) {
		(void)snprintf(name, sizeof(name), "content %" PRIu64, f->id);
		answer_error(req, rc, name);
	}
	return rc;
}

void place_update(struct httpd_req *req)
{
	struct found f;

	if (find(req, &f) >= 0)
		reply_place(req, "update");
}

void locate(struct httpd_req *req)
{
	struct dist *d = httpd_server(req);
	struct buf out = BUF_INIT;
	uint64_t expires = 0;
	const char *base;
	char path[48];
	struct found f;
	int link = link_asked(req, &expires), rc;

	if (link < 0 || find(req, &f) < 0)
		return;
	rc = answer_holder(d, f.content.node, f.content.uri, f.content.size, &base);
	if (rc == -ENODATA) {
		httpd_reply_error(
			req, 404, "content %" PRIu64 " has no bytes on any known node", f.id);
		return;
	}
	if (rc < 0) {
		answer_no_node(req, rc);
		return;
	}
	if (link) {
		(void)snprintf(path, sizeof(path), "/retrieve/%" PRIu64, f.id); /* fits */
		link_answer(req, base, path, expires);
		return;
	}
	buf_adds(&out, "{\"uri\":");
	emit_text(&out, base);
	buf_adds(&out, "}");
	answer_json(req, 200, &out);
}

void nodes_list(struct httpd_req *req)
{
	const struct dist *d = httpd_server(req);
	const struct conf_nodes *conf = nodes_conf(d->nodes);
	struct buf out = BUF_INIT;

	buf_adds(&out, "{\"nodes\":{");
	for (size_t i = 0; i < conf->n; i++) {
		emit_key(&out, conf->list[i].name);
		buf_adds(&out, "{\"host\":");
		emit_text(&out, conf->list[i].host);
		buf_addf(&out, ",\"port\":%u}", (unsigned)conf->list[i].port);
	}
	buf_adds(&out, "}}");
	answer_json(req, 200, &out);
}

void nodes_stats(struct httpd_req *req)
{
	const struct dist *d = httpd_server(req);
	struct buf out = BUF_INIT;
	struct node_figures f;
	int64_t now = clock_ms();
	double percent;
	bool up;

	buf_adds(&out, "{\"stats\":{");
	for (size_t i = 0; i < nodes_count(d->nodes); i++) {
		up = nodes_status(d->nodes, i, &f);
		percent = f.max_storage ? 100.0 * (double)f.storage / (double)f.max_storage : 0;
		emit_key(&out, nodes_at(d->nodes, i)->name);
		buf_addf(&out,
			"{\"memory\":%" PRIu64 ",\"storage\":%" PRIu64
			",\"storagep\":%.6f,\"max_storage\":%" PRIu64
			",\"status\":\"%s\",\"seconds\":%" PRId64 ",\"free\":%" PRIu64
			",\"contents\":%" PRIu64 ",\"uri\":",
			f.memory, f.storage, percent, f.max_storage, up ? "UP" : "DOWN",
			(now - nodes_since(d->nodes, i)) / 1000, f.free, f.contents);
		emit_text(&out, nodes_at(d->nodes, i)->uri);
		buf_adds(&out, "}");
	}
	buf_addf(&out,
		"},\"dist\":{\"version\":\"%s\",\"seconds\":%" PRId64 ",\"database\":", VERSION,
		(now - d->began_ms) / 1000);
	emit_text(&out, meta_name(d->meta));
	buf_adds(&out, "}}");
	answer_json(req, 200, &out);
}

static void answer_ok(struct httpd_req *req, const char *json)
{
	struct buf out = BUF_INIT;

	buf_adds(&out, json);
	answer_json(req, 200, &out);
}

static void answer_later(struct httpd_req *req, const char *why)
{
	httpd_set_header(req, "Retry-After", "1");
	httpd_reply_error(req, 503, "%s", why);
}

void health(struct httpd_req *req)
{
	const struct dist *d = httpd_server(req);

	if (probe_health(d->probe) < 0)
		answer_later(req, "the database does not answer");
	else
		answer_ok(req, "{\"status\":\"OK\"}");
}

static bool any_up(struct nodes *n)
{
	for (size_t i = 0; i < nodes_count(n); i++)
		if (nodes_up(n, i))
			return true;
	return false;
}

void ready(struct httpd_req *req)
{
	const struct dist *d = httpd_server(req);

	if (probe_health(d->probe) < 0)
		answer_later(req, "the database does not answer");
	else if (!any_up(d->nodes))
		answer_later(req, "no node is up");
	else
		answer_ok(req, "{\"ready\":true}");
}
