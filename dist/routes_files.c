#include "dist/routes_files.h"

#include "common/clock.h"
#include "common/limits.h"
#include "common/name.h"
#include "dist/answer.h"
#include "dist/emit.h"
#include "dist/link.h"
#include "dist/path.h"
#include "dist/tree.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define LIST_DEFAULT 1000

/* What one request is about. */
struct place {
	struct dist *d;
	const char *path; /* with len; without slashes at either end */
	size_t len;
	char after[LIMIT_NAME + 1]; /* listing: after_len, limit */
	size_t after_len;
	uint64_t limit;
	int64_t now;
	struct attr attr;
	bool exists;
	struct buf out; /* listing */
};

/* 0, or the reply was made. */
static int read_path(struct httpd_req *req, struct place *p)
{
	int rc;

	p->d = httpd_server(req);
	p->path = httpd_rest(req, &p->len);
	p->now = clock_real_ns();
	rc = path_check(p->path, p->len);
	if (rc < 0) {
		answer_error(req, rc, "the path");
		return rc;
	}
	while (p->len && p->path[0] == '/') {
		p->path++;
		p->len--;
	}
	while (p->len && p->path[p->len - 1] == '/')
		p->len--;
	return 0;
}

static const char *type_of(uint32_t mode)
{
	return S_ISREG(mode)   ? "file"
	       : S_ISDIR(mode) ? "directory"
	       : S_ISLNK(mode) ? "symlink"
			       : "other";
}

static int put_entry(void *arg, const char *name, size_t len, const struct attr *a)
{
	struct place *p = arg;
	struct buf *b = &p->out;

	if (b->len && b->data[b->len - 1] != '[')
		buf_adds(b, ",");
	buf_adds(b, "{\"name\":");
	emit_bytes(b, name, len);
	buf_addf(b, ",\"id\":%" PRIu64 ",\"type\":\"%s\",\"size\":%" PRIu64 ",\"mtime\":", a->id,
		type_of(a->mode), a->size);
	emit_time(b, a->mtime);
	buf_adds(b, "}");
	return buf_error(b);
}

static int list_directory(struct meta_tx *tx, struct place *p)
{
	struct buf path = BUF_INIT;
	bool more = false;
	int rc = tree_path(tx, p->attr.id, &path);

	if (rc < 0)
		goto out;
	buf_adds(&p->out, "{\"path\":");
	emit_bytes(&p->out, buf_str(&path), path.len);
	buf_addf(&p->out, ",\"id\":%" PRIu64 ",\"entries\":[", p->attr.id);
	rc = buf_error(&p->out);
	if (rc == 0)
		rc = tree_readdir(tx, p->attr.id, p->after, p->after_len, (unsigned)p->limit,
			put_entry, p, &more);
	buf_adds(&p->out, more ? "],\"more\":true}" : "],\"more\":false}");
out:
	buf_release(&path);
	return rc;
}

static int run_get(struct meta_tx *tx, void *arg)
{
	struct place *p = arg;
	int rc;

	buf_clear(&p->out);
	rc = tree_resolve(tx, p->path, p->len, &p->attr);
	if (rc == 0 && S_ISDIR(p->attr.mode))
		rc = list_directory(tx, p);
	return rc;
}

static void redirect_to_file(struct httpd_req *req, struct place *p)
{
	const struct attr *a = &p->attr;
	const char *base;
	int rc;

	if (!S_ISREG(a->mode)) {
		httpd_reply_error(req, 404, "the path leads to no file");
		return;
	}
	rc = answer_holder(p->d, a->node, a->uri, a->size, &base);
	if (rc == -ENODATA) {
		httpd_reply_error(
			req, 404, "content %" PRIu64 " has no bytes on any known node", a->id);
		return;
	}
	if (rc < 0) {
		answer_no_node(req, rc);
		return;
	}
	link_redirect(req, base, a->id);
}

/* A link to the path: to whatever file has that name when it is followed. */
static void answer_link(struct httpd_req *req, const struct place *p, uint64_t expires)
{
	const struct conf_node *self = conf_node_find(nodes_conf(p->d->nodes), "dist");
	struct buf path = BUF_INIT;

	buf_adds(&path, "/files/");
	buf_add(&path, p->path, p->len);
	if (buf_error(&path) < 0)
		httpd_reply_error(req, 500, "out of memory");
	else if (!S_ISREG(p->attr.mode))
		httpd_reply_error(req, 409, "the path leads to no file, and links are to files");
	else if (!self)
		httpd_reply_error(req, 409, "nodes.yml does not say where dist is");
	else
		link_answer(req, self->uri, buf_str(&path), expires);
	buf_release(&path);
}

/* limit and after of a listing. 0, or the reply was made. */
static int read_page(struct httpd_req *req, struct place *p)
{
	const char *after = httpd_query(req, "after");
	ssize_t n;

	p->limit = LIST_DEFAULT;
	if (httpd_query_u64(req, "limit", LIMIT_LIST, &p->limit) < 0)
		return -EINVAL;
	if (!p->limit) {
		httpd_reply_error(req, 400, "limit: must be a whole number from 1 to 1000");
		return -EINVAL;
	}
	n = after ? name_decode(after, p->after, LIMIT_NAME) : 0;
	if (n < 0) {
		httpd_reply_error(req, 400, "after: must be a name as the list shows it");
		return -EINVAL;
	}
	p->after_len = (size_t)n;
	return 0;
}

void files_get(struct httpd_req *req)
{
	struct place p = { 0 };
	uint64_t expires = 0;
	int link = link_asked(req, &expires), rc;

	if (link < 0 || read_path(req, &p) < 0 || read_page(req, &p) < 0)
		return;
	rc = meta_run(p.d->meta, META_READ, run_get, &p);
	if (rc < 0)
		answer_error(req, rc, "the path");
	else if (link)
		answer_link(req, &p, expires);
	else if (S_ISDIR(p.attr.mode) && !httpd_link(req))
		answer_json(req, 200, &p.out);
	else
		redirect_to_file(req, &p);
	buf_release(&p.out);
}

/* Looks in the path's folder, which has to be there. */
static int find_name(struct meta_tx *tx, struct place *p, struct tree_name *at)
{
	int rc = tree_resolve_parent(tx, p->path, p->len, at);

	if (rc < 0)
		return rc;
	rc = tree_lookup(tx, at, &p->attr);
	p->exists = rc == 0;
	return rc == -ENOENT ? 0 : rc;
}

static int run_target(struct meta_tx *tx, void *arg)
{
	struct tree_name at;
	int rc = find_name(tx, arg, &at);

	return rc == 0 && !((struct place *)arg)->exists && tree_reserved(&at) ? -EPERM : rc;
}

static void redirect_upload(struct httpd_req *req, struct place *p)
{
	uint64_t size = httpd_length(req);
	const struct conf_node *node;
	struct buf path = BUF_INIT;
	int rc;

	rc = nodes_place(p->d->nodes, size == UINT64_MAX ? 0 : size, NULL, clock_ms(), &node);
	if (rc < 0) {
		answer_no_node(req, rc);
		return;
	}
	buf_adds(&path, "/store/?path=");
	name_url(&path, p->path, p->len);
	if (buf_error(&path) < 0)
		httpd_reply_error(req, 500, "out of memory");
	else
		answer_redirect(req, node->uri, buf_str(&path));
	buf_release(&path);
}

void files_put(struct httpd_req *req)
{
	struct place p = { 0 };
	int rc;

	if (read_path(req, &p) < 0)
		return;
	if (!p.len) {
		answer_error(req, -EISDIR, "the root");
		return;
	}
	rc = meta_run(p.d->meta, META_READ, run_target, &p);
	if (rc == -EPERM)
		httpd_reply_error(req, 409, "%s in the root is every mount's own", NAME_OWN);
	else if (rc < 0)
		answer_error(req, rc, "the path's folder");
	else if (p.exists && S_ISDIR(p.attr.mode))
		answer_error(req, -EISDIR, "the path");
	else if (p.exists && !S_ISREG(p.attr.mode))
		httpd_reply_error(req, 409, "the path exists and is no file");
	else
		redirect_upload(req, &p);
}

static int run_delete(struct meta_tx *tx, void *arg)
{
	struct place *p = arg;
	struct tree_name at;
	int rc = find_name(tx, p, &at);

	if (rc < 0)
		return rc;
	if (!p->exists)
		return -ENOENT;
	return S_ISDIR(p->attr.mode) ? tree_rmdir(tx, &at, p->now, NULL)
				     : tree_unlink(tx, &at, p->now, NULL);
}

static void delete (struct httpd_req *req)
{
	struct place p = { 0 };
	int rc;

	if (read_path(req, &p) < 0)
		return;
	if (!p.len) {
		httpd_reply_error(req, 409, "the root cannot be deleted");
		return;
	}
	rc = meta_run(p.d->meta, META_DURABLE, run_delete, &p);
	if (rc < 0) {
		answer_error(req, rc, "the path");
		return;
	}
	reclaimer_wake(p.d->reclaimer);
	answer_message(req, 200, "deleted");
	answer_known(req, true);
}

void files_delete(struct httpd_req *req)
{
	answer_when(req, true, delete);
}
