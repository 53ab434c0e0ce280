#include "cdnfs/ctl_feed.h"

#include "cdnfs/ctl_print.h"
#include "common/clock.h"
#include "common/limits.h"
#include "common/name.h"
#include "common/stamp.h"
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#define PATIENCE_MS 30000 /* with a dist that is away */

struct feed {
	struct ctl *c;
	char session[24];
	uint64_t after;
	bool begun;
};

static volatile sig_atomic_t ended;

static void on_end(int number)
{
	(void)number;
	ended = 1;
}

static bool is_ended(void *ctx)
{
	(void)ctx;
	return ended != 0;
}

/* A GET that outlives a restart of dist. 0 and *out (the caller's); -EINTR: it is to end. */
static int get(struct feed *f, const char *url, cJSON **out)
{
	struct httpc_req req = { .method = "GET", .url = url };
	struct httpc_res res = HTTPC_RES_INIT;
	int rc = httpc_retry(f->c->http, &req, &res, clock_ms() + PATIENCE_MS, is_ended, NULL);
	char message[256];

	httpc_message(&res, message, sizeof(message));
	if (rc < 0 && rc != -EINTR)
		rc = ctl_fail(f->c, rc, "%s does not answer: %s", f->c->url, strerror(-rc));
	else if (rc == 0 && res.status == 404)
		rc = -ENOENT;
	else if (rc == 0 && res.status >= 400)
		rc = ctl_fail(f->c, -EACCES, "%s: %s (%u)", f->c->url, message, res.status);
	else if (rc == 0)
		rc = ctl_parse(f->c, url, &res, out);
	httpc_res_release(&res);
	return rc;
}

/* The path of an inode in its wire form; that of one that is gone is told by its number. */
static int add_path(struct feed *f, uint64_t id, struct buf *out)
{
	struct buf url = BUF_INIT;
	cJSON *answer = NULL;
	const char *path;
	int rc;

	buf_addf(&url, "%s/fs/path/%" PRIu64, f->c->url, id);
	rc = get(f, buf_str(&url), &answer);
	if (rc == -ENOENT) {
		buf_addf(out, "#%" PRIu64, id);
		rc = 0;
	} else if (rc == 0) {
		rc = ctl_text(f->c, answer, "path", &path);
		if (rc == 0)
			buf_adds(out, path);
	}
	cJSON_Delete(answer);
	buf_release(&url);
	return rc;
}

static int describe(struct feed *f, const cJSON *change, struct buf *out)
{
	const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(change, "name"));
	int rc = 0;

	if (!name && !cJSON_HasObjectItem(change, "id")) {
		buf_adds(out, "anything may have changed");
		return 0;
	}
	if (!name)
		return add_path(f, ctl_count(change, "id"), out);
	rc = add_path(f, ctl_count(change, "dir"), out);
	if (out->len && out->data[out->len - 1] != '/')
		buf_adds(out, "/");
	buf_adds(out, name);
	return rc;
}

static int print_change(struct feed *f, const cJSON *change)
{
	struct buf line = BUF_INIT;
	time_t now = time(NULL);
	char clock[16] = "";
	struct tm tm;
	int rc = 0;

	if (f->c->json) {
		json_print(cJSON_Duplicate(change, true), &line);
		fprintf(f->c->screen.out, "%s\n", buf_str(&line));
	} else {
		rc = describe(f, change, &line);
		if (localtime_r(&now, &tm))
			(void)strftime(clock, sizeof(clock), "%H:%M:%S", &tm); /* it fits */
		if (rc == 0)
			ctl_screen_text(&f->c->screen, "%s  %s", clock, buf_str(&line));
	}
	buf_release(&line);
	return rc;
}

/* One poll and its lines. */
static int listen_once(struct feed *f)
{
	static const char *const all = "{\"all\":true}";
	const cJSON *change;
	struct buf url = BUF_INIT;
	cJSON *answer = NULL, *missed = NULL;
	int rc;

	buf_addf(&url, "%s/fs/events?session=%s&after=%" PRIu64, f->c->url, f->session, f->after);
	rc = get(f, buf_str(&url), &answer);
	buf_release(&url);
	if (rc < 0)
		return rc;
	f->after = ctl_count(answer, "last");
	if (f->begun && cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "reset"))) {
		rc = json_parse(all, strlen(all), &missed);
		rc = rc < 0 ? rc : print_change(f, missed);
		cJSON_Delete(missed);
	}
	cJSON_ArrayForEach(change, cJSON_GetObjectItemCaseSensitive(answer, "changes"))
	{
		if (rc == 0)
			rc = print_change(f, change);
	}
	cJSON_Delete(answer);
	if (!f->begun && f->c->json)
		fprintf(f->c->screen.out, "{\"listening\":true}\n");
	else if (!f->begun)
		ctl_screen_text(&f->c->screen, "listening to %s", f->c->url);
	f->begun = true;
	if (fflush(f->c->screen.out) != 0)
		return -EPIPE;
	return rc;
}

/* Nobody is to wait for who does not listen any more. */
static void leave(struct feed *f)
{
	struct httpc_req req = { .method = "DELETE", .timeout_ms = 2000 };
	struct httpc_res res = HTTPC_RES_INIT;
	struct buf url = BUF_INIT;

	buf_addf(&url, "%s/fs/events?session=%s", f->c->url, f->session);
	req.url = buf_str(&url);
	(void)httpc_do(f->c->http, &req, &res); /* its lease runs out anyway */
	httpc_res_release(&res);
	buf_release(&url);
}

int ctl_feed(struct ctl *c, char **argv)
{
	struct sigaction act = { .sa_handler = on_end };
	struct feed f = { .c = c };
	int rc;

	(void)argv;									/* none */
	(void)snprintf(f.session, sizeof(f.session), "watch-%016" PRIx64, stamp_new()); /* fits */
	(void)sigaction(SIGINT, &act, NULL); /* fails for a bad number only */
	(void)sigaction(SIGTERM, &act, NULL);
	do
		rc = listen_once(&f);
	while (rc == 0 && !ended);
	leave(&f);
	return rc == -EINTR || rc == -EPIPE ? 0 : rc;
}
