/* api - typed calls to dist and the nodes: the only file that knows their routes. No FUSE, no files.
 * Every call returns 0 or -errno, and waits for a server that is away as `struct wait` says (NULL: the mount's
 * timeout). Any number of threads. */
#ifndef CDNFS_API_H
#define CDNFS_API_H

#include "cdnfs/extents.h"
#include "cdnfs/link.h"

struct api;

int api_open(const struct link_conf *conf, struct api **out);
void api_close(struct api **a);
struct link *api_link(struct api *a);

/* Any single operation of POST fs (wire_op…), which is taken; *root is the caller's to delete after 0. */
int api_op(struct api *a, const struct wait *w, bool change, cJSON *op, cJSON **root,
	const cJSON **result);

/* The tree. `out` is the caller's to release. */
int api_lookup(
	struct api *a, const struct wait *w, uint64_t dir, const char *name, struct wire_file *out);
int api_getattr(struct api *a, const struct wait *w, uint64_t id, struct wire_file *out);
int api_setattr(struct api *a, const struct wait *w, uint64_t id, const struct wire_change *change,
	struct wire_file *out);

/* Calls that change names take `dirs`: the directory's attributes after the change, told in the same answer; id 0 when
 * they are not. */

/* A name to be made. */
struct api_new {
	uint64_t dir;
	const char *name;
	uint32_t mode, umask, uid, gid; /* mode with type for mknod */
	uint64_t rdev;
	const char *target; /* of a link */
	bool exclusive;
};
/* *place: where to upload the bytes, NULL when dist names none. */
int api_create(struct api *a, const struct wait *w, const struct api_new *new,
	struct wire_file *out, bool *existed, const struct place **place, struct attr *dirs);
int api_mknod(struct api *a, const struct wait *w, const struct api_new *new, struct wire_file *out,
	struct attr *dirs);
int api_mkdir(struct api *a, const struct wait *w, const struct api_new *new, struct wire_file *out,
	struct attr *dirs);
int api_symlink(struct api *a, const struct wait *w, const struct api_new *new,
	struct wire_file *out, struct attr *dirs);
int api_link_file(struct api *a, const struct wait *w, uint64_t id, uint64_t dir, const char *name,
	struct wire_file *out, struct attr *dirs);
/* *id: what the name meant; *nlink: names it still has (unlink). */
int api_unlink(struct api *a, const struct wait *w, uint64_t dir, const char *name, uint64_t *id,
	uint32_t *nlink, struct attr *dirs);
int api_rmdir(struct api *a, const struct wait *w, uint64_t dir, const char *name, uint64_t *id,
	struct attr *dirs);
/* flags: "", "noreplace", "exchange". told: attributes after it, as above, of both directories and of the two inodes of `moved` (0:
 * of none). */
#define API_MOVE_TOLD 4
int api_rename(struct api *a, const struct wait *w, uint64_t dir, const char *name, uint64_t todir,
	const char *toname, const char *flags, const uint64_t moved[2],
	struct attr told[API_MOVE_TOLD]);
/* At most limit entries behind `after`, in the order of their bytes. */
int api_readdir(struct api *a, const struct wait *w, uint64_t dir, const char *after,
	unsigned limit, struct wire_page *out);
int api_statfs(struct api *a, const struct wait *w, struct wire_room *out);
/* All that was changed before is on dist's disk when it answers. */
int api_sync(struct api *a, const struct wait *w);

/* The bytes. */
/* Where a new version of `size` bytes goes; `not`: names of nodes to pass over, with commas, "" none. */
int api_place(struct api *a, const struct wait *w, uint64_t id, uint64_t size, const char * not,
	const struct place **out);

struct api_upload {
	const struct place *place;
	uint64_t id, stamp;
	uint64_t base; /* version that it is based on, 0: none */
	bool list; /* of changes, which are applied to whichever version is current; else all bytes */
	const void *body; /* size bytes; NULL: they are in fd */
	uint64_t size;
	int fd;
	/* Or they come from here, waiting for them; 0: that was all, and size, mtime, durable and stall_ms are those that count. */
	ssize_t (*source)(void *ctx, uint64_t at, void *data, size_t cap);
	void *source_ctx;
	int64_t mtime;
	bool durable;
	int64_t stall_ms;
};
/* One attempt. -EHOSTDOWN: the node is away. -ENOENT: the file is gone. -ENOSPC: the node is full. -ESTALE: all bytes were
 * sent, and `base` is not the current version. */
int api_upload(struct api *a, const struct api_upload *up, struct wire_stored *out);

/* Bytes [off, off+len) of a version; all of them reach sink, or it is an error (-ENOENT: the version is gone). */
struct api_range {
	const struct place *place;
	uint64_t id, stamp, off, len;
};
int api_fetch(struct api *a, const struct wait *w, const struct api_range *range,
	int (*sink)(void *ctx, const void *data, size_t len), void (*restart)(void *ctx),
	void *ctx);
/* Where a version has data, from `from` on, which is within it; as far as one answer tells. 0: `out` is the caller's to release or give
 * away; -ENOENT: the version is not there. */
int api_extents(struct api *a, const struct wait *w, const struct place *place, uint64_t id,
	uint64_t stamp, uint64_t from, struct stretch *out);
int api_sync_node(struct api *a, const struct wait *w, const struct place *place);

/* Bytes that nodes sent us, and that they took. */
void api_bytes(const struct api *a, uint64_t *fetched, uint64_t *stored);

#endif
