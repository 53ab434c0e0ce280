#include "cdnfs/ctl_fsck.h"

#include "cdnfs/ctl_print.h"
#include "cdnfs/ctl_tables.h"
#include <errno.h>
#include <inttypes.h>

static void print(struct ctl *c, const cJSON *answer)
{
	const cJSON *finding;

	cJSON_ArrayForEach(finding, cJSON_GetObjectItemCaseSensitive(answer, "findings"))
	{
		ctl_screen_text(&c->screen, SCREEN_BAD "%-15s" SCREEN_PLAIN " %s",
			ctl_words(finding, "check"), ctl_words(finding, "message"));
	}
	ctl_screen_line(&c->screen,
		"%" PRIu64 " inodes, %" PRIu64 " entries, %" PRIu64 " contents: %s",
		ctl_count(answer, "inodes"), ctl_count(answer, "entries"),
		ctl_count(answer, "contents"), ctl_count(answer, "found") ? "damaged" : "clean");
}

int ctl_fsck(struct ctl *c, char **argv)
{
	struct buf url = BUF_INIT;
	cJSON *answer = NULL;
	int rc;

	(void)argv; /* none */
	buf_addf(&url, "%s/fs/check", c->url);
	rc = ctl_json(c, "GET", buf_str(&url), &answer);
	if (rc == 0 && c->json)
		ctl_print_json(c->screen.out, answer);
	else if (rc == 0)
		print(c, answer);
	if (rc == 0 && ctl_count(answer, "found"))
		rc = ctl_fail(c, -EUCLEAN,
			"%s: the database breaks its own rules; restore a back-up, or mend the "
			"rows that are named",
			c->url);
	cJSON_Delete(answer);
	buf_release(&url);
	return rc;
}
