#include "cdnfs/wire.h"

#include "common/http.h"
#include "common/json.h"
#include "common/limits.h"
#include "common/stamp.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void wire_file_release(struct wire_file *f)
{
	free(f->target);
	f->target = NULL;
}

void wire_page_release(struct wire_page *p)
{
	free(p->list);
	buf_release(&p->text);
	memset(p, 0, sizeof(*p));
}

cJSON *wire_op(const char *op)
{
	cJSON *o = cJSON_CreateObject();

	if (o && cJSON_AddStringToObject(o, "op", op))
		return o;
	cJSON_Delete(o);
	return NULL;
}

cJSON *wire_op_id(const char *op, uint64_t id)
{
	cJSON *o = wire_op(op);

	if (o)
		json_add_u64(o, "id", id);
	return o;
}

cJSON *wire_op_name(const char *op, uint64_t dir, const char *name)
{
	cJSON *o = wire_op(op);

	if (!o)
		return NULL;
	json_add_u64(o, "dir", dir);
	json_add_bytes(o, "name", name, strlen(name));
	return o;
}

void wire_add_owner(cJSON *op, uint32_t mode, uint32_t uid, uint32_t gid)
{
	json_add_u64(op, "mode", mode);
	json_add_u64(op, "uid", uid);
	json_add_u64(op, "gid", gid);
}

cJSON *wire_op_change(uint64_t id, const struct wire_change *c)
{
	cJSON *o = wire_op_id("setattr", id);

	if (!o)
		return NULL;
	if (c->set & WIRE_MODE)
		json_add_u64(o, "mode", c->mode);
	if (c->set & WIRE_UID)
		json_add_u64(o, "uid", c->uid);
	if (c->set & WIRE_GID)
		json_add_u64(o, "gid", c->gid);
	if (c->set & WIRE_SIZE)
		json_add_u64(o, "size", 0);
	if (c->set & WIRE_ATIME)
		json_add_time(o, "atime", c->atime);
	if (c->set & WIRE_MTIME)
		json_add_time(o, "mtime", c->mtime);
	if (c->set & WIRE_CTIME)
		json_add_time(o, "ctime", c->ctime);
	return o;
}

int wire_batch(const struct wire_head *head, cJSON *ops, struct buf *out)
{
	cJSON *root = cJSON_CreateObject();

	if (!root || !ops) {
		cJSON_Delete(root);
		cJSON_Delete(ops);
		return -ENOMEM;
	}
	if (head->session) {
		cJSON_AddStringToObject(root, "session", head->session);
		json_add_u64(root, "slot", head->slot);
		json_add_u64(root, "seq", head->seq);
		json_add_lossy(root, "host", head->host, strlen(head->host));
	}
	cJSON_AddBoolToObject(root, "durable", head->durable);
	cJSON_AddItemToObject(root, "ops", ops);
	json_print(root, out);
	return buf_error(out);
}

int wire_answer(const char *text, size_t len, int n, cJSON **root, const cJSON **results)
{
	cJSON *r = NULL;
	const cJSON *list, *item;
	int rc = json_parse(text, len, &r);

	if (rc < 0)
		return rc == -ENOMEM ? rc : -EPROTO;
	list = cJSON_GetObjectItemCaseSensitive(r, "results");
	if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) != n)
		goto fail;
	cJSON_ArrayForEach(item, list)
	{
		if (!cJSON_IsObject(item))
			goto fail;
	}
	*root = r;
	*results = list;
	return 0;
fail:
	cJSON_Delete(r);
	return -EPROTO;
}

int wire_result(const cJSON *results, int i, const cJSON **result)
{
	const cJSON *item = cJSON_GetArrayItem(results, i);
	const cJSON *err = cJSON_GetObjectItemCaseSensitive(item, "errno");

	if (cJSON_IsString(err))
		return http_errno_parse(err->valuestring);
	*result = item;
	return item ? 0 : -EPROTO;
}

static void read_times(struct json_reader *r, struct attr *a)
{
	json_need(r, json_time(r, "atime", &a->atime), "atime");
	json_need(r, json_time(r, "mtime", &a->mtime), "mtime");
	json_need(r, json_time(r, "ctime", &a->ctime), "ctime");
}

static int read_attr(struct json_reader *r, struct places *places, struct attr *a)
{
	const char *node = "", *uri = "";

	memset(a, 0, sizeof(*a));
	a->nlink = 1;
	json_need(r, json_u64(r, "id", LIMIT_ID, &a->id), "id");
	json_need(r, json_u32(r, "mode", UINT32_MAX, &a->mode), "mode");
	(void)json_u32(r, "uid", UINT32_MAX, &a->uid);	   /* absent: 0 */
	(void)json_u32(r, "gid", UINT32_MAX, &a->gid);	   /* absent: 0 */
	(void)json_u32(r, "nlink", UINT32_MAX, &a->nlink); /* absent: 1 */
	(void)json_u64(r, "size", LIMIT_FILE_SIZE, &a->size);
	a->allocated = a->size;
	(void)json_u64(r, "allocated", a->size, &a->allocated); /* absent: all of it */
	(void)json_u64(r, "rdev", LIMIT_ID, &a->rdev);
	(void)json_stamp(r, "stamp", &a->stamp);	     /* absent: no bytes */
	(void)json_u32(r, "xattrs", UINT32_MAX, &a->xattrs); /* absent: none */
	(void)json_text(r, "node", sizeof(((struct place *)0)->node) - 1, &node);
	if (json_text(r, "uri", LIMIT_URI, &uri))
		a->place = places_get(places, node, uri);
	read_times(r, a);
	return json_failed(r) < 0 || !a->id ? -EPROTO : 0;
}

int wire_file(const cJSON *result, struct places *places, struct wire_file *out)
{
	struct json_reader r;
	struct wire_file f = { 0 };
	char target[LIMIT_TARGET + 1];
	size_t len = 0;
	int rc;

	json_reader_init(&r, cJSON_GetObjectItemCaseSensitive(result, "attr"));
	rc = read_attr(&r, places, &f.attr);
	if (rc < 0)
		return rc;
	if (json_bytes(&r, "target", target, sizeof(target) - 1, &len)) {
		f.target = strndup(target, len);
		if (!f.target)
			return -ENOMEM;
	}
	if (json_failed(&r) < 0) {
		wire_file_release(&f);
		return -EPROTO;
	}
	*out = f;
	return 0;
}

static int read_entry(const cJSON *item, struct places *places, struct wire_page *p)
{
	struct wire_entry *e = &p->list[p->n];
	struct json_reader r, ar;
	char name[LIMIT_NAME + 1], target[LIMIT_TARGET + 1];
	size_t len = 0;

	json_reader_init(&r, item);
	json_need(&r, json_bytes(&r, "name", name, sizeof(name) - 1, &len), "name");
	json_reader_init(&ar, cJSON_GetObjectItemCaseSensitive(item, "attr"));
	if (json_failed(&r) < 0 || !len || read_attr(&ar, places, &e->attr) < 0)
		return -EPROTO;
	e->name = p->text.len;
	buf_add(&p->text, name, len);
	buf_add(&p->text, "", 1);
	e->target = 0;
	if (S_ISLNK(e->attr.mode) && json_bytes(&ar, "target", target, sizeof(target) - 1, &len)) {
		e->target = p->text.len;
		buf_add(&p->text, target, len);
		buf_add(&p->text, "", 1);
	}
	p->n++;
	return buf_error(&p->text);
}

int wire_page(const cJSON *result, struct places *places, struct wire_page *out)
{
	const cJSON *entries = cJSON_GetObjectItemCaseSensitive(result, "entries"), *item;
	struct wire_page p = { 0 };
	struct json_reader r;
	int n = cJSON_GetArraySize(entries), rc = -EPROTO;

	json_reader_init(&r, result);
	json_need(&r, json_bool(&r, "more", &p.more), "more");
	p.parent = 1;
	(void)json_u64(&r, "parent", LIMIT_ID, &p.parent); /* absent: the root */
	if (json_failed(&r) < 0 || !cJSON_IsArray(entries) || n > LIMIT_READDIR)
		return -EPROTO;
	p.list = calloc((size_t)n + 1, sizeof(*p.list));
	if (!p.list)
		return -ENOMEM;
	buf_add(&p.text, "", 1);
	cJSON_ArrayForEach(item, entries)
	{
		rc = read_entry(item, places, &p);
		if (rc < 0)
			goto fail;
	}
	*out = p;
	return 0;
fail:
	wire_page_release(&p);
	return rc;
}

int wire_place(
	const cJSON *object, const char *what, struct places *places, const struct place **out)
{
	struct json_reader r;
	const char *node = "", *uri = "";
	size_t len, tail = strlen(what);
	const struct place *p;
	char base[LIMIT_URI + 1];

	json_reader_init(&r, object);
	(void)json_text(&r, "node", 63, &node); /* old servers may leave it out */
	json_need(&r, json_text(&r, "uri", LIMIT_URI, &uri), "uri");
	if (json_failed(&r) < 0)
		return -EPROTO;
	len = strlen(uri);
	while (len && uri[len - 1] == '/')
		len--;
	if (tail && len > tail && !memcmp(uri + len - tail, what, tail) &&
		uri[len - tail - 1] == '/')
		len -= tail + 1;
	memcpy(base, uri, len);
	base[len] = 0;
	p = places_get(places, node, base);
	if (!p)
		return -EPROTO;
	*out = p;
	return 0;
}

int wire_room(const cJSON *result, struct wire_room *out)
{
	struct json_reader r;
	struct wire_room room = { 0 };

	json_reader_init(&r, result);
	json_need(&r, json_u64(&r, "total", LIMIT_NUMBER, &room.total), "total");
	json_need(&r, json_u64(&r, "free", LIMIT_NUMBER, &room.free), "free");
	(void)json_u64(&r, "files", LIMIT_ID, &room.files);
	(void)json_u64(&r, "free_files", LIMIT_ID, &room.free_files);
	if (json_failed(&r) < 0)
		return -EPROTO;
	*out = room;
	return 0;
}

int wire_stored(const char *text, size_t len, struct wire_stored *out)
{
	struct json_reader r;
	struct wire_stored s = { 0 };
	const char *base;
	cJSON *root = NULL;
	int rc = json_parse(text, len, &root);

	if (rc < 0)
		return rc == -ENOMEM ? rc : -EPROTO;
	json_reader_init(&r, root);
	json_need(&r, json_stamp(&r, "stamp", &s.stamp), "stamp");
	json_need(&r, json_u64(&r, "size", LIMIT_FILE_SIZE, &s.size), "size");
	s.allocated = s.size;
	(void)json_u64(&r, "allocated", s.size, &s.allocated); /* absent: all of it */
	(void)json_time(&r, "mtime", &s.mtime);
	(void)json_time(&r, "ctime", &s.ctime);
	if (json_text(&r, "base", STAMP_TEXT - 1, &base))
		s.has_base = stamp_parse_base(base, &s.base) == 0;
	rc = json_failed(&r) < 0 ? -EPROTO : 0;
	cJSON_Delete(root);
	if (!rc)
		*out = s;
	return rc;
}
