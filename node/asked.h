/* asked - what the query and the headers of every kind of upload say, and what its answer tells. */
#ifndef NODE_ASKED_H
#define NODE_ASKED_H

#include "common/httpd.h"
#include "node/commit.h"

/* `stamp`, `base`, `mtime`, `durable`, and Host into uri, which c then points to. False after a reply. */
bool asked_read(struct httpd_req *req, struct commit *c, char uri[LIMIT_URI + 1]);
/* `mtime` and `durable` once more, as a client tells them behind a chunked body: X-Mtime, X-Durable. False after a reply. */
bool asked_trailers(struct httpd_req *req, struct commit *c);
bool asked_stamp(struct httpd_req *req, const char *text, uint64_t *out); /* false after a reply */
/* Is there a body, of a length that can be? False after a reply. */
bool asked_body(struct httpd_req *req);
/* Clients that number the versions are told all of the one they made. */
void asked_add_version(cJSON *o, const struct dist_record *rec);

#endif
