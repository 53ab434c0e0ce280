/* blob - one blob's bytes and its metadata: written as they stream in, check-summed on the way, read back whole.
 * Metadata is one small attribute "user.cdn" of the file; a longer one has its first sections' digests in "user.cdn.sections". Places and accounts are store's. */
#ifndef NODE_BLOB_H
#define NODE_BLOB_H

#include "common/hash.h"
#include "common/limits.h"
#include "node/folder.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct blob_meta {
	char etag[HASH_TEXT];
	uint64_t size;
	int64_t mtime; /* ns since 1970 */
	char type[LIMIT_TYPE + 1];
	char name[LIMIT_NAME + 1]; /* bytes, for the disposition; "" when there is none */
	size_t name_len;
};

#define BLOB_META_MAX 640
#define BLOB_TEMP "up." /* how names of unfinished blobs begin; only those are dropped at start */

/* Text of the attribute. Returns its length. */
size_t blob_meta_format(const struct blob_meta *m, char text[BLOB_META_MAX]);
int blob_meta_parse(const char *text, size_t len, struct blob_meta *out); /* 0 or -EINVAL */

/* A blob that is being written to tmp/up.N. Used by one thread at a time. */
struct blob_write {
	const struct folder *folder;
	int fd;
	uint64_t size; /* bytes so far */
	struct hash *hash;
	char temp[BLOB_NAME]; /* its name in tmp, "" once it has another */
};

int blob_begin(const struct folder *f, struct blob_write *w);
/* 0, -ENOSPC, -EIO … */
int blob_append(struct blob_write *w, const void *data, size_t len);
/* What is known of the sections of a blob that another one began as a copy of (hash.h). */
struct blob_sections {
	size_t n; /* the first so many are known, but those that were changed */
	bool changed[HASH_KEPT];
	unsigned char digest[HASH_KEPT * HASH_DIGEST];
};
void blob_sections_read(
	int fd, struct blob_sections *out); /* of a sealed one; n is 0 when nothing is known */
void blob_sections_change(struct blob_sections *s, uint64_t from, uint64_t to);
/* After the file was written to by other means than blob_append(): its size and check-sum are taken anew. Holes, and what is known
 * of its sections (NULL: nothing), are not read. */
int blob_recount(struct blob_write *w, const struct blob_sections *s);
/* Fills m->etag and m->size and keeps m with the bytes. May be called again with changed metadata. */
int blob_seal(struct blob_write *w, struct blob_meta *m);
/* Closes, and unlinks the file while it still has its temporary name. */
void blob_abort(struct blob_write *w);

/* The room that a blob takes which a scan has found: its data, without its holes. */
uint64_t blob_room(int dir, const char *name, const struct stat *st);

/* A blob open for reading; the caller closes fd. */
struct blob_read {
	int fd;
	struct blob_meta meta;
};
/* 0, -ENOENT, -EIO when the bytes are not those that were sealed (length or metadata damaged). */
int blob_open(int dir, const char *name, struct blob_read *out);

#endif
