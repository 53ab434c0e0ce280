#include "cdnfs/names.h"

#include "cdnfs/gate.h"
#include "cdnfs/teller.h"
#include <errno.h>
#include <sys/stat.h>

struct api_new names_new(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct cdnfs *fs = fuse_req_userdata(req);
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	struct api_new new = { .dir = parent,
		.name = name,
		.mode = mode,
		.umask = ctx->umask & 0777,
		.uid = ctx->uid,
		.gid = ctx->gid };
	struct attr dir;

	if (inode_attr(fs->inodes, parent, &dir) == 0 && (dir.mode & S_ISGID)) {
		new.gid = dir.gid;
		if (S_ISDIR(mode))
			new.mode |= S_ISGID;
	}
	return new;
}

void names_changed(struct cdnfs *fs, uint64_t dir, const struct attr *attr, uint64_t tick)
{
	struct attr shown;

	inode_names_changed(fs->inodes, dir);
	if (attr->id)
		inode_changed_since(fs->inodes, tick, attr, &shown);
	else
		inode_stale(fs->inodes, dir);
}

bool names_listed(struct cdnfs *fs, uint64_t dir, const struct wire_page *page, uint64_t tick)
{
	const char *text = buf_str(&page->text);
	bool all = true;

	for (size_t i = 0; i < page->n; i++)
		if (!dentries_learn(fs->coherence.dentries, dir, text + page->list[i].name,
			    page->list[i].attr.id, tick))
			all = false;
	return all;
}

/* Errors that say for sure that nothing was done. */
static bool was_refused(int rc)
{
	static const int refusals[] = { -ENOENT, -EEXIST, -ENOTDIR, -EISDIR, -ENOTEMPTY, -EINVAL,
		-ENAMETOOLONG, -EPERM, -ELOOP, -EMLINK, -EFBIG };

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (refusals[i] == rc)
			return true;
	return false;
}

uint64_t names_begin(struct cdnfs *fs, uint64_t dir)
{
	coherence_begin(&fs->coherence, dir);
	return inodes_tick(fs->inodes);
}

void names_end(struct cdnfs *fs, uint64_t dir, const char *name, uint64_t id, int rc,
	const struct attr *dir_attr, uint64_t tick)
{
	static const struct attr unknown = { 0 };

	dentries_set(fs->coherence.dentries, dir, name, rc < 0 ? DENTRY_LOST : id, tick);
	if (rc == 0)
		names_changed(fs, dir, dir_attr, tick);
	else if (!was_refused(rc))
		names_changed(fs, dir, &unknown, tick);
	coherence_end(&fs->coherence, dir);
}

static uint64_t meaning(struct cdnfs *fs, uint64_t dir, const char *name)
{
	uint64_t id = 0;

	return coherence_find(&fs->coherence, dir, name, &id) == DENTRY_UNKNOWN ? DENTRY_LOST : id;
}

void names_move_begin(struct cdnfs *fs, struct names_move *m)
{
	m->tick = names_begin(fs, m->dir);
	if (m->todir != m->dir)
		coherence_begin(&fs->coherence, m->todir);
	m->id = meaning(fs, m->dir, m->name);
	m->toid = meaning(fs, m->todir, m->toname);
	m->meant[0] = m->id == DENTRY_LOST ? 0 : m->id;
	m->meant[1] = m->toid == DENTRY_LOST ? 0 : m->toid;
}

/* Nobody else has changed what the names mean, so what moved, and what it replaced, is known. */
static bool is_sure(struct cdnfs *fs, const struct names_move *m)
{
	return m->id != DENTRY_LOST && m->id && m->toid != DENTRY_LOST &&
	       gate_clean(fs->inodes, gate_entry(m->dir, m->name), m->tick) &&
	       gate_clean(fs->inodes, gate_entry(m->todir, m->toname), m->tick);
}

/* The times of what moved and the links of what was replaced are others now. */
static void moved(struct cdnfs *fs, const struct names_move *m)
{
	struct dentries *d = fs->coherence.dentries;
	bool sure = is_sure(fs, m);

	if (sure) {
		inode_moved(fs->inodes, m->tick, m->id, &m->told[2]);
		if (m->toid)
			inode_moved(fs->inodes, m->tick, m->toid, &m->told[3]);
	} else {
		inodes_distrust(fs->inodes, inodes_tick(fs->inodes));
	}
	if (m->id == m->toid && m->id != DENTRY_LOST)
		sure = false; /* two names of one file: both stay */
	dentries_set(d, m->dir, m->name, !sure ? DENTRY_LOST : m->exchange ? m->toid : 0, m->tick);
	dentries_set(d, m->todir, m->toname, sure ? m->id : DENTRY_LOST, m->tick);
	if (!dentries_move(d, m->dir, m->name, m->todir, m->toname, m->exchange))
		teller_add(fs->teller, m->todir, m->toname);
}

void names_move_end(struct cdnfs *fs, struct names_move *m, int rc)
{
	static const struct attr unknown = { 0 };
	bool told = rc == 0;

	if (rc == 0) {
		moved(fs, m);
	} else {
		if (!was_refused(rc)) /* perhaps it was done all the same */
			inodes_distrust(fs->inodes, inodes_tick(fs->inodes));
		dentries_set(fs->coherence.dentries, m->dir, m->name, DENTRY_LOST, m->tick);
		dentries_set(fs->coherence.dentries, m->todir, m->toname, DENTRY_LOST, m->tick);
	}
	if (told || !was_refused(rc)) {
		names_changed(fs, m->dir, told ? &m->told[0] : &unknown, m->tick);
		if (m->todir != m->dir)
			names_changed(fs, m->todir, told ? &m->told[1] : &unknown, m->tick);
	}
	coherence_end(&fs->coherence, m->dir);
	if (m->todir != m->dir)
		coherence_end(&fs->coherence, m->todir);
}
