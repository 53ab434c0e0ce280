#include "dist/routes_events.h"

#include "common/id.h"
#include "common/limits.h"
#include "dist/answer.h"
#include <errno.h>
#include <string.h>

/* NULL when the reply was made. */
static const char *read_session(struct httpd_req *req)
{
	const char *session = httpd_query(req, "session");

	if (session && id_ok(session, strlen(session), LIMIT_SESSION))
		return session;
	httpd_reply_error(req, 400,
		session ? "session: must be 1 to %d letters, digits, '_' and '-'"
			: "session: is missing: 1 to %d letters, digits, '_' and '-'",
		LIMIT_SESSION);
	return NULL;
}

static void answer(void *arg, struct buf *text)
{
	struct httpd_req *req = arg;

	answer_json(req, 200, text);
	httpd_release(req);
}

static void refuse(struct httpd_req *req, int rc)
{
	if (rc == -EINVAL) {
		httpd_reply_error(req, 400, "after: no change has that number yet");
	} else if (rc == -ENOMEM) {
		httpd_reply_error(req, 500, "out of memory");
	} else {
		httpd_set_header(req, "Retry-After", "1");
		httpd_reply_error(req, 503,
			rc == -EMFILE	? "%d mounts listen already"
			: rc == -EAGAIN ? "other dists on the database cannot be heard yet"
					: "stopping; try again in a second",
			LIMIT_SESSIONS);
	}
	httpd_release(req);
}

void events_get(struct httpd_req *req)
{
	struct dist *d = httpd_server(req);
	const char *session = read_session(req);
	uint64_t after = 0;
	int rc;

	if (!session || httpd_query_u64(req, "after", LIMIT_ID, &after) < 0)
		return;
	if (strcmp(httpd_method(req), "HEAD") == 0) {
		httpd_reply_error(req, 405, "events are got, not looked at");
		return;
	}
	httpd_hold(req);
	rc = feed_poll(d->feed, session, after, answer, req);
	if (rc < 0)
		refuse(req, rc);
}

void events_delete(struct httpd_req *req)
{
	const struct dist *d = httpd_server(req);
	const char *session = read_session(req);

	if (!session)
		return;
	if (feed_leave(d->feed, session))
		answer_message(req, 200, "ended");
	else
		httpd_reply_error(req, 404, "no mount of that session listens");
}
