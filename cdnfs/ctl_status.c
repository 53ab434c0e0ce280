#include "cdnfs/ctl_status.h"
#include "cdnfs/ctl_exit.h"
#include "cdnfs/ctl_mounts.h"
#include "cdnfs/ctl_print.h"
#include "cdnfs/ctl_tables.h"
#include "cdnfs/ctl_term.h"
#include "cdnfs/ctl_view.h"
#include "common/size.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define PLAIN_WIDTH 80 /* for what is no terminal */
#define BAR_MOST 40
#define STATE_CELLS 12
#define USE_CELLS 43 /* what stands beside a bar */

struct status {
	struct ctl *c;
	struct ctl_view view;
	struct ctl_findings wrong;
	cJSON *mounts;
};

static unsigned bar_cells(const struct ctl_screen *s, unsigned beside)
{
	unsigned width = s->width ? s->width : PLAIN_WIDTH;

	if (width < beside + 8)
		return 0;
	return width - beside < BAR_MOST ? width - beside : BAR_MOST;
}

static void print_head(const struct status *s)
{
	const cJSON *dist = cJSON_GetObjectItemCaseSensitive(s->view.stats, "dist");
	char up[32], version[64], database[128];
	bool well = strcmp(s->view.health, "OK") == 0;

	if (s->view.rc < 0) {
		ctl_screen_line(&s->c->screen,
			SCREEN_HEAD "CDN" SCREEN_PLAIN "  %s  " SCREEN_BAD
				    "cannot be asked" SCREEN_PLAIN,
			s->c->url);
		return;
	}
	ctl_term_duration(ctl_count(dist, "seconds"), up, sizeof(up));
	(void)ctl_term_fit(ctl_words(dist, "version"), 20, version, sizeof(version));
	(void)ctl_term_fit(ctl_words(dist, "database"), 40, database, sizeof(database));
	ctl_screen_line(&s->c->screen,
		SCREEN_HEAD "CDN" SCREEN_PLAIN "  %s  version %s  up %s  %s  %s%s" SCREEN_PLAIN,
		s->c->url, version, up, database, well ? SCREEN_GOOD : SCREEN_BAD,
		well ? "OK" : "not well");
}

/* "[####----]  48.1%  481.0 MB of 1.0 GB  123 files" */
static void use_text(const struct status *s, uint64_t used, uint64_t most, uint64_t contents,
	unsigned beside, char *out, size_t cap)
{
	char bar[64] = "", has[32], all[32];
	unsigned cells = bar_cells(&s->c->screen, beside + USE_CELLS);

	if (cells)
		ctl_term_bar((double)used, (double)most, cells, bar, sizeof(bar));
	(void)snprintf(out, cap, "%s%s%5.1f%%  %8s of %8s  %6" PRIu64 " files", bar,
		*bar ? " " : "", most ? 100.0 * (double)used / (double)most : 0,
		size_format(used, has, sizeof(has)), size_format(most, all, sizeof(all)),
		contents); /* it fits */
}

static void print_nodes(const struct status *s)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(s->view.stats, "stats"), *node;
	static const char *const colours[] = { SCREEN_GOOD, SCREEN_WARN, SCREEN_BAD };
	int names = ctl_table_names(list, 6);
	char name[256], state[64], lasts[32], text[200];
	struct ctl_totals t;

	cJSON_ArrayForEach(node, list)
	{
		bool up = strcmp(ctl_words(node, "status"), "UP") == 0;

		(void)ctl_term_fit(node->string, (unsigned)names, name, sizeof(name));
		ctl_term_duration(ctl_count(node, "seconds"), lasts, sizeof(lasts));
		(void)snprintf(state, sizeof(state), "%s %s", up ? "UP" : "DOWN", lasts); /* fits */
		use_text(s, ctl_count(node, "storage"), ctl_count(node, "max_storage"),
			ctl_count(node, "contents"), (unsigned)names + STATE_CELLS + 2, text,
			sizeof(text));
		ctl_screen_line(&s->c->screen, "%-*s %s%-*s %s%s" SCREEN_PLAIN, names, name,
			up ? SCREEN_GOOD : SCREEN_BAD, STATE_CELLS, state,
			up ? colours[ctl_view_fullness(node)] : SCREEN_PLAIN, text);
	}
	ctl_view_totals(&s->view, &t);
	use_text(s, t.storage, t.max_storage, t.contents, (unsigned)names + STATE_CELLS + 2, text,
		sizeof(text));
	(void)snprintf(state, sizeof(state), "%u of %u up", t.up, t.nodes); /* fits */
	ctl_screen_line(&s->c->screen, "%-*s %-*s %s", names, "all", STATE_CELLS, state, text);
}

static void print_mounts(const struct status *s)
{
	const cJSON *m;

	if (!cJSON_GetArraySize(s->mounts)) {
		ctl_screen_line(&s->c->screen, "nothing of it is mounted on this machine");
		return;
	}
	cJSON_ArrayForEach(m, s->mounts)
	{
		bool dead = strcmp(ctl_words(m, "state"), "mounted") != 0;

		ctl_screen_line(&s->c->screen, "%s%-9s" SCREEN_PLAIN " %s  from %s  by %s",
			dead ? SCREEN_BAD : SCREEN_GOOD, ctl_words(m, "state"),
			ctl_words(m, "path"), ctl_words(m, "url"), ctl_words(m, "user"));
	}
}

static void print(const struct status *s)
{
	const struct ctl_screen *screen = &s->c->screen;

	print_head(s);
	if (s->view.rc == 0) {
		ctl_screen_line(screen, "%s", "");
		ctl_screen_line(screen, SCREEN_HEAD "Nodes" SCREEN_PLAIN);
		print_nodes(s);
	}
	ctl_screen_line(screen, "%s", "");
	ctl_screen_line(screen, SCREEN_HEAD "Mounts" SCREEN_PLAIN);
	print_mounts(s);
	ctl_screen_line(screen, "%s", "");
	if (ctl_findings_count(&s->wrong)) {
		ctl_screen_line(screen, SCREEN_BAD "Wrong" SCREEN_PLAIN);
		ctl_findings_print(screen, &s->wrong);
	} else {
		ctl_screen_line(screen, SCREEN_GOOD "Nothing is wrong" SCREEN_PLAIN);
	}
}

static cJSON *totals_json(const struct ctl_view *v)
{
	cJSON *o = cJSON_CreateObject();
	struct ctl_totals t;

	ctl_view_totals(v, &t);
	json_add_u64(o, "nodes", t.nodes);
	json_add_u64(o, "up", t.up);
	json_add_u64(o, "storage", t.storage);
	json_add_u64(o, "max_storage", t.max_storage);
	json_add_u64(o, "free", t.free);
	json_add_u64(o, "contents", t.contents);
	return o;
}

/* Takes the parts of s over. */
static void print_json(struct status *s)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "url", s->c->url);
	if (s->view.rc == 0) {
		cJSON_AddStringToObject(o, "health", s->view.health);
		cJSON_AddItemToObject(o, "dist", cJSON_DetachItemFromObject(s->view.stats, "dist"));
		cJSON_AddItemToObject(o, "totals", totals_json(&s->view));
		cJSON_AddItemToObject(
			o, "nodes", cJSON_DetachItemFromObject(s->view.stats, "stats"));
	}
	cJSON_AddItemToObject(o, "mounts", s->mounts);
	cJSON_AddItemToObject(o, "wrong", s->wrong.list);
	s->mounts = s->wrong.list = NULL;
	ctl_print_json(s->c->screen.out, o);
	cJSON_Delete(o);
}

int ctl_status(struct ctl *c, char **argv)
{
	struct status s = { .c = c };
	int rc;

	(void)argv; /* none */
	ctl_view_load(c, &s.view);
	rc = s.view.rc < 0 ? (int)ctl_exit_of(s.view.rc) : 0;
	ctl_findings_open(&s.wrong);
	ctl_view_check(c, &s.view, &s.wrong);
	s.mounts = ctl_mounts();
	ctl_mounts_check(s.mounts, &s.wrong);
	if (c->json)
		print_json(&s);
	else
		print(&s);
	cJSON_Delete(s.mounts);
	ctl_findings_release(&s.wrong);
	ctl_view_release(&s.view);
	return rc;
}
