#include "node/store.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int found_temp(void *ctx, const char *name, const struct stat *st)
{
	struct pending p, *grown;
	struct store *s = ctx;

	if (pending_name_parse(name, &p.stamp, &p.id) < 0) {
		if (strncmp(name, BLOB_TEMP, strlen(BLOB_TEMP)) == 0 && S_ISREG(st->st_mode) &&
			unlinkat(s->folder.tmp, name, 0) < 0)
			return -errno;
		return 0;
	}
	p.size = blob_room(s->folder.tmp, name, st);
	grown = realloc(s->leftovers, (s->n_leftovers + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	s->leftovers = grown;
	s->leftovers[s->n_leftovers++] = p;
	usage_found_reserved(&s->usage, p.size);
	return p.id ? index_doubt(&s->index, p.id) : 0;
}

static int found_blob(void *ctx, const char *name, const struct stat *st)
{
	struct store *s = ctx;
	struct blob_name n;
	uint64_t room;
	int rc;

	if (!S_ISREG(st->st_mode) || blob_name_parse(name, &n) < 0)
		return 0;
	room = blob_room(folder_of(&s->folder, n.id), name, st);
	rc = index_found(&s->index, n.id, n.part, n.stamp, room);
	if (rc == 0)
		usage_found_live(&s->usage, room);
	return rc == -EEXIST ? 0 : rc;
}

static int scan(struct store *s)
{
	int rc = folder_each(s->folder.tmp, found_temp, s);

	for (size_t i = 0; rc == 0 && i < FOLDER_FANOUT; i++)
		rc = folder_each(s->folder.dir[i], found_blob, s);
	return rc;
}

/* Nine tenths of what the folder could hold if nobody else used the disk. */
static int default_max(struct store *s)
{
	struct usage_view u;
	struct statvfs v;

	if (fstatvfs(s->folder.root, &v) < 0)
		return -errno;
	usage_read(&s->usage, &u);
	usage_set_max(&s->usage,
		((uint64_t)v.f_bavail * v.f_frsize + u.live + u.reserved + u.trash) / 10 * 9);
	return 0;
}

int store_open(const struct store_conf *conf, struct store **out, char *error, size_t cap)
{
	struct store *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return -ENOMEM;
	usage_init(&s->usage, conf->max);
	index_init(&s->index);
	claims_init(&s->claims);
	claims_init(&s->changing);
	rc = folder_open(&s->folder, conf->path, error, cap);
	if (rc < 0)
		goto fail;
	rc = scan(s);
	if (rc == 0)
		rc = trash_open(&s->folder, &s->usage, conf->trash_ttl, &s->trash);
	if (rc == 0)
		rc = syncer_open(&s->folder, &s->syncer);
	if (rc == 0 && conf->max == 0)
		rc = default_max(s);
	if (rc < 0) {
		snprintf(error, cap, "%s: cannot read the storage folder: %s", conf->path,
			strerror(-rc));
		goto fail;
	}
	*out = s;
	return 0;
fail:
	store_close(&s);
	return rc;
}

void store_close(struct store **sp)
{
	struct store *s = *sp;

	if (!s)
		return;
	trash_close(&s->trash);
	syncer_close(&s->syncer);
	folder_close(&s->folder);
	claims_release(&s->claims);
	claims_release(&s->changing);
	index_release(&s->index);
	usage_release(&s->usage);
	free(s->leftovers);
	free(s);
	*sp = NULL;
}

int store_reserve(struct store *s, uint64_t bytes)
{
	int rc = usage_reserve(&s->usage, bytes);
	uint64_t missing;

	while (rc == -ENOSPC) {
		missing = usage_missing(&s->usage, bytes);
		if (missing > 0 && trash_free(s->trash, missing) == 0)
			return rc;
		rc = usage_reserve(&s->usage, bytes);
	}
	return rc;
}

int store_append(struct store *s, struct blob_write *w, const void *data, size_t len)
{
	int rc = blob_append(w, data, len);

	while (rc == -ENOSPC && trash_free(s->trash, len) > 0)
		rc = blob_append(w, data, len);
	return rc;
}

bool store_make_room(struct store *s, uint64_t bytes)
{
	return trash_free(s->trash, bytes) > 0;
}

int store_pend(struct store *s, struct blob_write *w, const struct pending *p, bool durable)
{
	char name[BLOB_NAME];
	int rc = 0;

	pending_name_format(p->stamp, p->id, name);
	if (renameat(s->folder.tmp, w->temp, s->folder.tmp, name) < 0)
		return -errno;
	/* the file after the rename: most file systems then write both in one go, and the directory costs nothing */
	if (durable && fsync(w->fd) < 0)
		rc = -errno;
	else if (durable)
		rc = syncer_tmp(s->syncer);
	if (rc < 0) {
		(void)renameat(s->folder.tmp, name, s->folder.tmp,
			w->temp); /* blob_abort or the next start */
		return rc;
	}
	w->temp[0] = 0;
	return 0;
}

void store_drop(struct store *s, const struct pending *p)
{
	char name[BLOB_NAME];

	pending_name_format(p->stamp, p->id, name);
	(void)unlinkat(s->folder.tmp, name, 0); /* the next start would find and settle it again */
	usage_unreserve(&s->usage, p->size);
}

int store_publish(struct store *s, const struct pending *p, uint64_t id, int fd)
{
	struct blob_name to = { .id = id, .stamp = p->stamp };
	char from[BLOB_NAME], name[BLOB_NAME];
	int rc;

	if (index_has(&s->index, id, 0, p->stamp)) {
		store_drop(s, p);
		return 0;
	}
	pending_name_format(p->stamp, p->id, from);
	blob_name_format(&to, name);
	if (renameat(s->folder.tmp, from, folder_of(&s->folder, id), name) < 0)
		return -errno;
	rc = index_add(&s->index, id, 0, p->stamp, p->size);
	if (rc < 0) {
		(void)renameat(folder_of(&s->folder, id), name, s->folder.tmp,
			from); /* or the next start */
		return rc;
	}
	usage_commit(&s->usage, p->size);
	syncer_later(s->syncer, fd, id);
	if (claim_superseded(&s->claims, p->stamp))
		(void)store_retire(
			s, &to); /* stays live if it fails; dist's reclaim list has it too */
	return 0;
}

int store_retire(struct store *s, const struct blob_name *name)
{
	uint64_t size;
	int rc;

	rc = index_remove(&s->index, name->id, name->part, name->stamp, &size);
	if (rc < 0)
		return rc;
	rc = trash_put(s->trash, name, size);
	if (rc == 0) {
		syncer_later(s->syncer, -1, name->id);
	} else if (rc == -ENOENT) { /* somebody took the file away: the bytes are gone */
		usage_retire(&s->usage, size);
		usage_purge(&s->usage, size);
		rc = 0;
	} else if (index_found(&s->index, name->id, name->part, name->stamp, size) < 0) {
		return -ENOMEM; /* on disk and counted; found again at the next start */
	}
	return rc;
}

int store_supersede(struct store *s, const struct blob_name *name)
{
	int rc = store_retire(s, name);

	if (rc != -ENOENT || !claim_supersede(&s->claims, name->stamp))
		return rc;
	/* it may have been published between the two; else store_publish() sees what was noted */
	rc = store_retire(s, name);
	return rc == -ENOENT ? 0 : rc;
}

int store_retire_all(struct store *s, uint64_t id, uint64_t except)
{
	struct blob_name n = { .id = id };
	int rc = 0;

	while (rc == 0 && index_other(&s->index, id, except, &n.part, &n.stamp) == 0) {
		rc = store_retire(s, &n);
		if (rc == -ENOENT) /* another thread was faster */
			rc = 0;
	}
	return rc;
}

/* Where it is: live, or else in the trash. */
static int read_version(struct store *s, uint64_t id, uint64_t stamp, struct blob_read *out)
{
	struct blob_name n = { .id = id, .stamp = stamp };
	char name[BLOB_NAME];
	int rc;

	blob_name_format(&n, name);
	rc = blob_open(folder_of(&s->folder, id), name, out);
	if (rc == -ENOENT)
		rc = blob_open(s->folder.trash, name, out);
	return rc;
}

int store_read(struct store *s, uint64_t id, uint64_t stamp, struct blob_read *out)
{
	uint64_t current;
	int rc;

	if (stamp)
		return read_version(s, id, stamp, out);
	rc = index_current(&s->index, id, &current);
	return rc < 0 ? rc : read_version(s, id, current, out);
}

int store_read_pending(struct store *s, uint64_t id, uint64_t stamp, struct blob_read *out)
{
	char name[BLOB_NAME];
	int rc;

	pending_name_format(stamp, id, name);
	rc = blob_open(s->folder.tmp, name, out);
	if (rc == -ENOENT) {
		pending_name_format(stamp, 0, name);
		rc = blob_open(s->folder.tmp, name, out);
	}
	return rc == -ENOENT ? read_version(s, id, stamp, out) : rc;
}
