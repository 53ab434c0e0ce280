#include "cdnfs/ops_dir.h"

#include "cdnfs/names.h"
#include "cdnfs/own.h"
#include "cdnfs/reply.h"
#include "common/clock.h"
#include "common/limits.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DOTS 2		   /* offsets: 1 behind ".", 2 behind "..", then one an entry */
#define PLUS_ENTRY_MIN 152 /* smallest entry of readdirplus */

struct page {
	struct wire_page p;
	uint64_t first; /* entries before it */
	uint64_t tick;	/* when it was asked for */
	int64_t asked_ms;
};

/* The kernel reads one open directory from one thread at a time. */
struct dir {
	struct opened opened; /* first: see dir_end */
	struct inode *in;     /* held: it is still told of when it was removed */
	uint64_t id, parent;
	struct page *pages;
	size_t n;
	bool end; /* the last page is here */
	bool all; /* all names of the pages are remembered; the first was asked for at tick */
	uint64_t tick;
};

static void forget_pages(struct dir *d)
{
	for (size_t i = 0; i < d->n; i++)
		wire_page_release(&d->pages[i].p);
	free(d->pages);
	d->pages = NULL;
	d->n = 0;
	d->end = false;
}

static void dir_free(struct cdnfs *fs, struct dir *d)
{
	opened_remove(&fs->opened, &d->opened);
	if (d->in)
		inode_drop(fs->inodes, d->in);
	/* whoever lists a directory often reads the files in it next */
	if (d->n && d->pages[0].p.n <= AHEAD_KEPT) {
		ahead_put(fs->coherence.ahead, d->id, "", d->pages[0].tick, &d->pages[0].p);
		d->pages[0].p = (struct wire_page){ 0 };
	}
	forget_pages(d);
	free(d);
}

static void dir_end(struct opened *o, void *ctx)
{
	dir_free(ctx, (struct dir *)o);
}

void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct cdnfs *fs = reply_fs(req);
	struct dir *d = calloc(1, sizeof(*d));

	fs_begin(fs, FS_opendir);
	if (!d) {
		reply_result(req, -ENOMEM);
		return;
	}
	d->in = inode_hold(fs->inodes, ino);
	d->id = ino;
	d->parent = INODE_ROOT;
	fi->fh = (uint64_t)(uintptr_t)d;
	opened_add(&fs->opened, &d->opened, dir_end);
	if (fuse_reply_open(req, fi) < 0)
		dir_free(fs, d); /* nobody will release it */
}

void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct cdnfs *fs = reply_fs(req);

	(void)ino;
	fs_begin(fs, FS_releasedir);
	dir_free(fs, (struct dir *)(uintptr_t)fi->fh);
	reply_result(req, 0);
}

void op_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	struct cdnfs *fs = reply_fs(req);
	struct wait w = reply_wait(req);

	(void)ino;
	(void)datasync;
	(void)fi; /* dist syncs all or nothing */
	fs_begin(fs, FS_fsyncdir);
	reply_result(req, link_unsynced(api_link(fs->api)) ? api_sync(fs->api, &w) : 0);
}

/* Once all pages are here, all names are known. */
static void learn_names(struct cdnfs *fs, struct dir *d, const struct page *page)
{
	if (d->n == 1) {
		d->all = true;
		d->tick = page->tick;
	}
	d->all = names_listed(fs, d->id, &page->p, page->tick) && d->all;
	if (d->end && d->all)
		dentries_complete(fs->coherence.dentries, d->id, d->tick);
}

static int fetch_page(struct cdnfs *fs, const struct wait *w, struct dir *d)
{
	struct page new = { .tick = inodes_tick(fs->inodes), .asked_ms = clock_ms() };
	const char *after = "";
	struct page *more;
	int rc;

	if (d->n) {
		const struct page *last = &d->pages[d->n - 1];

		new.first = last->first + last->p.n;
		after = buf_str(&last->p.text) + last->p.list[last->p.n - 1].name;
	}
	more = realloc(d->pages, (d->n + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	d->pages = more;
	rc = api_readdir(fs->api, w, d->id, after, LIMIT_READDIR, &new.p);
	if (rc < 0)
		return rc;
	d->parent = new.p.parent;
	d->end = !new.p.more || !new.p.n;
	d->pages[d->n++] = new;
	learn_names(fs, d, &d->pages[d->n - 1]);
	return 0;
}

/* Entry number k: 1 and its page, 0 at the end. */
static int entry_at(struct cdnfs *fs, const struct wait *w, struct dir *d, uint64_t k,
	const struct page **page, const struct wire_entry **e)
{
	for (;;) {
		for (size_t i = d->n; i-- > 0;)
			if (k >= d->pages[i].first && k - d->pages[i].first < d->pages[i].p.n) {
				*page = &d->pages[i];
				*e = &d->pages[i].p.list[k - d->pages[i].first];
				return 1;
			}
		if (d->end)
			return 0;
		int rc = fetch_page(fs, w, d);

		if (rc < 0)
			return rc;
	}
}

/* An answer being filled. */
struct listing {
	fuse_req_t req;
	struct cdnfs *fs;
	struct dir *d;
	bool plus;
	char *buf;
	size_t size, len;
	uint64_t *learnt; /* ids that the kernel gets a reference to */
	size_t nlearnt;
};

static bool fits(const struct listing *l, const char *name)
{
	size_t need = l->plus ? fuse_add_direntry_plus(l->req, NULL, 0, name, NULL, 0)
			      : fuse_add_direntry(l->req, NULL, 0, name, NULL, 0);

	return need <= l->size - l->len;
}

static void put(struct listing *l, const char *name, const struct fuse_entry_param *e, off_t next)
{
	char *at = l->buf + l->len;
	size_t room = l->size - l->len;

	l->len += l->plus ? fuse_add_direntry_plus(l->req, at, room, name, e, next)
			  : fuse_add_direntry(l->req, at, room, name, &e->attr, next);
}

static void put_dots(struct listing *l, const char *name, uint64_t id, off_t next)
{
	struct fuse_entry_param e = { .attr = { .st_ino = id, .st_mode = S_IFDIR } };

	put(l, name, &e, next);
}

static int put_entry(
	struct listing *l, const struct page *page, const struct wire_entry *entry, off_t next)
{
	const char *text = buf_str(&page->p.text), *name = text + entry->name;
	struct fuse_entry_param e = { .attr = { .st_ino = entry->attr.id,
					      .st_mode = entry->attr.mode } };
	struct attr shown;
	int rc;

	/* Where names changed since, only who looks the entry up learns what it is now. */
	if (l->plus && inode_names_tick(l->fs->inodes, l->d->id) < page->tick) {
		rc = inode_learn(l->fs->inodes, &entry->attr,
			entry->target ? text + entry->target : NULL, page->tick, 1, &shown);
		if (rc < 0)
			return rc;
		reply_entry_param(l->fs, l->d->id, name, &shown, clock_ms() - page->asked_ms, &e);
		l->learnt[l->nlearnt++] = entry->attr.id;
	}
	put(l, name, &e, next);
	return 0;
}

static int fill(struct listing *l, const struct wait *w, uint64_t off)
{
	const struct wire_entry *e;
	const struct page *page;
	int rc = 0;

	if (!l->d->n) /* for ".." */
		rc = fetch_page(l->fs, w, l->d);
	for (; rc >= 0; off++) {
		if (off < DOTS) {
			if (!fits(l, ".."))
				return 0;
			put_dots(
				l, off ? ".." : ".", off ? l->d->parent : l->d->id, (off_t)off + 1);
			continue;
		}
		rc = entry_at(l->fs, w, l->d, off - DOTS, &page, &e);
		if (rc <= 0 || !fits(l, buf_str(&page->p.text) + e->name))
			break;
		if (own_name(l->d->id, buf_str(&page->p.text) + e->name))
			continue; /* the mount's own is in its place, and is not listed */
		rc = put_entry(l, page, e, (off_t)off + 1);
	}
	return rc < 0 && !l->len ? rc : 0;
}

static void list(fuse_req_t req, size_t size, off_t off, struct dir *d, bool plus)
{
	struct cdnfs *fs = reply_fs(req);
	struct wait w = reply_wait(req);
	struct listing l = {
		.req = req, .fs = fs, .d = d, .plus = plus, .buf = malloc(size), .size = size
	};
	int rc = -ENOMEM;

	if (plus)
		l.learnt = malloc((size / PLUS_ENTRY_MIN + 1) * sizeof(*l.learnt));
	if (!l.buf || (plus && !l.learnt))
		goto out;
	if (!off)
		forget_pages(d);
	rc = fill(&l, &w, (uint64_t)off);
out:
	if (rc < 0)
		reply_result(req, rc);
	else
		rc = fuse_reply_buf(req, l.buf, l.len);
	for (size_t i = 0; rc < 0 && i < l.nlearnt; i++)
		inode_forget(fs->inodes, l.learnt[i], 1);
	free(l.learnt);
	free(l.buf);
}

void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	(void)ino;
	fs_begin(reply_fs(req), FS_readdir);
	list(req, size, off, (struct dir *)(uintptr_t)fi->fh, false);
}

void op_readdirplus(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	(void)ino;
	fs_begin(reply_fs(req), FS_readdirplus);
	list(req, size, off, (struct dir *)(uintptr_t)fi->fh, true);
}
