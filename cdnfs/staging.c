#include "cdnfs/staging.h"

#include "cdnfs/staging_dir.h"
#include "cdnfs/staging_priv.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/stamp.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEPT_RANGES 4096 /* of clean bytes; more are forgotten */

int staged_open(struct staging_dir *dir, struct staged **out)
{
	struct staged *s = calloc(1, sizeof(*s));
	int rc = -ENOMEM;

	if (!s)
		return rc;
	pthread_mutex_init(&s->lock, NULL);
	clock_cond_init(&s->changed);
	edit_release(&s->now);
	edit_release(&s->sent);
	s->dir = dir;
	s->fd = staging_temp(dir);
	if (s->fd < 0) {
		rc = s->fd;
		staged_close(&s);
		return rc;
	}
	*out = s;
	return 0;
}

void staged_close(struct staged **s)
{
	if (!*s)
		return;
	if ((*s)->fd >= 0)
		staging_give_back((*s)->dir, (*s)->fd);
	ranges_release(&(*s)->have);
	edit_release(&(*s)->now);
	edit_release(&(*s)->sent);
	pthread_cond_destroy(&(*s)->changed);
	pthread_mutex_destroy(&(*s)->lock);
	free(*s);
	*s = NULL;
}

static void enter_locked(struct staged *s, enum state to)
{
	static const unsigned from[] = {
		[NEW] = 1 << CLEAN,
		[CLEAN] = 1 << NEW | 1 << SENDING | 1 << CLEAN | 1 << DIRTY,
		[DIRTY] = 1 << CLEAN | 1 << DIRTY | 1 << SENDING,
		[SENDING] = 1 << CLEAN | 1 << DIRTY | 1 << NEW,
	};

	assert(from[to] & 1U << s->state || (to == NEW && s->before == NEW));
	s->state = to;
	pthread_cond_broadcast(&s->changed);
}

/* Until nobody sends; with `alone`, until nobody reads or writes either. */
static void settle_locked(struct staged *s, bool alone)
{
	while (s->state == SENDING || (alone && s->busy))
		pthread_cond_wait(&s->changed, &s->lock);
}

static void idle_locked(struct staged *s)
{
	if (!--s->busy)
		pthread_cond_broadcast(&s->changed);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Bytes that are here and were not changed are forgotten. */
static void forget_locked(struct staged *s)
{
	ranges_clear(&s->have);
	if (edit_empty(&s->now) && !s->stuck) {
		if (ftruncate(s->fd, 0) < 0) /* what is not in `have` is not read */
			log_info("staged bytes stay until the file is closed", "error=\"%s\"",
				strerror(errno));
		return;
	}
	/* Without memory they are read as they were in the base until they are stored. */
	if (ranges_add_all(&s->have, &s->now.dirty) < 0 ||
		ranges_add_all(&s->have, &s->sent.dirty) < 0 ||
		ranges_add(&s->have, least(s->now.append, s->sent.append), s->size) < 0)
		log_error("no memory to show what was written", "ranges=%zu", s->now.dirty.n);
}

static void base_locked(struct staged *s, const struct version *v)
{
	s->head = s->base = *v;
	s->cut = least(v->size, s->now.low);
	if (s->stuck)
		s->cut = least(s->cut, s->sent.low);
	if (edit_empty(&s->now) && !s->stuck)
		s->size = v->size;
	else if (s->cut > s->size)
		s->size = s->cut;
}

void staged_begin(struct staged *s, const struct version *base)
{
	pthread_mutex_lock(&s->lock);
	settle_locked(s, false);
	if (s->state == NEW) {
		base_locked(s, base);
		enter_locked(s, CLEAN);
	}
	pthread_mutex_unlock(&s->lock);
}

void staged_rebase(struct staged *s, uint64_t base, const struct version *now)
{
	pthread_mutex_lock(&s->lock);
	settle_locked(s, true);
	if (s->state != NEW && s->base.stamp == base) {
		forget_locked(s);
		base_locked(s, now);
	}
	pthread_mutex_unlock(&s->lock);
}

static int write_all(int fd, const void *data, size_t len, uint64_t off)
{
	while (len) {
		ssize_t n = pwrite(fd, data, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data = (const char *)data + n;
		len -= (size_t)n;
		off += (uint64_t)n;
	}
	return 0;
}

/* A change begins: 0 and the file's size, or -EAGAIN. The kernel sends no two changes of a file's length at once. */
static int change_begin(struct staged *s, bool alone, uint64_t *size)
{
	pthread_mutex_lock(&s->lock);
	settle_locked(s, alone);
	if (s->state == NEW) {
		pthread_mutex_unlock(&s->lock);
		return -EAGAIN;
	}
	enter_locked(s, DIRTY);
	s->busy++;
	*size = s->size;
	pthread_mutex_unlock(&s->lock);
	return 0;
}

/* The lock is held, and given back. */
static int change_end(struct staged *s, int64_t now, int rc)
{
	if (!edit_empty(&s->now))
		s->mtime = now;
	if (rc < 0 || s->now.append != EDIT_NONE)
		staged_stream_spoil_locked(s, 0);
	if (s->stream == ON)
		pthread_cond_broadcast(&s->changed);
	idle_locked(s);
	if (!s->busy && edit_empty(&s->now) && !s->stuck)
		enter_locked(s, CLEAN); /* it failed, or changed nothing */
	pthread_mutex_unlock(&s->lock);
	return rc;
}

/* [from, to) was written. */
static int wrote_locked(struct staged *s, uint64_t from, uint64_t to)
{
	int rc = ranges_add(&s->have, from, to);

	staged_stream_spoil_locked(s, from);
	if (!rc)
		rc = edit_write(&s->now, s->size, from, to);
	if (!rc && to > s->size)
		s->size = to;
	return rc;
}

int staged_write(
	struct staged *s, const void *data, size_t len, uint64_t off, bool append, int64_t now)
{
	uint64_t size;
	int rc = change_begin(s, append, &size);

	if (rc)
		return rc;
	if (append)
		off = size;
	rc = write_all(s->fd, data, len, off);
	pthread_mutex_lock(&s->lock);
	if (!rc && append)
		edit_append(&s->now, size);
	if (!rc && append)
		s->size = off + len; /* so that the write is one within what is appended */
	if (!rc)
		rc = wrote_locked(s, off, off + len);
	return change_end(s, now, rc);
}

int staged_truncate(struct staged *s, uint64_t to, int64_t now)
{
	uint64_t size;
	int rc = change_begin(s, true, &size);

	if (rc)
		return rc;
	rc = ftruncate(s->fd, (off_t)to) < 0 ? -errno : 0;
	pthread_mutex_lock(&s->lock);
	if (!rc)
		rc = edit_truncate(&s->now, size, to);
	if (!rc) {
		ranges_trim(&s->have, to);
		staged_stream_spoil_locked(s, to);
		s->cut = least(s->cut, to);
		s->size = to;
	}
	return change_end(s, now, rc);
}

static int file_grow(struct staged *s, uint64_t size, uint64_t to)
{
	return to > size && ftruncate(s->fd, (off_t)to) < 0 ? -errno : 0;
}

static void grow_locked(struct staged *s, uint64_t to)
{
	if (to <= s->size)
		return;
	if (s->now.append == EDIT_NONE)
		s->now.resized = true; /* else what is appended ends in zeros */
	s->size = to;
}

int staged_grow(struct staged *s, uint64_t to, int64_t now)
{
	uint64_t size;
	int rc = change_begin(s, true, &size);

	if (rc)
		return rc;
	rc = file_grow(s, size, to);
	pthread_mutex_lock(&s->lock);
	if (!rc)
		grow_locked(s, to);
	return change_end(s, now, rc);
}

/* The staged file has zeros there, and reaches their end: of what is only stored it has nothing. */
static int punch(int fd, uint64_t off, uint64_t end)
{
	static const char zeros[65536];
	int rc = off < end ? write_all(fd, zeros, 1, end - 1) : 0;

	if (rc)
		return rc;
	if (off >= end || fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)off,
				  (off_t)(end - off)) == 0)
		return 0;
	if (errno != EOPNOTSUPP)
		return -errno;
	for (; !rc && off < end; off += sizeof(zeros))
		rc = write_all(fd, zeros, least(end - off, sizeof(zeros)), off);
	return rc;
}

int staged_zero(struct staged *s, uint64_t off, uint64_t end, bool keep, int64_t now)
{
	uint64_t size;
	int rc = change_begin(s, true, &size);

	if (rc)
		return rc;
	if (keep)
		end = least(end, size);
	rc = file_grow(s, size, end);
	if (!rc)
		rc = punch(s->fd, off, end);
	pthread_mutex_lock(&s->lock);
	if (!rc)
		grow_locked(s, end);
	if (!rc && off < end)
		rc = wrote_locked(s, off, end);
	return change_end(s, now, rc);
}

void staged_set_mtime(struct staged *s, int64_t mtime)
{
	pthread_mutex_lock(&s->lock);
	settle_locked(s, true);
	s->mtime = mtime;
	pthread_mutex_unlock(&s->lock);
}

bool staged_leave(struct staged *s, const int64_t *mtime)
{
	bool dirty;

	pthread_mutex_lock(&s->lock);
	settle_locked(s, true);
	dirty = s->state == DIRTY;
	if (dirty && mtime)
		s->mtime = *mtime;
	pthread_mutex_unlock(&s->lock);
	return dirty;
}

bool staged_readable_locked(const struct staged *s)
{
	if (s->state == NEW || (s->state == SENDING && s->before == NEW))
		return false;
	/* nothing of its own */
	return s->state != CLEAN || s->have.n || !s->base.stamp || s->cut != s->base.size ||
	       s->size != s->cut;
}

enum staged_where staged_look_locked(const struct staged *s, uint64_t off, size_t *len)
{
	const struct range *r = ranges_from(&s->have, off);
	uint64_t end = least(s->size, r ? r->from <= off ? r->to : r->from : UINT64_MAX);
	enum staged_where where = r && r->from <= off ? STAGED_HERE
				  : off < s->cut      ? STAGED_AT_BASE
						      : STAGED_ZEROS;

	if (where == STAGED_AT_BASE)
		end = least(end, s->cut);
	*len = (size_t)least(*len, end - off);
	return where;
}

ssize_t staged_read_here(struct staged *s, char *data, size_t len, uint64_t off)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(s->fd, data + done, len - done, (off_t)(off + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0) { /* beyond the file's end: a hole */
			memset(data + done, 0, len - done);
			break;
		}
		done += (size_t)n;
	}
	return (ssize_t)len;
}

ssize_t staged_read(struct staged *s, void *data, size_t len, uint64_t off, struct version *base,
	size_t *missing)
{
	enum staged_where where = STAGED_ZEROS;
	ssize_t n;

	pthread_mutex_lock(&s->lock);
	if (!staged_readable_locked(s)) {
		pthread_mutex_unlock(&s->lock);
		return -EAGAIN;
	}
	if (off >= s->size)
		len = 0;
	else
		where = staged_look_locked(s, off, &len);
	*base = s->base;
	s->busy++;
	pthread_mutex_unlock(&s->lock);
	if (where == STAGED_HERE) {
		n = staged_read_here(s, data, len, off);
	} else if (where == STAGED_AT_BASE) {
		*missing = len;
		n = -ENODATA;
	} else {
		memset(data, 0, len);
		n = (ssize_t)len;
	}
	pthread_mutex_lock(&s->lock);
	idle_locked(s);
	pthread_mutex_unlock(&s->lock);
	return n;
}

bool staged_crowded(struct staged *s, struct range *gap)
{
	bool crowded;

	pthread_mutex_lock(&s->lock);
	crowded = s->now.dirty.n > STAGED_RANGES && ranges_gap(&s->now.dirty, gap);
	pthread_mutex_unlock(&s->lock);
	return crowded;
}

/* One piece of them; *len: how long it may be, and is. */
static int join_piece(struct staged *s, const void *data, size_t *len, uint64_t off)
{
	enum staged_where where;
	int rc = 0;

	pthread_mutex_lock(&s->lock);
	where = staged_look_locked(s, off, len);
	pthread_mutex_unlock(&s->lock);
	if (where != STAGED_HERE)
		rc = write_all(s->fd, data, *len, off);
	pthread_mutex_lock(&s->lock);
	if (!rc)
		rc = wrote_locked(s, off, off + *len);
	pthread_mutex_unlock(&s->lock);
	return rc;
}

int staged_join(struct staged *s, const void *data, size_t len, uint64_t off)
{
	uint64_t size;
	int rc = change_begin(s, true, &size);
	size_t n;

	if (rc)
		return rc;
	len = off < size ? (size_t)least(len, size - off) : 0;
	for (; !rc && len; off += n, len -= n, data = (const char *)data + n) {
		n = len;
		rc = join_piece(s, data, &n, off);
	}
	pthread_mutex_lock(&s->lock);
	return change_end(s, s->mtime, rc);
}

int staged_send_begin(struct staged *s, struct staged_job *job)
{
	int todo;

	pthread_mutex_lock(&s->lock);
	settle_locked(s, true);
	todo = s->state == DIRTY;
	if (todo && !s->stuck) {
		s->sent = s->now;
		s->now = (struct edit)EDIT_INIT;
		s->sent_size = s->size;
		s->sent_stamp = staged_stream_claim_locked(s) ? s->stream_stamp : stamp_new();
	}
	if (todo) {
		*job = (struct staged_job){ .fd = s->fd,
			.size = s->sent_size,
			.stamp = s->sent_stamp,
			.base = s->head,
			.mtime = s->mtime,
			.edit = &s->sent,
			.whole = !s->stuck && ranges_cover(&s->have, 0, s->size),
			.streamed = s->stream == CLAIMED };
		s->before = s->state;
		enter_locked(s, SENDING);
	}
	pthread_mutex_unlock(&s->lock);
	return todo;
}

static void stored_locked(struct staged *s, bool merged, const struct version *v)
{
	edit_release(&s->sent);
	s->stuck = false;
	s->head = *v;
	if (!merged && s->have.n <= KEPT_RANGES)
		return; /* the blocks of the base that are in memory stay good */
	forget_locked(s);
	base_locked(s, v);
}

/* What was sent is only changed again; it does not fail but for memory, and then stays apart. */
static void failed_locked(struct staged *s, bool known)
{
	s->stuck = (!known && s->sent.append != EDIT_NONE) || edit_join(&s->now, &s->sent) < 0;
}

void staged_send_end(struct staged *s, enum staged_end how, const struct version *now)
{
	pthread_mutex_lock(&s->lock);
	s->stream = OFF;
	switch (how) {
	case STAGED_STORED:
	case STAGED_MERGED:
		stored_locked(s, how == STAGED_MERGED, now);
		break;
	case STAGED_LEFT:
		edit_release(&s->sent);
		edit_release(&s->now);
		s->stuck = false;
		break;
	case STAGED_FAILED:
	case STAGED_UNKNOWN:
		failed_locked(s, how == STAGED_FAILED);
		break;
	}
	enter_locked(s, edit_empty(&s->now) && !s->stuck && how <= STAGED_LEFT ? CLEAN : DIRTY);
	s->before = CLEAN;
	pthread_mutex_unlock(&s->lock);
}

void staged_hold(struct staged *s)
{
	pthread_mutex_lock(&s->lock);
	settle_locked(s, true);
	s->before = s->state;
	s->stream = OFF;
	enter_locked(s, SENDING);
	pthread_mutex_unlock(&s->lock);
}

void staged_hold_end(struct staged *s, const struct version *now)
{
	pthread_mutex_lock(&s->lock);
	if (now) {
		edit_release(&s->now);
		edit_release(&s->sent);
		s->stuck = false;
		forget_locked(s);
		base_locked(s, now);
	}
	enter_locked(s, now ? CLEAN : s->before);
	s->before = CLEAN;
	pthread_mutex_unlock(&s->lock);
}

void staged_retire(struct staged *s, uint64_t stamp)
{
	pthread_mutex_lock(&s->lock);
	settle_locked(s, true);
	if (s->state == CLEAN && s->head.stamp != stamp) {
		forget_locked(s);
		s->size = 0;
		enter_locked(s, NEW);
	}
	pthread_mutex_unlock(&s->lock);
}

bool staged_dirty(struct staged *s, uint64_t *size, int64_t *mtime)
{
	bool dirty;

	pthread_mutex_lock(&s->lock);
	dirty = s->state == DIRTY || (s->state == SENDING && s->before == DIRTY);
	if (dirty) {
		*size = s->size;
		*mtime = s->mtime;
	}
	pthread_mutex_unlock(&s->lock);
	return dirty;
}
