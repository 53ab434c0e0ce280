#include "cdnfs/ctl_view.h"
#include "cdnfs/ctl_print.h"
#include "cdnfs/ctl_term.h"
#include "common/size.h"
#include <errno.h>
#include <string.h>

/* Moves the sentence out of c. */
static void take(struct ctl *c, char *out, size_t cap)
{
	(void)snprintf(out, cap, "%s", c->error); /* or cut */
	c->error[0] = '\0';
}

static void load_health(struct ctl *c, struct ctl_view *v)
{
	struct httpc_res res = HTTPC_RES_INIT;
	struct buf url = BUF_INIT;
	struct httpc_req req = { .method = "GET" };
	int rc;

	buf_addf(&url, "%s/health", c->url);
	req.url = buf_str(&url);
	rc = httpc_do(c->http, &req, &res);
	if (rc < 0)
		(void)snprintf(v->health, sizeof(v->health), "%s", httpc_why(&res, rc));
	else if (res.status == 200)
		memcpy(v->health, "OK", 3);
	else
		httpc_message(&res, v->health, sizeof(v->health));
	httpc_res_release(&res);
	buf_release(&url);
}

void ctl_view_load(struct ctl *c, struct ctl_view *v)
{
	struct buf url = BUF_INIT;

	*v = (struct ctl_view){ 0 };
	buf_addf(&url, "%s/stats/", c->url);
	v->rc = ctl_json(c, "GET", buf_str(&url), &v->stats);
	take(c, v->why, sizeof(v->why));
	if (v->rc == 0 && !cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(v->stats, "stats"))) {
		v->rc = -EPROTO;
		(void)snprintf(v->why, sizeof(v->why), "%s is no distributor of this CDN", c->url);
	}
	if (v->rc == 0)
		load_health(c, v);
	buf_release(&url);
}

void ctl_view_release(struct ctl_view *v)
{
	cJSON_Delete(v->stats);
	v->stats = NULL;
}

static bool is_up(const cJSON *node)
{
	return strcmp(ctl_words(node, "status"), "UP") == 0;
}

void ctl_view_totals(const struct ctl_view *v, struct ctl_totals *out)
{
	struct ctl_totals t = { 0 };
	const cJSON *node;

	cJSON_ArrayForEach(node, cJSON_GetObjectItemCaseSensitive(v->stats, "stats"))
	{
		t.nodes++;
		t.storage += ctl_count(node, "storage");
		t.max_storage += ctl_count(node, "max_storage");
		t.contents += ctl_count(node, "contents");
		if (is_up(node)) {
			t.up++;
			t.free += ctl_count(node, "free");
		}
	}
	*out = t;
}

int ctl_view_fullness(const cJSON *node)
{
	uint64_t most = ctl_count(node, "max_storage"), room = ctl_count(node, "free");

	if (!most)
		return 0; /* it never told */
	return room < most / 100 ? 2 : room < most / 10 ? 1 : 0;
}

static void check_dist(const struct ctl *c, const struct ctl_view *v, struct ctl_findings *out)
{
	if (v->rc == -EACCES)
		ctl_found(out, "token",
			"put the CDN's token into CDN_TOKEN, or name its file with --token-file",
			"%s", v->why);
	else if (v->rc < 0)
		ctl_found(out, "dist-away",
			"start dist there, let its port through the firewall, or name another with "
			"--url or CDN_URL",
			"%s", v->why);
	else if (strcmp(v->health, "OK") != 0)
		ctl_found(out, "database",
			"see that the database runs and that dist's DATABASE_URL is right; dist's "
			"log says more",
			"dist at %s is not well: %s", c->url, v->health);
}

static void check_node(const cJSON *node, struct ctl_findings *out)
{
	char lasts[32], room[32], most[32];
	int full = ctl_view_fullness(node);

	if (!is_up(node)) {
		ctl_term_duration(ctl_count(node, "seconds"), lasts, sizeof(lasts));
		ctl_found(out, "node-down",
			"start it, or see that dist reaches it at its internal address in "
			"nodes.yml; dist's log says why it does not. Files that it holds cannot "
			"be read until then",
			"%s at %s has been down for %s", node->string, ctl_words(node, "uri"),
			lasts);
	} else if (full) {
		ctl_found(out, full == 2 ? "node-full" : "node-nearly-full",
			"give it a larger --max-storage or disk, add a node, or delete files",
			"%s is %sfull: an upload can have %s of its %s", node->string,
			full == 2 ? "" : "nearly ",
			size_format(ctl_count(node, "free"), room, sizeof(room)),
			size_format(ctl_count(node, "max_storage"), most, sizeof(most)));
	}
}

void ctl_view_check(const struct ctl *c, const struct ctl_view *v, struct ctl_findings *out)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(v->stats, "stats"), *node;

	check_dist(c, v, out);
	cJSON_ArrayForEach(node, list) check_node(node, out);
	if (v->rc == 0 && !cJSON_GetArraySize(list))
		ctl_found(out, "no-nodes", "write the nodes into dist's nodes.yml and restart dist",
			"%s knows no node", c->url);
}
