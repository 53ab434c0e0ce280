#include "node/routes.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/metrics.h"
#include "node/dist.h"
#include "node/download.h"
#include "node/extents.h"
#include "node/figures.h"
#include "node/node.h"
#include "node/ready.h"
#include "node/revise.h"
#include "node/store.h"
#include "node/upload.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void handle_health(struct httpd_req *req)
{
	static const char ok[] = "{\"status\":\"OK\"}";

	httpd_reply(req, 200, "application/json", ok, sizeof(ok) - 1);
}

static void handle_ready(struct httpd_req *req)
{
	static const char yes[] = "{\"ready\":true}";
	const struct node *n = httpd_server(req);
	char why[256];

	if (ready_ask(n->ready, why, sizeof(why)) < 0) {
		httpd_set_header(req, "Retry-After", "1");
		httpd_reply_error(req, 503, "%s", why);
		return;
	}
	httpd_reply(req, 200, "application/json", yes, sizeof(yes) - 1);
}

static void handle_stats(struct httpd_req *req)
{
	struct node *n = httpd_server(req);
	cJSON *o = cJSON_CreateObject();
	struct usage_view u;

	usage_read(&n->store->usage, &u);
	json_add_u64(o, "memory", metrics_resident());
	json_add_u64(o, "storage", u.live);
	cJSON_AddNumberToObject(o, "storagep", u.max ? (double)u.live * 100.0 / (double)u.max : 0);
	json_add_u64(o, "max_storage", u.max);
	json_add_u64(o, "reserved", u.reserved);
	json_add_u64(o, "trash", u.trash);
	json_add_u64(o, "free", figures_free(n, &u));
	json_add_u64(o, "contents", u.contents);
	json_add_u64(o, "seconds", (uint64_t)(clock_ms() - n->began_ms) / 1000);
	cJSON_AddStringToObject(o, "version", VERSION);
	httpd_reply_json(req, 200, o);
}

static void handle_sync(struct httpd_req *req)
{
	struct node *n = httpd_server(req);
	int rc = syncer_now(n->store->syncer);

	if (rc < 0) {
		log_error("cannot sync the storage folder", "error=\"%s\"", strerror(-rc));
		httpd_reply_error(req, 500, "not everything could be synced: %s", strerror(-rc));
		return;
	}
	handle_health(req);
}

/* The bytes of a deleted content, here and where dist said that they were. */
static void drop_deleted(struct node *n, uint64_t id, const struct dist_record *was)
{
	bool here = !was->stamp || index_has(&n->store->index, id, 0, was->stamp);
	int rc = store_retire_all(n->store, id, 0);

	if (rc < 0) /* dist tells it again by reclaim/ */
		log_error("cannot move a deleted blob to the trash", "id=%" PRIu64 " error=\"%s\"",
			id, strerror(-rc));
	if (here || !was->uri[0] || strcmp(was->node, dist_name(n->dist)) == 0)
		return;
	rc = dist_reclaim(n->dist, was->uri, id, was->stamp);
	if (rc < 0)
		log_info("the node of a deleted content did not take it back, dist will tell it",
			"id=%" PRIu64 " node=%s error=\"%s\"", id, was->node, strerror(-rc));
}

static void handle_delete(struct httpd_req *req)
{
	struct node *n = httpd_server(req);
	uint64_t id = httpd_id(req);
	struct dist_answer a;
	enum dist_outcome o = dist_delete(n->dist, id, &a);
	char message[96];
	cJSON *object;

	if (o == DIST_AWAY || o == DIST_UNKNOWN) {
		httpd_reply_error(req, 503,
			"dist cannot be asked to delete content %" PRIu64 ": %s", id, a.message);
		return;
	}
	if (o == DIST_DONE || a.status == 404)
		drop_deleted(n, id, &a.record);
	if (o == DIST_REFUSED) {
		httpd_reply_error(req, a.status, "%s", a.message);
		return;
	}
	snprintf(message, sizeof(message), "Content successfully deleted. ID: %" PRIu64, id);
	object = cJSON_CreateObject();
	json_add_u64(object, "id", id);
	cJSON_AddStringToObject(object, "message", message);
	httpd_reply_json(req, 200, object);
}

/* Every name is checked before anything is done. */
static int read_blobs(struct httpd_req *req, const cJSON *body, struct blob_name *list, size_t *n)
{
	const cJSON *blobs = cJSON_GetObjectItemCaseSensitive(body, "blobs"), *item;
	size_t count = 0;

	if (!cJSON_IsArray(blobs) || cJSON_GetArraySize(blobs) > LIMIT_RECLAIM) {
		httpd_reply_error(
			req, 400, "blobs: must be a list of at most %d names", LIMIT_RECLAIM);
		return -EINVAL;
	}
	cJSON_ArrayForEach(item, blobs)
	{
		if (!cJSON_IsString(item) || blob_name_parse(item->valuestring, &list[count]) < 0) {
			httpd_reply_error(req, 400, "blobs: item %zu is no ID.PART.STAMP", count);
			return -EINVAL;
		}
		count++;
	}
	*n = count;
	return 0;
}

static void reclaim(struct httpd_req *req, const struct blob_name *list, size_t n)
{
	struct node *node = httpd_server(req);
	size_t done = 0;
	cJSON *o;
	int rc;

	for (size_t i = 0; i < n; i++) {
		rc = store_supersede(node->store, &list[i]);
		if (rc == 0 || rc == -ENOENT)
			done++;
		else
			log_error("cannot move a reclaimed blob to the trash",
				"id=%" PRIu64 " error=\"%s\"", list[i].id, strerror(-rc));
	}
	if (done < n) {
		httpd_reply_error(req, 500, "%zu of %zu blobs could not be reclaimed", n - done, n);
		return;
	}
	o = cJSON_CreateObject();
	json_add_u64(o, "reclaimed", done);
	httpd_reply_json(req, 200, o);
}

static void handle_reclaim(struct httpd_req *req)
{
	struct blob_name list[LIMIT_RECLAIM];
	size_t len, n;
	const char *text = httpd_body(req, &len);
	cJSON *body = NULL;

	if (json_parse(text, len, &body) < 0 || !cJSON_IsObject(body))
		httpd_reply_error(req, 400, "the body must be a JSON object with `blobs`");
	else if (read_blobs(req, body, list, &n) == 0)
		reclaim(req, list, n);
	cJSON_Delete(body);
}

#define UPLOAD(m, p, start)                                                                        \
	{                                                                                          \
		.method = (m), .path = (p), .flags = HTTPD_WORKER | HTTPD_CHANGE,                  \
		.begin = (start), .data = upload_data, .handle = upload_handle,                    \
		.done = upload_done                                                                \
	}

const struct httpd_route node_routes[] = {
	UPLOAD("POST", "/store/", upload_store),
	UPLOAD("PUT", "/store/", upload_put),
	UPLOAD("PUT", "/update/", upload_update),
	UPLOAD("PUT", "/update/{id}", upload_update),
	{ .method = "PATCH",
		.path = "/update/{id}",
		.flags = HTTPD_WORKER | HTTPD_CHANGE,
		.begin = revise_begin,
		.data = revise_data,
		.handle = revise_handle,
		.done = revise_done },
	{ .method = "GET",
		.path = "/retrieve/{id}",
		.flags = HTTPD_LINK,
		.handle = download_handle },
	{ .method = "GET",
		.path = "/extents/{id}",
		.flags = HTTPD_WORKER,
		.handle = extents_handle },
	{ .method = "DELETE",
		.path = "/delete/{id}",
		.flags = HTTPD_WORKER | HTTPD_CHANGE,
		.handle = handle_delete },
	{ .method = "GET", .path = "/stats/", .flags = HTTPD_DULL, .handle = handle_stats },
	{ .method = "POST",
		.path = "/reclaim/",
		.flags = HTTPD_WORKER | HTTPD_CHANGE,
		.body_max = LIMIT_RECLAIM * BLOB_NAME,
		.handle = handle_reclaim },
	{ .method = "POST",
		.path = "/sync/",
		.flags = HTTPD_WORKER | HTTPD_CHANGE,
		.handle = handle_sync },
	{ .method = "GET",
		.path = "/health",
		.flags = HTTPD_PUBLIC | HTTPD_DULL,
		.handle = handle_health },
	{ .method = "GET",
		.path = "/ready",
		.flags = HTTPD_PUBLIC | HTTPD_DULL | HTTPD_WORKER,
		.handle = handle_ready },
	{ .method = "GET", .path = "/metrics", .flags = HTTPD_DULL, .handle = figures_handle },
};
const size_t node_nroutes = ARRAY_LEN(node_routes);
