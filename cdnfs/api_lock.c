#include "cdnfs/api_lock.h"

#include "common/json.h"
#include "common/limits.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const types[] = {
	[WANT_NONE] = "none", [WANT_READ] = "read", [WANT_WRITE] = "write"
};

/* One operation (taken). *root: of the answer that *result is in; the caller's when 0 is returned. */
static int call(struct api *a, const struct wait *w, bool change, cJSON *op, cJSON **root,
	const cJSON **result)
{
	cJSON *ops = op ? cJSON_CreateArray() : NULL;
	const cJSON *results;
	int rc;

	if (!ops) {
		cJSON_Delete(op);
		return -ENOMEM;
	}
	cJSON_AddItemToArray(ops, op);
	rc = link_fs(api_link(a), w, change, false, ops, root, &results);
	if (rc < 0)
		return rc;
	rc = wire_result(results, 0, result);
	if (rc < 0)
		cJSON_Delete(*root);
	return rc == -EPROTO ? -EIO : rc;
}

static int change(struct api *a, const struct wait *w, cJSON *op)
{
	const cJSON *result;
	cJSON *root;
	int rc = call(a, w, true, op, &root, &result);

	if (rc == 0)
		cJSON_Delete(root);
	return rc;
}

static cJSON *named(const char *name)
{
	cJSON *op = cJSON_CreateObject();

	if (op && !cJSON_AddStringToObject(op, "op", name)) {
		cJSON_Delete(op);
		return NULL;
	}
	return op;
}

static cJSON *op_of(const char *name, const struct lock_want *want)
{
	cJSON *op = named(name);
	char owner[20];

	(void)snprintf(owner, sizeof(owner), "%" PRIx64, want->owner); /* fits */
	if (!op)
		return NULL;
	/* what memory is missing for dist misses too, and says so */
	(void)cJSON_AddStringToObject(op, "owner", owner);
	(void)cJSON_AddStringToObject(op, "kind", want->flock ? "flock" : "posix");
	(void)cJSON_AddStringToObject(op, "type", types[want->type]);
	json_add_u64(op, "id", want->id);
	json_add_u64(op, "first", want->first);
	json_add_u64(op, "last", want->last);
	json_add_u64(op, "pid", want->pid);
	return op;
}

int api_lock(struct api *a, const struct wait *w, const struct lock_want *want)
{
	int rc = change(a, w, op_of("lock", want));

	return rc == -EBUSY ? -EAGAIN : rc;
}

int api_lock_test(struct api *a, const struct wait *w, struct lock_want *want)
{
	struct lock_want got = *want;
	const char *type = "", *owner = "";
	struct json_reader r;
	const cJSON *result;
	cJSON *root;
	/* as a change, for the session to be told: what is its own is told more of */
	int rc = call(a, w, true, op_of("getlock", want), &root, &result);

	if (rc < 0)
		return rc;
	json_reader_init(&r, result);
	json_need(&r, json_text(&r, "type", 16, &type), "type");
	json_need(&r, json_u64(&r, "first", LIMIT_NUMBER, &got.first), "first");
	json_need(&r, json_u64(&r, "last", LIMIT_NUMBER, &got.last), "last");
	json_need(&r, json_u32(&r, "pid", UINT32_MAX, &got.pid), "pid");
	(void)json_text(&r, "owner", 16, &owner); /* absent: another mount's */
	got.owner = strtoull(owner, NULL, 16);
	got.type = !strcmp(type, "read")    ? WANT_READ
		   : !strcmp(type, "write") ? WANT_WRITE
					    : WANT_NONE;
	rc = json_failed(&r) < 0 ? -EIO : 0;
	cJSON_Delete(root);
	if (rc == 0)
		*want = got;
	return rc;
}

int api_lock_renew(struct api *a, const struct wait *w)
{
	return change(a, w, named("renewlocks"));
}

int api_lock_drop(struct api *a, const struct wait *w)
{
	return change(a, w, named("droplocks"));
}
