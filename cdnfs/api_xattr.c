#include "cdnfs/api_xattr.h"

#include "cdnfs/wire_xattr.h"
#include "common/json.h"
#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

static cJSON *name_op(const char *what, uint64_t id, const char *name)
{
	cJSON *op = wire_op_id(what, id);

	if (op)
		json_add_bytes(op, "name", name, strlen(name));
	return op;
}

static int change(struct api *a, const struct wait *w, cJSON *op, struct wire_file *out)
{
	const cJSON *result;
	cJSON *root;
	int rc = api_op(a, w, true, op, &root, &result);

	if (rc < 0)
		return rc;
	rc = wire_file(result, link_places(api_link(a)), out);
	cJSON_Delete(root);
	return rc == -EPROTO ? -EIO : rc;
}

int api_setxattr(struct api *a, const struct wait *w, uint64_t id, const struct api_xattr *x,
	struct wire_file *out)
{
	cJSON *op = name_op("setxattr", id, x->name);
	const char *flags = x->flags & XATTR_CREATE    ? "create"
			    : x->flags & XATTR_REPLACE ? "replace"
						       : "";

	if (op) {
		wire_add_base64(op, "value", x->value, x->len);
		cJSON_AddStringToObject(op, "flags", flags);
		cJSON_AddBoolToObject(op, "drop_setgid", x->drop_setgid);
	}
	return change(a, w, op, out);
}

int api_removexattr(
	struct api *a, const struct wait *w, uint64_t id, const char *name, struct wire_file *out)
{
	return change(a, w, name_op("removexattr", id, name), out);
}

int api_getxattr(
	struct api *a, const struct wait *w, uint64_t id, const char *name, struct buf *value)
{
	const cJSON *result;
	cJSON *root;
	int rc = api_op(a, w, false, name_op("getxattr", id, name), &root, &result);

	if (rc < 0)
		return rc;
	rc = wire_xattr(result, value);
	cJSON_Delete(root);
	return rc == -EPROTO ? -EIO : rc;
}

int api_listxattr(struct api *a, const struct wait *w, uint64_t id, struct wire_file *out,
	struct xattrs **set)
{
	const cJSON *result;
	struct xattrs *x;
	cJSON *root;
	int rc = api_op(a, w, false, wire_op_id("listxattr", id), &root, &result);

	if (rc < 0)
		return rc;
	rc = wire_xattrs(result, &x);
	if (rc == 0) {
		rc = wire_file(result, link_places(api_link(a)), out);
		if (rc < 0)
			xattrs_free(&x);
	}
	cJSON_Delete(root);
	if (rc < 0)
		return rc == -EPROTO ? -EIO : rc;
	x->ctime = out->attr.ctime;
	*set = x;
	return 0;
}
