#include "dist/batch.h"

#include "common/base64.h"
#include "common/json.h"
#include "common/name.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PERMISSIONS 07777U
#define MODE_MAX 0177777U

/* What the decoding of one operation has at hand. */
struct decoder {
	struct json_reader r;
	char *text; /* room for every name still to come, each with a NUL */
	struct op *op;
};

static void fail_field(struct decoder *d, const char *key, const char *what)
{
	if (!d->r.error[0])
		(void)snprintf(d->r.error, sizeof(d->r.error), "%s: %s", key, what);
}

/* A name or target of at most cap bytes; a longer one is the operation's error, not the batch's. */
static void read_bytes(
	struct decoder *d, const char *key, size_t cap, const char **bytes, size_t *len)
{
	const char *text;
	ssize_t n;

	if (!json_text(&d->r, key, SIZE_MAX, &text)) {
		json_need(&d->r, false, key);
		return;
	}
	n = name_decode(text, d->text, strlen(text));
	if (n < 0) {
		fail_field(d, key, "has a bad %XX escape");
		return;
	}
	if ((size_t)n > cap && !d->op->error)
		d->op->error = -ENAMETOOLONG;
	*bytes = d->text;
	*len = (size_t)n;
	d->text += n + 1;
}

static void read_id(struct decoder *d, const char *key, uint64_t *id)
{
	json_need(&d->r, json_u64(&d->r, key, LIMIT_ID, id), key);
	if (*id == 0)
		fail_field(d, key, "must be a whole number from 1 to 9007199254740991");
}

static void read_name(
	struct decoder *d, const char *dir_key, const char *key, struct tree_name *out)
{
	int rc;

	read_id(d, dir_key, &out->dir);
	read_bytes(d, key, LIMIT_NAME, &out->name, &out->len);
	if (json_failed(&d->r) < 0 || d->op->error)
		return;
	rc = name_check(out->name, out->len);
	/* looking for "." and ".." is no mistake */
	if (rc < 0 && !(d->op->kind == OP_LOOKUP && out->len && !memchr(out->name, '/', out->len)))
		d->op->error = rc;
}

static void decode_at(struct decoder *d)
{
	read_name(d, "dir", "name", &d->op->at);
}

static void decode_id(struct decoder *d)
{
	read_id(d, "id", &d->op->id);
}

static void decode_setattr(struct decoder *d)
{
	struct attr_change *c = &d->op->change;
	struct json_reader *r = &d->r;

	decode_id(d);
	if (json_u32(r, "mode", MODE_MAX, &c->mode))
		c->set |= SET_MODE;
	c->mode &= PERMISSIONS;
	if (json_u32(r, "uid", UINT32_MAX, &c->uid))
		c->set |= SET_UID;
	if (json_u32(r, "gid", UINT32_MAX, &c->gid))
		c->set |= SET_GID;
	if (json_u64(r, "size", LIMIT_FILE_SIZE, &c->size))
		c->set |= SET_SIZE;
	if (json_time(r, "atime", &c->atime))
		c->set |= SET_ATIME;
	if (json_time(r, "mtime", &c->mtime))
		c->set |= SET_MTIME;
	if (json_time(r, "ctime", &c->ctime))
		c->set |= SET_CTIME;
	if (c->set & SET_SIZE && c->size)
		d->op->error = -EINVAL;
}

/* dir, name, mode, uid, gid. `type` replaces the type bits of mode, which may be absent or the same; 0: they are read. */
static void read_new(struct decoder *d, uint32_t type)
{
	struct tree_new *n = &d->op->new;
	uint32_t given;

	decode_at(d);
	n->exclusive = true;
	(void)json_u32(&d->r, "umask", PERMISSIONS, &n->umask); /* absent: 0 */
	json_need(&d->r, json_u32(&d->r, "mode", MODE_MAX, &n->mode), "mode");
	json_need(&d->r, json_u32(&d->r, "uid", UINT32_MAX, &n->uid), "uid");
	json_need(&d->r, json_u32(&d->r, "gid", UINT32_MAX, &n->gid), "gid");
	given = n->mode & S_IFMT;
	if (type && given && given != type && !d->op->error)
		d->op->error = -EINVAL;
	n->mode = (n->mode & PERMISSIONS) | (type ? type : given);
}

static void decode_create(struct decoder *d)
{
	read_new(d, S_IFREG);
	(void)json_bool(&d->r, "exclusive", &d->op->new.exclusive); /* absent: true */
}

static void decode_mknod(struct decoder *d)
{
	struct tree_new *n = &d->op->new;

	read_new(d, 0);
	(void)json_u64(&d->r, "rdev", LIMIT_ID, &n->rdev); /* absent: 0 */
	if (!(n->mode & S_IFMT))
		n->mode |= S_IFREG;
	if (!S_ISREG(n->mode) && !S_ISFIFO(n->mode) && !S_ISSOCK(n->mode) && !S_ISCHR(n->mode) &&
		!S_ISBLK(n->mode) && !d->op->error)
		d->op->error = -EINVAL;
	if (!S_ISCHR(n->mode) && !S_ISBLK(n->mode))
		n->rdev = 0;
}

static void decode_mkdir(struct decoder *d)
{
	read_new(d, S_IFDIR);
}

static void decode_symlink(struct decoder *d)
{
	struct tree_new *n = &d->op->new;

	read_new(d, S_IFLNK);
	read_bytes(d, "target", LIMIT_TARGET, &n->target, &n->target_len);
	if (n->target && !n->target_len && !d->op->error)
		d->op->error = -ENOENT;
}

static void decode_link(struct decoder *d)
{
	decode_id(d);
	decode_at(d);
}

static void decode_rename(struct decoder *d)
{
	const char *flags = "";

	decode_at(d);
	read_name(d, "todir", "toname", &d->op->to);
	(void)json_text(&d->r, "flags", SIZE_MAX, &flags); /* absent: none */
	if (strcmp(flags, "noreplace") == 0)
		d->op->flags = RENAME_NO_REPLACE;
	else if (strcmp(flags, "exchange") == 0)
		d->op->flags = RENAME_SWAP;
	else if (flags[0])
		fail_field(d, "flags", "must be \"\", \"noreplace\" or \"exchange\"");
}

static void decode_readdir(struct decoder *d)
{
	struct op *op = d->op;

	read_id(d, "dir", &op->at.dir);
	op->at.name = "";
	if (cJSON_HasObjectItem(d->r.object, "after"))
		read_bytes(d, "after", LIMIT_NAME, &op->at.name, &op->at.len);
	op->limit = LIMIT_READDIR;
	if (json_u32(&d->r, "limit", LIMIT_READDIR, &op->limit) && op->limit == 0)
		fail_field(d, "limit", "must not be 0");
}

static void decode_nothing(struct decoder *d)
{
	(void)d; /* has no fields */
}

static void read_xattr_name(struct decoder *d)
{
	struct tree_xattr *x = &d->op->xattr;

	decode_id(d);
	read_bytes(d, "name", LIMIT_XATTR_NAME, &x->name, &x->len);
	if (d->op->error || (x->name && !x->len))
		d->op->error = -ERANGE;
}

static void read_value(struct decoder *d)
{
	struct tree_xattr *x = &d->op->xattr;
	const char *text = "";
	ssize_t n;

	json_need(&d->r, json_text(&d->r, "value", SIZE_MAX, &text), "value");
	n = base64_decode(text, strlen(text), d->text);
	if (n < 0) {
		fail_field(d, "value", "is not base64");
		return;
	}
	x->value = d->text;
	x->value_len = (size_t)n;
	d->text += n;
	if (n > LIMIT_XATTR_VALUE && !d->op->error)
		d->op->error = -E2BIG;
}

static void decode_setxattr(struct decoder *d)
{
	struct tree_xattr *x = &d->op->xattr;
	const char *flags = "";

	read_xattr_name(d);
	read_value(d);
	(void)json_bool(&d->r, "drop_setgid", &x->drop_setgid); /* absent: false */
	(void)json_text(&d->r, "flags", SIZE_MAX, &flags);	/* absent: none */
	if (strcmp(flags, "create") == 0)
		x->flags = XATTR_SET_CREATE;
	else if (strcmp(flags, "replace") == 0)
		x->flags = XATTR_SET_REPLACE;
	else if (flags[0])
		fail_field(d, "flags", "must be \"\", \"create\" or \"replace\"");
}

static void read_owner(struct decoder *d, uint64_t *owner)
{
	const char *text = "";
	char *end;

	json_need(&d->r, json_text(&d->r, "owner", 16, &text), "owner");
	*owner = strtoull(text, &end, 16);
	if (text[0] && (*end || !strchr("0123456789abcdef", text[0])))
		fail_field(d, "owner", "must be 1 to 16 hex digits");
	if (!text[0])
		fail_field(d, "owner", "must not be empty");
}

static void decode_lock(struct decoder *d)
{
	struct lock_ask *a = &d->op->lock;
	const char *type = "", *kind = "";

	read_id(d, "id", &a->id);
	read_owner(d, &a->owner);
	json_need(&d->r, json_text(&d->r, "kind", 16, &kind), "kind");
	json_need(&d->r, json_text(&d->r, "type", 16, &type), "type");
	json_need(&d->r, json_u64(&d->r, "first", LIMIT_NUMBER, &a->first), "first");
	json_need(&d->r, json_u64(&d->r, "last", LIMIT_NUMBER, &a->last), "last");
	(void)json_u32(&d->r, "pid", UINT32_MAX, &a->pid); /* absent: 0 */
	a->flock = strcmp(kind, "flock") == 0;
	if (!a->flock && strcmp(kind, "posix") != 0)
		fail_field(d, "kind", "must be \"posix\" or \"flock\"");
	if (strcmp(type, "read") == 0)
		a->type = LOCK_READ;
	else if (strcmp(type, "write") == 0)
		a->type = LOCK_WRITE;
	else if (strcmp(type, "none") != 0)
		fail_field(d, "type", "must be \"read\", \"write\" or \"none\"");
	if (a->last < a->first && !d->op->error)
		d->op->error = -EINVAL;
}

static const struct {
	const char *name;
	enum op_kind kind;
	bool changes, frees;
	void (*decode)(struct decoder *d);
} kinds[] = {
	{ "lookup", OP_LOOKUP, false, false, decode_at },
	{ "getattr", OP_GETATTR, false, false, decode_id },
	{ "setattr", OP_SETATTR, true, true, decode_setattr },
	{ "create", OP_CREATE, true, false, decode_create },
	{ "mknod", OP_MKNOD, true, false, decode_mknod },
	{ "mkdir", OP_MKDIR, true, false, decode_mkdir },
	{ "symlink", OP_SYMLINK, true, false, decode_symlink },
	{ "link", OP_LINK, true, false, decode_link },
	{ "unlink", OP_UNLINK, true, true, decode_at },
	{ "rmdir", OP_RMDIR, true, false, decode_at },
	{ "rename", OP_RENAME, true, true, decode_rename },
	{ "readdir", OP_READDIR, false, false, decode_readdir },
	{ "statfs", OP_STATFS, false, false, decode_nothing },
	{ "setxattr", OP_SETXATTR, true, false, decode_setxattr },
	{ "getxattr", OP_GETXATTR, false, false, read_xattr_name },
	{ "listxattr", OP_LISTXATTR, false, false, decode_id },
	{ "removexattr", OP_REMOVEXATTR, true, false, read_xattr_name },
	{ "lock", OP_LOCK, true, false, decode_lock },
	{ "getlock", OP_GETLOCK, false, false, decode_lock },
	{ "renewlocks", OP_RENEW, true, false, decode_nothing },
	{ "droplocks", OP_DROPLOCKS, true, false, decode_nothing },
};

/* Decodes one operation; its names go to *text, which moves on. */
static int decode_op(const cJSON *item, struct batch *b, char **text, struct json_reader *error)
{
	struct op *op = &b->ops[b->n];
	struct decoder d = { .text = *text, .op = op };
	const char *name = "";

	json_reader_init(&d.r, item);
	json_need(&d.r, json_text(&d.r, "op", SIZE_MAX, &name), "op");
	for (size_t i = 0; json_failed(&d.r) == 0; i++) {
		if (i == ARRAY_LEN(kinds)) {
			fail_field(&d, "op", "is none of the operations");
			break;
		}
		if (strcmp(kinds[i].name, name) != 0)
			continue;
		op->kind = kinds[i].kind;
		b->changes |= kinds[i].changes;
		b->frees |= kinds[i].frees;
		kinds[i].decode(&d);
		break;
	}
	*text = d.text;
	*error = d.r;
	return json_failed(&d.r);
}

static int decode_ops(const cJSON *list, struct batch *b, char *error, size_t cap)
{
	char *text = b->text;
	struct json_reader r;
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
	{
		if (decode_op(item, b, &text, &r) < 0) {
			(void)snprintf(
				error, cap, "ops[%zu]%s%s", b->n, r.object ? "." : " ", r.error);
			return -EINVAL;
		}
		b->n++;
	}
	return 0;
}

/* Everything but the operations. */
static void decode_head(struct json_reader *r, struct batch *b)
{
	const char *session = "", *host = "";
	bool has_seq;

	(void)json_text(r, "session", LIMIT_SESSION, &session);
	(void)json_text(r, "host", LIMIT_HOST, &host);
	(void)json_u32(r, "slot", LIMIT_SLOTS - 1, &b->slot);
	has_seq = json_u64(r, "seq", LIMIT_ID, &b->seq);
	(void)json_bool(r, "durable", &b->durable);
	if (session[0])
		json_need(r, has_seq, "seq");
	(void)snprintf(b->session, sizeof(b->session), "%s", session);
	(void)snprintf(b->host, sizeof(b->host), "%s", host);
}

static int decode(const cJSON *root, size_t len, struct batch *b, char *error, size_t cap)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "ops");
	struct json_reader r;
	int n;

	json_reader_init(&r, root);
	decode_head(&r, b);
	if (json_failed_body(&r, error, cap) < 0)
		return -EINVAL;
	n = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : -1;
	if (n < 0 || n > LIMIT_BATCH_OPS) {
		(void)snprintf(error, cap, "ops: must be a list of at most %d operations",
			LIMIT_BATCH_OPS);
		return -EINVAL;
	}
	/* decoding never makes a name or value longer, and a NUL takes the place of a quote */
	b->text = malloc(len + 1);
	b->ops = calloc(n ? (size_t)n : 1, sizeof(*b->ops));
	if (!b->text || !b->ops)
		return -ENOMEM;
	return decode_ops(list, b, error, cap);
}

int batch_parse(const char *text, size_t len, struct batch *out, char *error, size_t cap)
{
	struct batch b = { 0 };
	cJSON *root = NULL;
	int rc = json_parse_body(text, len, &root, error, cap);

	if (rc < 0)
		return rc;
	rc = decode(root, len, &b, error, cap);
	cJSON_Delete(root);
	if (rc < 0) {
		batch_release(&b);
		return rc;
	}
	*out = b;
	return 0;
}

void batch_release(struct batch *b)
{
	free(b->ops);
	free(b->text);
	memset(b, 0, sizeof(*b));
}
