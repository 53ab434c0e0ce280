/* staging - the local copy of a file being written: one unlinked file on local disk for each inode, shared by all its
 * handles. It holds what was written here; the rest is in the version that it is based on (and below `cut`: a shorter
 * one). Knows no network; its owner reads what it has not, and sends what was changed. Writers wait while it is
 * sent, so that what is stored is one moment's content.
 *
 * state     changes since the base  leaves by
 * NEW       no base yet             begin → CLEAN; hold → SENDING
 * CLEAN     none                    write, truncate … → DIRTY; retire → NEW; hold → SENDING
 * DIRTY     some                    send, hold → SENDING
 * SENDING   on their way            stored → CLEAN (DIRTY, when there are others behind those), failed → what it was */
#ifndef CDNFS_STAGING_H
#define CDNFS_STAGING_H

#include "cdnfs/edit.h"
#include "cdnfs/wire.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define STAGED_RANGES 16384 /* changed ranges, beyond which gaps between them are filled */

struct staged;
struct staging_dir;

/* The folder stays open as long as the file. */
int staged_open(struct staging_dir *dir, struct staged **out);
void staged_close(struct staged **s); /* nobody may use it any more */

/* A NEW one is based on that version from now on. */
void staged_begin(struct staged *s, const struct version *base);
/* The base can no longer be read, `now` is current: what was not changed here is read there. */
void staged_rebase(struct staged *s, uint64_t base, const struct version *now);

/* All of it, at off or (append) at the end. 0 or -errno; -EAGAIN: it is NEW. `now`: the file's new mtime in ns. */
int staged_write(
	struct staged *s, const void *data, size_t len, uint64_t off, bool append, int64_t now);
int staged_truncate(struct staged *s, uint64_t size, int64_t now);
/* At least so long. */
int staged_grow(struct staged *s, uint64_t size, int64_t now);
/* Zeros from off to end, as far as the file goes when `keep`, else it gets so long. */
int staged_zero(struct staged *s, uint64_t off, uint64_t end, bool keep, int64_t now);
/* A time that was set by hand goes with the next send. */
void staged_set_mtime(struct staged *s, int64_t mtime);
/* True when there is something to be sent, with which the time goes then (NULL: as it is). */
bool staged_leave(struct staged *s, const int64_t *mtime);

/* Bytes read, 0 at the end; -EAGAIN: nothing is here (read the current version); -ENODATA: the first *missing bytes at off are
 * those of version *base. May give less than there is. */
ssize_t staged_read(struct staged *s, void *data, size_t len, uint64_t off, struct version *base,
	size_t *missing);
/* Too many changed ranges? Then *gap is what to read and give to staged_join(), piece by piece. */
bool staged_crowded(struct staged *s, struct range *gap);
/* Bytes as the file has them, which count as changed from now on. 0 or -errno. */
int staged_join(struct staged *s, const void *data, size_t len, uint64_t off);

/* What is to be stored. */
struct staged_job {
	int fd;		/* the staged file's own */
	uint64_t size;	/* the file's */
	uint64_t stamp; /* for the new version */
	struct version base;
	int64_t mtime;
	const struct edit *edit; /* valid until the end of the send */
	bool whole;		 /* all bytes are in fd */
	bool streamed;		 /* and are being sent under that stamp: staged_stream_end() */
};
/* 1: *job is to be stored, and then staged_send_end; 0: nothing to store. Waits for writers and senders. */
int staged_send_begin(struct staged *s, struct staged_job *job);
enum staged_end {
	STAGED_STORED, /* it is version *now, which has the bytes that are seen here */
	STAGED_MERGED, /* the same, but changes of others are in it too */
	STAGED_LEFT,   /* there is no file any more; nobody will ask */
	STAGED_FAILED, /* nothing was stored: it stays dirty */
	STAGED_UNKNOWN, /* it may be stored, or be so later: what must not be applied twice is sent again under its stamp */
};
void staged_send_end(struct staged *s, enum staged_end how, const struct version *now);

/* The CDN is told to make another version of it (nothing, a copy of another file): hold, do it, end. now: it is that version and
 * CLEAN, whatever it was; NULL: it is as before. */
void staged_hold(struct staged *s);
void staged_hold_end(struct staged *s, const struct version *now);

/* Forgets a CLEAN one whose base is not version `stamp`. */
void staged_retire(struct staged *s, uint64_t stamp);

/* True when there are bytes the CDN has not: then the file's size and mtime. */
bool staged_dirty(struct staged *s, uint64_t *size, int64_t *mtime);

#endif
