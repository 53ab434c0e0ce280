#include "cdnfs/own.h"

#include "cdnfs/figures.h"
#include "cdnfs/reply.h"
#include "common/clock.h"
#include "common/limits.h"
#include "common/name.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define METRICS "metrics"
#define LONGEST 1024 /* bytes of the three entries of the directory, with room */

struct own_file {
	struct opened opened; /* first: see file_end */
	struct buf text;
};

bool own_inode(fuse_ino_t ino)
{
	return ino == OWN_DIR || ino == OWN_METRICS;
}

bool own_name(fuse_ino_t parent, const char *name)
{
	return parent == OWN_DIR || (parent == INODE_ROOT && strcmp(name, NAME_OWN) == 0);
}

static void fill_stat(const struct cdnfs *fs, fuse_ino_t ino, struct stat *st)
{
	struct attr a = { .id = ino,
		.mode = ino == OWN_DIR ? S_IFDIR | 0555 : S_IFREG | 0444,
		.uid = geteuid(),
		.gid = getegid(),
		.nlink = ino == OWN_DIR ? 2 : 1 };

	a.atime = a.mtime = a.ctime = clock_real_ns();
	reply_stat(fs, &a, st);
}

void own_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	const struct cdnfs *fs = reply_fs(req);
	struct fuse_entry_param e = { .ino = OWN_DIR };

	if (parent == OWN_DIR && strcmp(name, METRICS) != 0) {
		reply_result(req, -ENOENT);
		return;
	}
	if (parent == OWN_DIR)
		e.ino = OWN_METRICS;
	fill_stat(fs, e.ino, &e.attr);
	e.attr_timeout = e.entry_timeout = (double)fs->opt->set.attr_timeout;
	(void)fuse_reply_entry(req, &e); /* nothing to give back */
}

void own_getattr(fuse_req_t req, fuse_ino_t ino)
{
	const struct cdnfs *fs = reply_fs(req);
	struct stat st;

	fill_stat(fs, ino, &st);
	(void)fuse_reply_attr(req, &st, (double)fs->opt->set.attr_timeout); /* it may have gone */
}

static void file_free(struct cdnfs *fs, struct own_file *f)
{
	opened_remove(&fs->opened, &f->opened);
	buf_release(&f->text);
	free(f);
}

static void file_end(struct opened *o, void *ctx)
{
	file_free(ctx, (struct own_file *)o);
}

void own_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct cdnfs *fs = reply_fs(req);
	struct own_file *f;

	if (ino != OWN_METRICS || (fi->flags & (O_ACCMODE | O_TRUNC)) != O_RDONLY) {
		reply_result(req, ino == OWN_METRICS ? -EACCES : -EISDIR);
		return;
	}
	f = calloc(1, sizeof(*f));
	if (f)
		figures_text(fs, &f->text);
	if (!f || buf_error(&f->text) < 0) {
		if (f)
			buf_release(&f->text);
		free(f);
		reply_result(req, -ENOMEM);
		return;
	}
	fi->fh = (uint64_t)(uintptr_t)f;
	fi->direct_io = 1; /* its size is not known before it is read */
	fi->noflush = 1;
	opened_add(&fs->opened, &f->opened, file_end);
	if (fuse_reply_open(req, fi) < 0)
		file_free(fs, f); /* nobody will release it */
}

/* From a copy: once the answer is out, another thread may release the file. */
void own_read(fuse_req_t req, size_t size, off_t off, struct fuse_file_info *fi)
{
	const struct own_file *f = (const struct own_file *)(uintptr_t)fi->fh;
	size_t at = (uint64_t)off < f->text.len ? (size_t)off : f->text.len;
	size_t len = f->text.len - at < size ? f->text.len - at : size;
	char *copy = malloc(len + 1);

	if (!copy) {
		reply_result(req, -ENOMEM);
		return;
	}
	memcpy(copy, buf_str(&f->text) + at, len);
	(void)fuse_reply_buf(req, copy, len); /* as above */
	free(copy);
}

void own_release(fuse_req_t req, struct fuse_file_info *fi)
{
	file_free(reply_fs(req), (struct own_file *)(uintptr_t)fi->fh);
	reply_result(req, 0);
}

void own_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	if (ino != OWN_DIR)
		reply_result(req, -ENOTDIR);
	else
		(void)fuse_reply_open(req, fi); /* nothing to give back */
}

void own_readdir(fuse_req_t req, size_t size, off_t off, bool plus)
{
	static const char *const names[] = { ".", "..", METRICS };
	static const fuse_ino_t inodes[] = { OWN_DIR, INODE_ROOT, OWN_METRICS };
	char text[LONGEST];
	size_t len = 0, room = size < sizeof(text) ? size : sizeof(text), need;

	for (size_t i = (size_t)off; i < ARRAY_LEN(names); i++) {
		/* ino 0: the kernel gets no reference, and looks the entry up when it wants it */
		struct fuse_entry_param e = {
			.attr = { .st_ino = inodes[i],
				.st_mode = inodes[i] == OWN_METRICS ? S_IFREG : S_IFDIR }
		};

		need = plus ? fuse_add_direntry_plus(
				      req, text + len, room - len, names[i], &e, (off_t)i + 1)
			    : fuse_add_direntry(
				      req, text + len, room - len, names[i], &e.attr, (off_t)i + 1);
		if (need > room - len)
			break;
		len += need;
	}
	(void)fuse_reply_buf(req, text, len); /* it may have gone */
}
