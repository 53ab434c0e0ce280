#include "cdnfs/ctl_rest.h"
#include "cdnfs/ctl_cdn.h"
#include "cdnfs/ctl_print.h"
#include "cdnfs/ctl_tables.h"
#include "common/http.h"
#include "common/limits.h"
#include "common/name.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

/* A GET whose answer is printed as a table, or as it is with --json. */
static int table(
	struct ctl *c, const char *route, void (*print)(const struct ctl_screen *, const cJSON *))
{
	struct buf url = BUF_INIT;
	cJSON *answer = NULL;
	int rc;

	buf_addf(&url, "%s/%s", c->url, route);
	rc = ctl_json(c, "GET", buf_str(&url), &answer);
	if (rc == 0 && c->json)
		ctl_print_json(c->screen.out, answer);
	else if (rc == 0)
		print(&c->screen, answer);
	cJSON_Delete(answer);
	buf_release(&url);
	return rc;
}

int ctl_rest_stats(struct ctl *c, char **argv)
{
	(void)argv; /* none */
	return table(c, "stats/", ctl_table_stats);
}

int ctl_rest_nodes(struct ctl *c, char **argv)
{
	(void)argv; /* none */
	return table(c, "nodes/", ctl_table_nodes);
}

/* The record of a file, as one line like a directory's. */
static int ls_file(struct ctl *c, const char *path, const char *location)
{
	const char *id = strstr(location, "/retrieve/"), *slash = strrchr(path, '/');
	struct buf url = BUF_INIT, name = BUF_INIT;
	cJSON *record = NULL;
	int rc;

	if (!id)
		return ctl_fail(c, -EPROTO, "%s does not say where /%s is", c->url, path);
	id += strlen("/retrieve/");
	buf_addf(&url, "%s/content/%.*s", c->url, (int)strcspn(id, "/?"), id);
	rc = ctl_json(c, "GET", buf_str(&url), &record);
	if (rc == 0 && c->json)
		ctl_print_json(c->screen.out, record);
	if (rc == 0 && !c->json) {
		slash = slash ? slash + 1 : path;
		name_encode(&name, slash, strlen(slash));
		cJSON_AddStringToObject(record, "name", buf_str(&name));
		cJSON_AddStringToObject(record, "type", "file");
		ctl_table_entry(&c->screen, record);
	}
	cJSON_Delete(record);
	buf_release(&name);
	buf_release(&url);
	return rc;
}

/* Prints one page and leaves the name of its last entry, as bytes, in after. *more: there is another page. */
static int ls_page(struct ctl *c, const cJSON *list, struct buf *after, bool *more)
{
	const cJSON *entry, *last = NULL;
	const char *name;
	char bytes[LIMIT_NAME + 1];
	ssize_t len;

	if (c->json)
		ctl_print_json(c->screen.out, list);
	cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(list, "entries"))
	{
		if (!c->json)
			ctl_table_entry(&c->screen, entry);
		last = entry;
	}
	*more = last && cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(list, "more"));
	if (!*more)
		return 0;
	if (ctl_text(c, last, "name", &name) < 0)
		return -EPROTO;
	len = name_decode(name, bytes, sizeof(bytes) - 1);
	if (len < 0)
		return ctl_fail(c, (int)len, "%s sent a name that is none: %s", c->url, name);
	buf_clear(after);
	name_url(after, bytes, (size_t)len);
	return buf_error(after);
}

int ctl_rest_ls(struct ctl *c, char **argv)
{
	const char *path = argv[0] ? argv[0] + strspn(argv[0], "/") : "";
	struct buf url = BUF_INIT, after = BUF_INIT;
	struct httpc_res res = HTTPC_RES_INIT;
	struct httpc_req req = { .method = "GET" };
	char location[LIMIT_URI + 64];
	bool more;
	int rc;

	do {
		cJSON *list = NULL;

		more = false;
		buf_clear(&url);
		buf_addf(&url, "%s/files/", c->url);
		name_url_path(&url, path, strlen(path));
		buf_addf(&url, "?limit=%d", LIMIT_LIST);
		if (after.len)
			buf_addf(&url, "&after=%s", buf_str(&after));
		req.url = buf_str(&url);
		rc = ctl_request(c, &req, &res);
		if (rc < 0)
			break;
		if (httpc_header(&res, "Location", location, sizeof(location))) {
			rc = ls_file(c, path, location);
			break;
		}
		rc = ctl_parse(c, req.url, &res, &list);
		if (rc == 0)
			rc = ls_page(c, list, &after, &more);
		cJSON_Delete(list);
	} while (rc == 0 && more);
	httpc_res_release(&res);
	buf_release(&after);
	buf_release(&url);
	return rc;
}

/* The answer to an upload or a delete: its message, or all of it. */
static void answered(struct ctl *c, const cJSON *answer)
{
	const char *message =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, "message"));

	if (c->json || !message)
		ctl_print_json(stdout, answer);
	else
		printf("%s\n", message);
}

static int upload(struct ctl *c, const struct ctl_upload *u, const struct ctl_source *src)
{
	cJSON *answer = NULL;
	int rc = ctl_upload(c, u, src, &answer);

	if (rc == 0)
		answered(c, answer);
	cJSON_Delete(answer);
	return rc;
}

int ctl_rest_put(struct ctl *c, char **argv)
{
	const char *path = argv[1] ? argv[1] + strspn(argv[1], "/") : NULL;
	struct ctl_source src;
	struct buf whole = BUF_INIT;
	struct ctl_upload u = { 0 };
	int rc = ctl_source_open(c, argv[0], &src);

	if (rc < 0)
		return rc;
	u.filename = src.name;
	if (path) { /* a folder, like cp: the file keeps its name in it */
		buf_adds(&whole, path);
		if (!*path || path[strlen(path) - 1] == '/')
			buf_adds(&whole, src.name);
		u.path = buf_str(&whole);
	}
	rc = upload(c, &u, &src);
	ctl_source_close(&src);
	buf_release(&whole);
	return rc;
}

/* ID, for commands that take nothing else. */
static int id_parse(struct ctl *c, const char *text, uint64_t *id)
{
	struct ctl_target t;
	int rc = ctl_target_parse(c, text, &t);

	if (rc == 0 && !t.id)
		rc = ctl_fail(c, -EINVAL, "%s: not an id; `cdnctl ls` shows them", text);
	if (rc == 0)
		*id = t.id;
	return rc;
}

int ctl_rest_update(struct ctl *c, char **argv)
{
	struct ctl_source src;
	struct ctl_upload u = { 0 };
	int rc = id_parse(c, argv[0], &u.id);

	if (rc == 0)
		rc = ctl_source_open(c, argv[1], &src);
	if (rc < 0)
		return rc;
	rc = upload(c, &u, &src);
	ctl_source_close(&src);
	return rc;
}

/* The file's name in its record, for a get by id that names no file. */
static int record_name(struct ctl *c, uint64_t id, struct buf *out)
{
	struct buf url = BUF_INIT;
	cJSON *record = NULL;
	const char *name, *base;
	size_t len;
	int rc;

	buf_addf(&url, "%s/content/%" PRIu64, c->url, id);
	rc = ctl_json(c, "GET", buf_str(&url), &record);
	if (rc == 0) {
		name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(record, "filename"));
		len = name ? http_basename(name, strlen(name), &base) : 0;
		if (len && name_check(base, len) == 0)
			buf_add(out, base, len);
		else
			buf_addf(out, "%" PRIu64, id);
		rc = buf_error(out);
	}
	cJSON_Delete(record);
	buf_release(&url);
	return rc;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Where to: as asked; into a folder, by default the current one, under the content's own name. */
static int output_name(
	struct ctl *c, const struct ctl_target *t, const char *asked, struct buf *out)
{
	const char *slash;

	if (asked)
		buf_adds(out, asked);
	if (asked && !is_folder(asked))
		return buf_error(out);
	if (asked && asked[strlen(asked) - 1] != '/')
		buf_adds(out, "/");
	if (t->id)
		return record_name(c, t->id, out);
	buf_adds(out, (slash = strrchr(t->path, '/')) ? slash + 1 : t->path);
	return out->len ? buf_error(out) : ctl_fail(c, -EISDIR, "/%s is a directory", t->path);
}

int ctl_rest_get(struct ctl *c, char **argv)
{
	struct buf base = BUF_INIT, file = BUF_INIT;
	struct ctl_target t;
	struct ctl_sink sink;
	uint64_t id;
	int rc = ctl_target_parse(c, argv[0], &t);

	if (rc == 0)
		rc = ctl_locate(c, &t, &base, &id);
	if (rc == 0)
		rc = output_name(c, &t, argv[1], &file);
	if (rc == 0)
		rc = ctl_sink_begin(c, buf_str(&file), &sink);
	if (rc == 0)
		rc = ctl_download(c, buf_str(&base), id, &sink, NULL);
	if (rc == 0 && strcmp(buf_str(&file), "-") != 0) {
		if (c->json) {
			cJSON *answer = cJSON_CreateObject();

			json_add_u64(answer, "id", id);
			json_add_lossy(answer, "file", buf_str(&file), file.len);
			ctl_print_json(stdout, answer);
			cJSON_Delete(answer);
		} else {
			printf("%s\n", buf_str(&file));
		}
	}
	buf_release(&file);
	buf_release(&base);
	return rc;
}

int ctl_rest_rm(struct ctl *c, char **argv)
{
	cJSON *answer = NULL;
	struct ctl_target t;
	int rc = ctl_target_parse(c, argv[0], &t);

	if (rc == 0)
		rc = ctl_delete(c, &t, &answer);
	if (rc == 0)
		answered(c, answer);
	cJSON_Delete(answer);
	return rc;
}

static int print_link(struct ctl *c, const struct ctl_target *t)
{
	const char *uri = NULL;
	cJSON *answer = NULL;
	int rc = ctl_link(c, t, &answer);

	if (rc == 0)
		rc = ctl_text(c, answer, "uri", &uri);
	if (rc == 0 && c->json)
		ctl_print_json(stdout, answer);
	else if (rc == 0)
		printf("%s\n", uri);
	cJSON_Delete(answer);
	return rc;
}

int ctl_rest_locate(struct ctl *c, char **argv)
{
	struct buf base = BUF_INIT;
	struct ctl_target t;
	uint64_t id;
	int rc = ctl_target_parse(c, argv[0], &t);

	if (rc == 0 && c->expires)
		return print_link(c, &t);
	if (rc == 0)
		rc = ctl_locate(c, &t, &base, &id);
	if (rc == 0 && c->json) {
		cJSON *answer = cJSON_CreateObject();

		json_add_u64(answer, "id", id);
		cJSON_AddStringToObject(answer, "uri", buf_str(&base));
		ctl_print_json(stdout, answer);
		cJSON_Delete(answer);
	} else if (rc == 0) {
		printf("%s/retrieve/%" PRIu64 "\n", buf_str(&base), id);
	}
	buf_release(&base);
	return rc;
}
