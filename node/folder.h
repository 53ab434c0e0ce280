/* folder - the storage folder: its directories, its lock, its scan. Knows names of blobs, not their meaning.
 *
 *   .lock               held by the running node
 *   tmp/up.N            an upload that is being received; void after a restart
 *   tmp/pending.STAMP.ID  received whole, not known to be registered; ID is 0 for a new content
 *   XX/ID.PART.STAMP    a blob; XX are the two last hex digits of the id
 *   trash/ID.PART.STAMP superseded or deleted
 */
#ifndef NODE_FOLDER_H
#define NODE_FOLDER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define FOLDER_FANOUT 256
#define BLOB_NAME 64

struct blob_name {
	uint64_t id;
	uint32_t part;
	uint64_t stamp;
};

void blob_name_format(const struct blob_name *n, char text[BLOB_NAME]);
int blob_name_parse(
	const char *text, struct blob_name *out); /* 0 or -EINVAL; only what format writes */
void pending_name_format(uint64_t stamp, uint64_t id, char text[BLOB_NAME]);
int pending_name_parse(const char *text, uint64_t *stamp, uint64_t *id);

/* Descriptors of the directories, open as long as the node runs. */
struct folder {
	int root, tmp, trash, lock;
	int dir[FOLDER_FANOUT];
};

/* Makes what is missing, takes the lock, and sees that the file system keeps extended attributes. 0, or -errno with a
 * sentence in error. */
int folder_open(struct folder *f, const char *path, char *error, size_t cap);
void folder_close(struct folder *f);

/* The directory of a content's blobs. */
int folder_of(const struct folder *f, uint64_t id);
/* Calls fn for each entry of an open directory but "." and "..", until it returns < 0. */
int folder_each(int dir, int (*fn)(void *ctx, const char *name, const struct stat *st), void *ctx);

#endif
