#include "cdnfs/events.h"

#include "common/http.h"
#include "common/json.h"
#include "common/limits.h"
#include "common/name.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEASE_MAX_MS 3600000

void events_release(struct events *e)
{
	free(e->list);
	buf_release(&e->text);
	*e = (struct events){ 0 };
}

static int read_name(struct json_reader *r, struct events *out, struct event *e)
{
	char name[LIMIT_NAME + 1];
	size_t len = 0;

	if (!json_u64(r, "dir", LIMIT_ID, &e->id) || !json_bytes(r, "name", name, LIMIT_NAME, &len))
		return -EPROTO;
	if (!e->id || name_check(name, len) < 0)
		return -EPROTO;
	e->name = out->text.len;
	buf_add(&out->text, name, len);
	buf_add(&out->text, "", 1);
	return buf_error(&out->text);
}

static int read_event(const cJSON *item, struct events *out, struct event *e)
{
	struct json_reader r;
	bool all = false;

	json_reader_init(&r, item);
	*e = (struct event){ 0 };
	if (cJSON_HasObjectItem(item, "name"))
		return read_name(&r, out, e);
	if (json_bool(&r, "all", &all) && all)
		return 0;
	return json_u64(&r, "id", LIMIT_ID, &e->id) && e->id ? 0 : -EPROTO;
}

static int read_list(const cJSON *list, struct events *out)
{
	const cJSON *item;
	int n = cJSON_GetArraySize(list), rc = 0;

	buf_add(&out->text, "", 1);
	out->list = calloc((size_t)n + 1, sizeof(*out->list));
	if (!out->list || buf_error(&out->text) < 0)
		return -ENOMEM;
	cJSON_ArrayForEach(item, list)
	{
		rc = cJSON_IsObject(item) ? read_event(item, out, &out->list[out->n++]) : -EPROTO;
		if (rc < 0)
			break;
	}
	return rc;
}

int events_read(const char *text, size_t len, struct events *out)
{
	struct events e = { 0 };
	struct json_reader r;
	uint64_t lease = 0;
	cJSON *root = NULL;
	const cJSON *list;
	int rc = json_parse(text, len, &root);

	if (rc < 0)
		return rc == -ENOMEM ? rc : -EPROTO;
	json_reader_init(&r, root);
	list = cJSON_GetObjectItemCaseSensitive(root, "changes");
	json_need(&r, json_bool(&r, "reset", &e.reset), "reset");
	json_need(&r, json_u64(&r, "lease", LEASE_MAX_MS, &lease), "lease");
	json_need(&r, json_u64(&r, "last", LIMIT_ID, &e.last), "last");
	rc = json_failed(&r) < 0 || !cJSON_IsArray(list) ? -EPROTO : read_list(list, &e);
	cJSON_Delete(root);
	if (rc < 0) {
		events_release(&e);
		return rc;
	}
	e.lease_ms = (int64_t)lease;
	*out = e;
	return 0;
}

static int judge(const struct httpc_res *res, struct events *out, char *why, size_t cap)
{
	if (res->status == 404 || res->status == 405)
		return -ENOSYS;
	if (res->status == 200)
		return events_read(buf_str(&res->body), res->body.len, out);
	httpc_message(res, why, cap);
	return http_errno_of(res->status);
}

int events_poll(struct httpc *h, const char *url, const char *session, uint64_t after,
	int64_t stall_ms, struct events *out, char *why, size_t cap)
{
	char target[LIMIT_URI + 128];
	struct httpc_req req = { .method = "GET", .url = target, .stall_ms = stall_ms };
	struct httpc_res res = HTTPC_RES_INIT;
	int rc;

	why[0] = '\0';
	(void)snprintf(target, sizeof(target), "%s/fs/events?session=%s&after=%" PRIu64, url,
		session, after);
	rc = httpc_do(h, &req, &res);
	if (rc < 0)
		(void)snprintf(why, cap, "%s", httpc_why(&res, rc));
	else
		rc = judge(&res, out, why, cap);
	httpc_res_release(&res);
	return rc;
}

void events_end(struct httpc *h, const char *url, const char *session, int64_t stall_ms)
{
	char target[LIMIT_URI + 128];
	struct httpc_req req = { .method = "DELETE", .url = target, .stall_ms = stall_ms };
	struct httpc_res res = HTTPC_RES_INIT;

	(void)snprintf(target, sizeof(target), "%s/fs/events?session=%s", url, session);
	(void)httpc_do(h, &req, &res); /* else its lease runs out */
	httpc_res_release(&res);
}
