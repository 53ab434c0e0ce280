#include "cdnfs/ops_meta.h"

#include "cdnfs/names.h"
#include "cdnfs/ops_xattr.h"
#include "cdnfs/privs.h"
#include "cdnfs/reply.h"
#include "cdnfs/store.h"
#include "common/clock.h"
#include "common/limits.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define STATFS_MS 1000
#define STATFS_BLOCK 4096

/* Learns a file that dist answered with, and answers the kernel with it. */
static void reply_file(
	fuse_req_t req, uint64_t dir, const char *name, struct wire_file *f, uint64_t tick)
{
	struct cdnfs *fs = reply_fs(req);
	struct attr shown;
	int rc = inode_learn(fs->inodes, &f->attr, f->target, tick, 1, &shown);

	wire_file_release(f);
	if (rc < 0)
		reply_result(req, rc);
	else
		reply_entry(req, dir, name, &shown);
}

/* What is remembered may be relied upon, and tells it. */
static bool reply_known(fuse_req_t req, uint64_t dir, const char *name)
{
	struct cdnfs *fs = reply_fs(req);
	struct attr shown;
	uint64_t id;

	if (strlen(name) > LIMIT_NAME)
		return false; /* no name: dist says so */
	switch (coherence_find(&fs->coherence, dir, name, &id)) {
	case DENTRY_ABSENT:
		reply_absent(req, dir, name);
		return true;
	case DENTRY_THERE:
		if (!inode_refer(fs->inodes, id, &shown))
			return false;
		reply_entry(req, dir, name, &shown);
		return true;
	case DENTRY_UNKNOWN:
		break;
	}
	return false;
}

/* What a handle (open_by_handle_at) means of which the kernel knows no name: "." is the inode itself, ".." the folder around a
 * folder, which the kernel wants to know before it opens that. */
static void lookup_by_id(fuse_req_t req, uint64_t id, const char *name)
{
	struct cdnfs *fs = reply_fs(req);
	struct wait w = reply_wait(req);
	uint64_t tick = inodes_tick(fs->inodes);
	struct wire_file f;
	int rc = name[1] ? api_lookup(fs->api, &w, id, name, &f) : api_getattr(fs->api, &w, id, &f);

	if (rc)
		reply_result(req, rc);
	else
		reply_file(req, id, name, &f, tick);
}

/* What was asked for ahead says it. */
static bool reply_ahead(fuse_req_t req, uint64_t dir, const char *name)
{
	struct cdnfs *fs = reply_fs(req);
	struct wire_file f = { 0 };
	struct attr shown;
	uint64_t tick;
	enum dentry found = ahead_find(fs->coherence.ahead, dir, name, &f.attr, &f.target, &tick);

	if (found == DENTRY_UNKNOWN ||
		!dentries_learn(fs->coherence.dentries, dir, name, f.attr.id, tick))
		goto unknown;
	if (found == DENTRY_ABSENT) {
		reply_absent(req, dir, name);
		return true;
	}
	if (inode_learn(fs->inodes, &f.attr, f.target, tick, 1, &shown) < 0)
		goto unknown;
	wire_file_release(&f);
	reply_entry(req, dir, name, &shown);
	return true;
unknown:
	wire_file_release(&f);
	return false;
}

/* A program that looks up many names of a directory is likely to look up the next ones. */
static bool ask_ahead(fuse_req_t req, const struct wait *w, uint64_t dir, const char *name)
{
	struct cdnfs *fs = reply_fs(req);
	uint64_t tick = inodes_tick(fs->inodes);
	char from[LIMIT_NAME + 1];
	unsigned entries;
	struct wire_page page;

	if (!coherence_left(&fs->coherence) || strlen(name) > LIMIT_NAME)
		return false;
	if (reply_ahead(req, dir, name))
		return true;
	entries = ahead_missed(fs->coherence.ahead, dir, name, from);
	if (!entries || api_readdir(fs->api, w, dir, from, entries, &page) < 0)
		return false; /* whoever asks for the name alone hears why */
	if (!*from && !page.more && names_listed(fs, dir, &page, tick))
		dentries_complete(fs->coherence.dentries, dir, tick);
	ahead_put(fs->coherence.ahead, dir, from, tick, &page);
	return reply_ahead(req, dir, name);
}

void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct cdnfs *fs = reply_fs(req);
	struct wait w = reply_wait(req);
	uint64_t tick = inodes_tick(fs->inodes);
	struct wire_file f;
	int rc;

	fs_begin(fs, FS_lookup);
	if (!strcmp(name, ".") || !strcmp(name, "..")) {
		lookup_by_id(req, parent, name);
		return;
	}
	if (reply_known(req, parent, name) || ask_ahead(req, &w, parent, name))
		return;
	rc = api_lookup(fs->api, &w, parent, name, &f);
	if (!rc || rc == -ENOENT)
		(void)dentries_learn(fs->coherence.dentries, parent, name, rc ? 0 : f.attr.id,
			tick); /* else it is asked for again */
	if (!rc)
		reply_file(req, parent, name, &f, tick);
	else if (rc == -ENOENT)
		reply_absent(req, parent, name);
	else
		reply_result(req, rc);
}

void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t n)
{
	struct cdnfs *fs = reply_fs(req);

	fs_count(fs, FS_forget);
	inode_forget(fs->inodes, ino, n);
	fuse_reply_none(req);
}

void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *list)
{
	struct cdnfs *fs = reply_fs(req);

	for (size_t i = 0; i < count; i++) {
		fs_count(fs, FS_forget);
		inode_forget(fs->inodes, list[i].ino, list[i].nlookup);
	}
	fuse_reply_none(req);
}

void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct cdnfs *fs = reply_fs(req);
	struct wait w = reply_wait(req);
	struct wire_change none = { 0 };
	int64_t age = 0;
	struct attr shown;
	int rc;

	(void)fi; /* the inode knows of its staged bytes */
	fs_begin(fs, FS_getattr);
	/* The kernel asks early after changes made through this mount, whose answers told what it wants. */
	if (inode_fresh(fs->inodes, ino, fs_max_age(fs), &shown, &age))
		rc = 0;
	else if (inode_gone(fs->inodes, ino))
		rc = inode_attr(fs->inodes, ino, &shown);
	else
		rc = store_refresh(fs, &w, ino, &shown);
	if (rc == -ENOENT) /* unlinked, but open here */
		rc = inode_change_gone(fs->inodes, ino, &none, &shown);
	if (rc < 0)
		reply_result(req, rc);
	else
		reply_attr(req, &shown, age);
}

/* The nearest time that nanoseconds in 64 bits can tell. */
static int64_t ns_of(const struct timespec *t)
{
	if (t->tv_sec > LIMIT_SECONDS)
		return LIMIT_SECONDS * 1000000000;
	if (t->tv_sec < -LIMIT_SECONDS)
		return -LIMIT_SECONDS * 1000000000;
	return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

static struct wire_change change_of(const struct stat *st, int set)
{
	struct wire_change c = { .mode = st->st_mode & 07777,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.atime = ns_of(&st->st_atim),
		.mtime = ns_of(&st->st_mtim) };
	int64_t now = clock_real_ns();

	if (set & FUSE_SET_ATTR_MODE)
		c.set |= WIRE_MODE;
	if (set & FUSE_SET_ATTR_UID)
		c.set |= WIRE_UID;
	if (set & FUSE_SET_ATTR_GID)
		c.set |= WIRE_GID;
	if (set & (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_ATIME_NOW))
		c.set |= WIRE_ATIME;
	if (set & (FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW))
		c.set |= WIRE_MTIME;
	if (set & FUSE_SET_ATTR_ATIME_NOW)
		c.atime = now;
	if (set & FUSE_SET_ATTR_MTIME_NOW)
		c.mtime = now;
	return c;
}

/* Another size than 0: through staging. Nobody will close a file that was truncated by its name, so that is stored
 * at once. */
static int resize(
	struct cdnfs *fs, const struct wait *w, struct inode *in, uint64_t size, bool open)
{
	struct staged *s;
	int rc;

	if (size > LIMIT_FILE_SIZE)
		return -EFBIG;
	do {
		rc = store_begin(fs, w, in, &s);
		if (!rc)
			rc = staged_truncate(s, size, clock_real_ns());
	} while (rc == -EAGAIN);
	if (!rc && !open)
		rc = store_commit(fs, w, in, false);
	return rc;
}

/* The size, and with size 0 the rest of the change. */
static int change_size(struct cdnfs *fs, const struct wait *w, struct inode *in, uint64_t size,
	bool open, struct wire_change *c, struct attr *shown)
{
	int rc;

	if (size)
		return resize(fs, w, in, size, open);
	rc = store_empty(fs, w, in, c, shown);
	c->set = 0;
	return rc;
}

/* tar and others say of what they have written whose it is, what may be done with it, and when it was changed, and most of that
 * is so already. Storing the bytes that dist has not yet changes the ctime, and brings the mtime along. */
static bool leave_to_store(
	struct cdnfs *fs, const struct inode *in, struct staged *s, const struct wire_change *c)
{
	struct attr now;

	if (!s || c->set & ~(unsigned)(WIRE_MODE | WIRE_UID | WIRE_GID | WIRE_MTIME))
		return false;
	if (!coherence_left(&fs->coherence) || !inode_known(fs->inodes, inode_id(in)) ||
		inode_gone(fs->inodes, inode_id(in)) ||
		inode_attr(fs->inodes, inode_id(in), &now) < 0)
		return false;
	if ((c->set & WIRE_MODE && c->mode != (now.mode & 07777)) ||
		(c->set & WIRE_UID && c->uid != now.uid) ||
		(c->set & WIRE_GID && c->gid != now.gid))
		return false;
	return staged_leave(s, c->set & WIRE_MTIME ? &c->mtime : NULL);
}

static int change_attr(struct cdnfs *fs, const struct wait *w, struct inode *in,
	const struct wire_change *c, struct attr *shown)
{
	struct staged *s = inode_staged(fs->inodes, in);
	uint64_t tick = inodes_tick(fs->inodes);
	struct wire_file f;
	int rc = -ENOENT;

	if (leave_to_store(fs, in, s, c))
		return inode_changed_here(fs->inodes, inode_id(in), shown);
	if (!inode_gone(fs->inodes, inode_id(in)))
		rc = api_setattr(fs->api, w, inode_id(in), c, &f);
	if (s && (c->set & WIRE_MTIME) && (!rc || rc == -ENOENT))
		staged_set_mtime(s, c->mtime);
	if (rc == -ENOENT)
		return inode_change_gone(fs->inodes, inode_id(in), c, shown);
	if (rc < 0) {
		inode_stale(fs->inodes, inode_id(in)); /* perhaps it was done all the same */
		return rc;
	}
	inode_changed_since(fs->inodes, tick, &f.attr, shown);
	wire_file_release(&f);
	return 0;
}

/* What the change takes away. One of nothing the kernel sends before a write, and for a chown that names nobody. */
static int take_privs(struct cdnfs *fs, const struct wait *w, struct inode *in,
	const struct caller *who, int set, struct wire_change *c)
{
	if (!set || set & FUSE_SET_ATTR_SIZE)
		return privs_take(fs, w, in, who, c);
	if (set & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID))
		return privs_take_owner(fs, w, in, who, c);
	return 0;
}

void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int set, struct fuse_file_info *fi)
{
	struct cdnfs *fs = reply_fs(req);
	struct wait w = reply_wait(req);
	struct wire_change c = change_of(st, set);
	struct inode *in = inode_hold(fs->inodes, ino);
	struct caller who = reply_caller(req);
	struct attr shown;
	int rc = in ? 0 : -ESTALE;

	fs_begin(fs, FS_setattr);
	if (in)
		rc = take_privs(fs, &w, in, &who, set, &c);
	if (in && !rc && (set & FUSE_SET_ATTR_SIZE))
		rc = change_size(fs, &w, in, (uint64_t)st->st_size, fi != NULL, &c, &shown);
	if (in && !rc && c.set)
		rc = change_attr(fs, &w, in, &c, &shown);
	if (in && !rc && !c.set)
		rc = inode_attr(fs->inodes, ino, &shown);
	if (in)
		inode_drop(fs->inodes, in);
	if (rc < 0)
		reply_result(req, rc);
	else
		reply_attr(req, &shown, 0);
}

void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct cdnfs *fs = reply_fs(req);
	struct wait w = reply_wait(req);
	char *target = inode_target(fs->inodes, ino);
	struct attr shown;
	int rc;

	fs_begin(fs, FS_readlink);
	if (!target) {
		rc = store_refresh(fs, &w, ino, &shown);
		if (rc < 0) {
			reply_result(req, rc);
			return;
		}
		target = inode_target(fs->inodes, ino);
	}
	if (target)
		(void)fuse_reply_readlink(req, target); /* the requester may have gone */
	else
		reply_result(req, -EINVAL);
	free(target);
}

/* What mknod, mkdir, symlink and link have in common: a name that is being made. */
struct making {
	fuse_req_t req;
	struct cdnfs *fs;
	struct wait w;
	uint64_t parent, tick;
	const char *name;
	struct wire_file f;
	struct attr dir;
};

static struct making make(fuse_req_t req, enum fs_op op, uint64_t parent, const char *name)
{
	struct making m = { .req = req,
		.fs = reply_fs(req),
		.w = reply_wait(req),
		.parent = parent,
		.name = name };

	fs_begin(m.fs, op);
	m.tick = names_begin(m.fs, parent);
	return m;
}

static void made(struct making *m, int rc)
{
	struct cdnfs *fs = m->fs;
	struct attr shown;

	names_end(fs, m->parent, m->name, rc < 0 ? 0 : m->f.attr.id, rc, &m->dir, m->tick);
	if (rc < 0) {
		reply_result(m->req, rc);
		return;
	}
	if (m->f.attr.nlink > 1 && !S_ISDIR(m->f.attr.mode)) /* link changed what was there */
		inode_changed_since(fs->inodes, m->tick, &m->f.attr, &shown);
	reply_file(m->req, m->parent, m->name, &m->f, m->tick);
}

void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	struct making m = make(req, FS_mknod, parent, name);
	struct api_new new = names_new(req, parent, name, mode);

	new.rdev = rdev;
	made(&m, api_mknod(m.fs->api, &m.w, &new, &m.f, &m.dir));
}

void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct making m = make(req, FS_mkdir, parent, name);
	struct api_new new = names_new(req, parent, name, mode | S_IFDIR);
	int rc;

	new.mode &= 07777;
	rc = api_mkdir(m.fs->api, &m.w, &new, &m.f, &m.dir);
	if (!rc) /* nothing is in it yet */
		dentries_complete(m.fs->coherence.dentries, m.f.attr.id, m.tick);
	made(&m, rc);
}

void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	struct making m = make(req, FS_symlink, parent, name);
	struct api_new new = names_new(req, parent, name, 0777);

	new.target = target;
	made(&m, strlen(target) > LIMIT_TARGET ? -ENAMETOOLONG
					       : api_symlink(m.fs->api, &m.w, &new, &m.f, &m.dir));
}

void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
	struct making m = make(req, FS_link, parent, name);

	made(&m, api_link_file(m.fs->api, &m.w, ino, parent, name, &m.f, &m.dir));
}

void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct cdnfs *fs = reply_fs(req);
	struct wait w = reply_wait(req);
	struct attr dir = { 0 };
	uint64_t tick, id = 0;
	uint32_t nlink = 0;
	int rc;

	fs_begin(fs, FS_unlink);
	ops_xattr_save(fs, &w, parent, name);
	tick = names_begin(fs, parent);
	rc = api_unlink(fs->api, &w, parent, name, &id, &nlink, &dir);
	if (!rc && id)
		inode_unlinked(fs->inodes, id, nlink);
	names_end(fs, parent, name, 0, rc, &dir, tick);
	reply_result(req, rc);
}

void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct cdnfs *fs = reply_fs(req);
	struct wait w = reply_wait(req);
	struct attr dir = { 0 };
	uint64_t tick, id = 0;
	int rc;

	fs_begin(fs, FS_rmdir);
	ops_xattr_save(fs, &w, parent, name);
	tick = names_begin(fs, parent);
	rc = api_rmdir(fs->api, &w, parent, name, &id, &dir);
	if (!rc && id)
		inode_unlinked(fs->inodes, id, 0);
	names_end(fs, parent, name, 0, rc, &dir, tick);
	reply_result(req, rc);
}

void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t toparent,
	const char *toname, unsigned flags)
{
	struct names_move m = { .dir = parent,
		.name = name,
		.todir = toparent,
		.toname = toname,
		.exchange = flags == RENAME_EXCHANGE };
	struct cdnfs *fs = reply_fs(req);
	struct wait w = reply_wait(req);
	const char *text = flags == RENAME_NOREPLACE  ? "noreplace"
			   : flags == RENAME_EXCHANGE ? "exchange"
						      : "";
	int rc;

	fs_begin(fs, FS_rename);
	ops_xattr_save(fs, &w, toparent, toname);
	names_move_begin(fs, &m);
	if (flags && !*text)
		rc = -EINVAL;
	else
		rc = api_rename(fs->api, &w, parent, name, toparent, toname, text, m.meant, m.told);
	names_move_end(fs, &m, rc);
	reply_result(req, rc);
}

static int room_now(struct cdnfs *fs, const struct wait *w, struct wire_room *out)
{
	int64_t now = clock_ms();
	bool fresh;
	int rc;

	pthread_mutex_lock(&fs->room_lock);
	fresh = fs->room_ms && now - fs->room_ms < STATFS_MS;
	if (fresh)
		*out = fs->room;
	pthread_mutex_unlock(&fs->room_lock);
	if (fresh)
		return 0;
	rc = api_statfs(fs->api, w, out);
	if (rc < 0)
		return rc;
	pthread_mutex_lock(&fs->room_lock);
	fs->room = *out;
	fs->room_ms = now;
	pthread_mutex_unlock(&fs->room_lock);
	return 0;
}

void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct cdnfs *fs = reply_fs(req);
	struct wait w = reply_wait(req);
	struct wire_room room;
	struct statvfs v = {
		.f_bsize = STATFS_BLOCK, .f_frsize = STATFS_BLOCK, .f_namemax = LIMIT_NAME
	};
	int rc;

	(void)ino; /* one file system */
	fs_begin(fs, FS_statfs);
	rc = room_now(fs, &w, &room);
	if (rc < 0) {
		reply_result(req, rc);
		return;
	}
	v.f_blocks = room.total / STATFS_BLOCK;
	v.f_bfree = v.f_bavail = room.free / STATFS_BLOCK;
	v.f_files = room.files + room.free_files;
	v.f_ffree = v.f_favail = room.free_files;
	(void)fuse_reply_statfs(req, &v); /* the requester may have gone */
}
