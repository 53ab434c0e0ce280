/* ctl_cdn - the CDN's calls as cdnctl makes them: ask dist where, then talk to the node that it
 * names. Prints nothing; answers are JSON values that the caller frees. */
#ifndef CDNFS_CTL_CDN_H
#define CDNFS_CTL_CDN_H

#include "cdnfs/ctl_call.h"
#include "cdnfs/ctl_local.h"

/* What a person names: all digits is an id, everything else a path ("/33" is the file named 33). */
struct ctl_target {
	uint64_t id;	  /* 0: a path */
	const char *path; /* without leading slashes; borrowed */
};
int ctl_target_parse(struct ctl *c, const char *text, struct ctl_target *out);

/* Where a content is: base of a node that has it, and its id. Paths that are directories: -EISDIR. */
int ctl_locate(struct ctl *c, const struct ctl_target *t, struct buf *base, uint64_t *id);

/* A link that c->expires seconds stand for the token: dist's {"uri", "expires"}. Of an id, to the node that has it;
 * of a path, to the path, whatever file it names by then. */
int ctl_link(struct ctl *c, const struct ctl_target *t, cJSON **out);

struct ctl_upload {
	uint64_t id;				    /* replace this content; 0: a new one */
	const char *filename;			    /* NULL: as it is (id != 0) */
	const char *path;			    /* where in the tree; NULL: by filename */
	void (*placed)(void *ctx, const char *uri); /* told the URL that dist chose; may be NULL */
	void *ctx;
};
/* Placement, then the bytes. A node that does not take them is passed over, up to three are tried. */
int ctl_upload(
	struct ctl *c, const struct ctl_upload *u, const struct ctl_source *src, cJSON **out);

/* Streams a content into s, which was begun and is committed or aborted here. headers (may be NULL): the answer's,
 * the caller's to free. */
int ctl_download(struct ctl *c, const char *base, uint64_t id, struct ctl_sink *s, cJSON **headers);

int ctl_delete(struct ctl *c, const struct ctl_target *t, cJSON **out);

#endif
