#include "cdnfs/wire_xattr.h"

#include "common/base64.h"
#include "common/json.h"
#include "common/limits.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void wire_add_base64(cJSON *op, const char *key, const void *data, size_t len)
{
	struct buf text = BUF_INIT;

	base64_add(&text, data, len);
	if (buf_error(&text) == 0)
		cJSON_AddStringToObject(op, key, buf_str(&text));
	buf_release(&text);
}

/* Adds what the text says. */
static int add_value(struct buf *out, const char *text)
{
	size_t len = strlen(text);
	ssize_t n;

	if (len / 4 * 3 > LIMIT_XATTR_VALUE + 2)
		return -EPROTO;
	if (buf_reserve(out, len) < 0)
		return -ENOMEM;
	n = base64_decode(text, len, out->data + out->len);
	if (n < 0)
		return -EPROTO;
	out->len += (size_t)n;
	out->data[out->len] = '\0';
	return 0;
}

int wire_xattr(const cJSON *result, struct buf *value)
{
	const char *text = "";
	struct json_reader r;

	json_reader_init(&r, result);
	json_need(&r, json_text(&r, "value", SIZE_MAX, &text), "value");
	return json_failed(&r) < 0 ? -EPROTO : add_value(value, text);
}

static int read_one(const cJSON *item, struct xattrs *x)
{
	struct xattrs_one *one = &x->list[x->n];
	char name[LIMIT_XATTR_NAME + 1];
	const char *text = NULL;
	struct json_reader r;
	int rc = 0;

	json_reader_init(&r, item);
	json_need(&r, json_bytes(&r, "name", name, sizeof(name) - 1, &one->name_len), "name");
	(void)json_text(&r, "value", SIZE_MAX, &text); /* absent: too long to be told */
	if (json_failed(&r) < 0 || !one->name_len)
		return -EPROTO;
	one->name = x->text.len;
	buf_add(&x->text, name, one->name_len + 1);
	one->value = x->text.len;
	if (text)
		rc = add_value(&x->text, text);
	one->value_len = x->text.len - one->value;
	one->told = text != NULL;
	x->n++;
	return rc < 0 ? rc : buf_error(&x->text);
}

int wire_xattrs(const cJSON *result, struct xattrs **out)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(result, "xattrs"), *item;
	struct xattrs *x = calloc(1, sizeof(*x));
	int n = cJSON_GetArraySize(list), rc = -EPROTO;

	if (!x)
		return -ENOMEM;
	if (!cJSON_IsArray(list) || n > LIMIT_XATTR_LIST / 2)
		goto fail;
	rc = -ENOMEM;
	x->list = calloc((size_t)n + 1, sizeof(*x->list));
	if (!x->list)
		goto fail;
	cJSON_ArrayForEach(item, list)
	{
		rc = read_one(item, x);
		if (rc < 0)
			goto fail;
	}
	*out = x;
	return 0;
fail:
	xattrs_free(&x);
	return rc;
}
