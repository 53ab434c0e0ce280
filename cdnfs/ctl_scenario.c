#include "cdnfs/ctl_scenario.h"
#include "cdnfs/ctl_cdn.h"
#include "cdnfs/ctl_generate.h"
#include "cdnfs/ctl_print.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

struct scenario {
	struct ctl *c;
	const char *folder; /* "" or with a slash at its end */
	uint64_t size;
	const char *mount;
	struct generated first, second; /* stored, and what replaces it */
	uint64_t id;
};

/* One step for people ("File generated: PATH"), or as {"step": …, "value": …}. */
static void say(struct scenario *s, const char *step, const char *sentence, const char *value)
{
	cJSON *object;

	if (!s->c->json) {
		printf("%s: %s\n", sentence, value);
		return;
	}
	object = cJSON_CreateObject();
	cJSON_AddStringToObject(object, "step", step);
	json_add_lossy(object, "value", value, strlen(value));
	ctl_print_json(stdout, object);
	cJSON_Delete(object);
}

/* The same for an answer. Frees it. */
static void show(struct scenario *s, const char *step, cJSON *answer)
{
	cJSON *object;

	if (!s->c->json) {
		ctl_print_dict(stdout, answer);
		cJSON_Delete(answer);
		return;
	}
	object = cJSON_CreateObject();
	cJSON_AddStringToObject(object, "step", step);
	cJSON_AddItemToObject(object, "value", answer);
	ctl_print_json(stdout, object);
	cJSON_Delete(object);
}

static int generate(struct scenario *s, const char *in, struct generated *g)
{
	int rc = generated_make(s->c, s->folder, in, s->size, g);

	if (rc == 0)
		say(s, "generated", "File generated", g->path);
	return rc;
}

static void placed_first(void *ctx, const char *uri)
{
	say(ctx, "placed", "Store URL", uri);
}

static void placed_again(void *ctx, const char *uri)
{
	say(ctx, "placed", "New Store URL", uri);
}

/* What the specification's client prints of a node's answer: {'id': 33, 'message': …}. */
static cJSON *evidence(cJSON *answer)
{
	cJSON *shown = cJSON_CreateObject();

	cJSON_AddItemToObject(shown, "id", cJSON_DetachItemFromObject(answer, "id"));
	cJSON_AddItemToObject(shown, "message", cJSON_DetachItemFromObject(answer, "message"));
	cJSON_Delete(answer);
	return shown;
}

/* Stores g: as a new content, or in the place of s->id. */
static int store(struct scenario *s, const struct generated *g)
{
	struct ctl_upload u = { .id = s->id,
		.filename = g->name,
		.placed = s->id ? placed_again : placed_first,
		.ctx = s };
	struct ctl_source src;
	cJSON *answer = NULL;
	const cJSON *id;
	int rc = ctl_source_open(s->c, g->path, &src);

	if (rc < 0)
		return rc;
	rc = ctl_upload(s->c, &u, &src, &answer);
	ctl_source_close(&src);
	if (rc < 0)
		return rc;
	id = cJSON_GetObjectItemCaseSensitive(answer, "id");
	if (!cJSON_IsNumber(id) || (s->id && (uint64_t)id->valuedouble != s->id)) {
		cJSON_Delete(answer);
		return ctl_fail(s->c, -EPROTO, "the node's answer has not the content's id");
	}
	s->id = (uint64_t)id->valuedouble;
	show(s, u.id ? "updated" : "stored", evidence(answer));
	return 0;
}

static int locate(struct scenario *s, struct buf *base)
{
	struct ctl_target t = { .id = s->id };
	uint64_t id;

	return ctl_locate(s->c, &t, base, &id);
}

/* Fetches s->id over REST into tmp/ and compares it with g. */
static int retrieve(struct scenario *s, const struct generated *g, bool headers)
{
	struct buf path = BUF_INIT, base = BUF_INIT;
	cJSON *answer = NULL;
	struct ctl_sink sink;
	int rc;

	buf_addf(&path, "%stmp/%s", s->folder, g->name);
	rc = locate(s, &base);
	if (rc == 0)
		rc = ctl_sink_begin(s->c, buf_str(&path), &sink);
	if (rc == 0)
		rc = ctl_download(s->c, buf_str(&base), s->id, &sink, headers ? &answer : NULL);
	if (rc == 0)
		rc = generated_compare(s->c, g, buf_str(&path));
	if (rc == 0 && answer)
		show(s, "headers", answer);
	else
		cJSON_Delete(answer);
	if (rc == 0)
		say(s, "retrieved", "File retrieved. Stored at", buf_str(&path));
	buf_release(&base);
	buf_release(&path);
	return rc;
}

static int show_location(struct scenario *s)
{
	struct buf base = BUF_INIT;
	cJSON *answer = cJSON_CreateObject();
	int rc = locate(s, &base);

	if (rc == 0) {
		cJSON_AddStringToObject(answer, "uri", buf_str(&base));
		show(s, "located", answer);
		say(s, "updated_location", "Updated file located at", buf_str(&base));
	} else {
		cJSON_Delete(answer);
	}
	buf_release(&base);
	return rc;
}

/* After a delete nobody has it. */
static int gone(struct scenario *s)
{
	struct ctl_target t = { .id = s->id };
	struct buf base = BUF_INIT;
	uint64_t id;
	int rc = ctl_locate(s->c, &t, &base, &id);

	buf_release(&base);
	if (rc == 0)
		return ctl_fail(s->c, -EEXIST,
			"content %" PRIu64 " is still there after it was deleted", s->id);
	if (rc != -ENOENT)
		return rc;
	s->c->error[0] = '\0';
	return 0;
}

static int over_rest(struct scenario *s)
{
	struct ctl_target t;
	cJSON *answer = NULL;
	int rc = generate(s, "client_data/", &s->first);

	if (rc == 0)
		rc = store(s, &s->first);
	if (rc == 0)
		rc = retrieve(s, &s->first, true);
	if (rc == 0)
		rc = generate(s, "client_data", &s->second);
	if (rc == 0)
		rc = store(s, &s->second);
	if (rc == 0)
		rc = show_location(s);
	if (rc == 0)
		rc = retrieve(s, &s->second, false);
	if (rc < 0)
		return rc;
	t = (struct ctl_target){ .id = s->id };
	rc = ctl_delete(s->c, &t, &answer);
	if (rc < 0)
		return rc;
	show(s, "deleted", answer);
	return gone(s);
}

/* cp from to, and back: what the mount stores is seen by its file names, its inode number is the id. */
static int copy_in(struct scenario *s, const struct generated *g, const char *to, const char *step,
	const char *sentence)
{
	struct stat st;
	cJSON *answer;
	int rc = generated_copy(s->c, g->path, to);

	if (rc < 0)
		return rc;
	say(s, step, sentence, to);
	if (stat(to, &st) < 0) {
		rc = -errno;
		return ctl_fail(s->c, rc, "cannot look at %s: %s", to, strerror(-rc));
	}
	if (s->id && s->id != st.st_ino)
		return ctl_fail(s->c, -ESTALE, "%s changed its id by being replaced", to);
	s->id = st.st_ino;
	answer = cJSON_CreateObject();
	json_add_u64(answer, "id", s->id);
	json_add_u64(answer, "size", (uint64_t)st.st_size);
	show(s, "stat", answer);
	return 0;
}

static int copy_out(struct scenario *s, const struct generated *g, const char *from)
{
	struct buf path = BUF_INIT;
	int rc;

	buf_addf(&path, "%stmp/%s", s->folder, g->name);
	rc = generated_copy(s->c, from, buf_str(&path));
	if (rc == 0)
		rc = generated_compare(s->c, g, buf_str(&path));
	if (rc == 0)
		say(s, "read", "File read. Stored at", buf_str(&path));
	buf_release(&path);
	return rc;
}

static int delete_there(struct scenario *s, const char *path)
{
	int rc;

	if (unlink(path) < 0) {
		rc = -errno;
		return ctl_fail(s->c, rc, "cannot delete %s: %s", path, strerror(-rc));
	}
	say(s, "deleted", "File deleted", path);
	return gone(s);
}

static int over_mount(struct scenario *s)
{
	struct buf path = BUF_INIT;
	struct statfs fs;
	int rc;

	if (statfs(s->mount, &fs) < 0 || fs.f_type != FUSE_SUPER_MAGIC)
		return ctl_fail(s->c, -EINVAL,
			"nothing is mounted at %s. `make up` or `mount -t fuse cdnfs %s` does it",
			s->mount, s->mount);
	rc = generate(s, "client_data/", &s->first);
	if (rc == 0)
		buf_addf(&path, "%s/%s", s->mount, s->first.name);
	if (rc == 0)
		rc = copy_in(s, &s->first, buf_str(&path), "stored", "File stored");
	if (rc == 0)
		rc = copy_out(s, &s->first, buf_str(&path));
	if (rc == 0)
		rc = retrieve(s, &s->first, true);
	if (rc == 0)
		rc = generate(s, "client_data", &s->second);
	if (rc == 0)
		rc = copy_in(s, &s->second, buf_str(&path), "updated", "File replaced");
	if (rc == 0)
		rc = show_location(s);
	if (rc == 0)
		rc = copy_out(s, &s->second, buf_str(&path));
	if (rc == 0)
		rc = delete_there(s, buf_str(&path));
	buf_release(&path);
	return rc;
}

int ctl_scenario(struct ctl *c, const char *folder, uint64_t size, const char *mount)
{
	struct buf prefix = BUF_INIT;
	struct scenario s = { .c = c, .size = size, .mount = mount };
	int rc;

	if (strcmp(folder, ".") != 0)
		buf_addf(&prefix, "%s%s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/");
	s.folder = buf_str(&prefix);
	rc = buf_error(&prefix);
	if (rc == 0)
		rc = mount ? over_mount(&s) : over_rest(&s);
	generated_release(&s.first);
	generated_release(&s.second);
	buf_release(&prefix);
	return rc;
}
