#include "cdnfs/ctl_doctor.h"
#include "cdnfs/ctl_exit.h"
#include "cdnfs/ctl_machine.h"
#include "cdnfs/ctl_mounts.h"
#include "cdnfs/ctl_peers.h"
#include "cdnfs/ctl_print.h"
#include "cdnfs/ctl_view.h"
#include <errno.h>

static void check_mounts(struct ctl_findings *out)
{
	cJSON *mounts = ctl_mounts();
	const cJSON *m;
	int living = 0;

	ctl_mounts_check(mounts, out);
	cJSON_ArrayForEach(m, mounts) living += *ctl_words(m, "state") == 'm';
	if (living)
		ctl_fine(out, "mount", "%d mount%s on this machine %s", living,
			living == 1 ? "" : "s", living == 1 ? "lives" : "live");
	cJSON_Delete(mounts);
}

static void print_json(struct ctl *c, struct ctl_findings *f)
{
	cJSON *o = cJSON_CreateObject();

	json_add_u64(o, "wrong", ctl_findings_count(f));
	cJSON_AddItemToObject(o, "findings", f->list);
	f->list = NULL;
	ctl_print_json(c->screen.out, o);
	cJSON_Delete(o);
}

static void print(struct ctl *c, const struct ctl_findings *f)
{
	unsigned n = ctl_findings_count(f);

	ctl_findings_report(&c->screen, f);
	if (n)
		ctl_screen_line(&c->screen, SCREEN_BAD "%u thing%s wrong" SCREEN_PLAIN, n,
			n == 1 ? " is" : "s are");
	else
		ctl_screen_line(&c->screen, SCREEN_GOOD "Nothing is wrong" SCREEN_PLAIN);
}

int ctl_doctor(struct ctl *c, char **argv)
{
	struct ctl_findings f;
	struct ctl_view v;
	bool wrong;

	(void)argv; /* none */
	ctl_findings_open(&f);
	if (!f.list)
		return ctl_fail(c, -ENOMEM, "memory is out");
	ctl_view_load(c, &v);
	ctl_view_check(c, &v, &f);
	ctl_peers_check(c, &v, &f);
	check_mounts(&f);
	ctl_machine_check(c, &f);
	wrong = ctl_findings_count(&f) > 0;
	if (c->json)
		print_json(c, &f);
	else
		print(c, &f);
	ctl_findings_release(&f);
	ctl_view_release(&v);
	return wrong ? CTL_EXIT_FAILED : CTL_EXIT_OK;
}
