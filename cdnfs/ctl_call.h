/* ctl_call - cdnctl's requests. Every failure leaves one sentence for people in the context; the
 * functions print nothing. Knows no routes. */
#ifndef CDNFS_CTL_CALL_H
#define CDNFS_CTL_CALL_H

#include "cdnfs/ctl_progress.h"
#include "cdnfs/ctl_screen.h"
#include "common/base.h"
#include "common/buf.h"
#include "common/httpc.h"
#include "common/json.h"

struct ctl {
	struct httpc *http;
	const char *url;	   /* of dist, without a slash at the end */
	const char *token_file;	   /* where its token came from; NULL: from elsewhere */
	const char *staging;	   /* of this machine's mounts; NULL: not known */
	const char *machine_error; /* what is wrong in /etc/cdnfs.conf or the environment, or "" */
	bool json;		   /* answers as JSON instead of text */
	uint64_t expires;	   /* seconds that a link is to last; 0: no link is asked for */
	struct ctl_screen screen;  /* where answers go */
	struct ctl_progress progress;
	char error[1024];
};

/* Keeps the first sentence, and returns rc. */
int ctl_fail(struct ctl *c, int rc, const char *fmt, ...) ATTR_PRINTF(3, 4);

/* One exchange. 0 for an answer below 400 (redirects are not followed), else -errno and a sentence:
 * who did not answer, or what the server said. res is the caller's: HTTPC_RES_INIT, released. */
int ctl_request(struct ctl *c, const struct httpc_req *req, struct httpc_res *res);

/* A request without a body whose 2xx answer is JSON; *out is the caller's. */
int ctl_json(struct ctl *c, const char *method, const char *url, cJSON **out);
/* Parses the JSON of an answer; url names it in the sentence. */
int ctl_parse(struct ctl *c, const char *url, const struct httpc_res *res, cJSON **out);
/* The text member of an answer; points into it. */
int ctl_text(struct ctl *c, const cJSON *object, const char *key, const char **out);

#endif
