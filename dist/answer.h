/* answer - what the handlers' replies have in common. */
#ifndef DIST_ANSWER_H
#define DIST_ANSWER_H

#include "common/httpd.h"
#include "dist/dist.h"
#include "dist/record.h"

/* The reply for an error of meta_run() and what runs in it; `what` says whom it is about ("content 33"). Errors of the
 * database are logged. */
void answer_error(struct httpd_req *req, int rc, const char *what);
/* 503 and Retry-After; or 507: what nodes_place() returned. */
void answer_no_node(struct httpd_req *req, int rc);
/* {"message"} */
void answer_message(struct httpd_req *req, unsigned status, const char *fmt, ...) ATTR_PRINTF(3, 4);
/* 307 to base + path. */
void answer_redirect(struct httpd_req *req, const char *base, const char *path);
/* Takes the text as the JSON of a reply; out of memory is answered as such. */
void answer_json(struct httpd_req *req, unsigned status, struct buf *body);

/* Bodies from this size on are decoded on a worker, so that nobody waits for them. */
#define ANSWER_BIG_BODY 65536
/* Runs fn now, or on a worker when it will wait: on a commit to disk, or on the database server. */
void answer_when(struct httpd_req *req, bool slow, void (*fn)(struct httpd_req *req));

/* Behind the reply to a request that changed something: it goes out when every other mount knows of the change. repeated: it
 * may have been changed by an earlier request whose answer was lost. */
void answer_known(struct httpd_req *req, bool repeated);

/* Public base of the node that has the bytes. 0 and *base; -ENODATA: nobody has them; -EHOSTDOWN: there are none, so any
 * node that is up would do, but none is. */
int answer_holder(
	struct dist *d, const char *node, const char *uri, uint64_t size, const char **base);
/* Base of the one that is named as the holder, NULL: none. */
const char *answer_base(const struct dist *d, const char *node, const char *uri);

#endif
