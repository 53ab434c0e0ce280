/* commit - the end of an upload: its bytes become pending, dist is asked, and they become the content's, or go. */
#ifndef NODE_COMMIT_H
#define NODE_COMMIT_H

#include "node/dist.h"
#include "node/node.h"
#include "node/store.h"

/* What was uploaded. Strings are the caller's. */
struct commit {
	uint64_t id;		 /* content to replace; 0: a new one */
	struct blob_write *blob; /* all bytes are in it; the caller still aborts it */
	uint64_t reserved;	 /* bytes promised for it; 0 when the store took them over */
	struct blob_meta meta;	 /* mtime, type and name are given */
	const char *path;	 /* where in the tree, with path_len; NULL: nowhere special */
	size_t path_len;
	const char *uri;    /* of this node, as the client knows it; NULL: unknown */
	const char *expect; /* check-sum that the client gave; NULL: none */
	uint64_t stamp;	    /* 0: a new one is made */
	bool has_base;	    /* only while `base` is the current version: else 412 */
	bool once;	    /* the stamp counts once, even if other versions came after it */
	uint64_t base;
	bool has_mtime;
	bool durable;
};

struct commit_result {
	unsigned status;	   /* 200, or the error's */
	char message[320];	   /* of an error */
	struct dist_record record; /* id, times; etag, size and stamp are those of the answer */
	bool done_before;	   /* a repeat: the bytes that came now are not the version */
};

/* Waits for disk and dist: for worker threads. */
void commit_run(struct node *n, struct commit *c, struct commit_result *out);

#endif
