/* staging - the local copy of a file being written: one unlinked file on local disk for each inode, shared by all its
 * handles. Knows no network; its owner fills it and sends it. Writers wait while it is sent, so that what is stored is
 * one moment's content.
 *
 * state     local bytes  stored by the CDN  leaves by
 * NEW       none         all                fill → FILLING
 * FILLING   partly       all                filled → CLEAN, failed → NEW
 * CLEAN     all          all                write, truncate → DIRTY; retire → NEW; hold → SENDING
 * DIRTY     newest       older              send, hold → SENDING
 * SENDING   newest       partly             stored → CLEAN, failed → what it was
 */
#ifndef CDNFS_STAGING_H
#define CDNFS_STAGING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct staged;

/* A folder that can hold staged files. 0 and *fd, or -errno with a sentence in error. */
int staging_dir_open(const char *path, int *fd, char *error, size_t cap);

int staged_open(int dirfd, struct staged **out);
void staged_close(struct staged **s); /* nobody may use it any more */

/* 1: the caller must fill it and end the fill; 0: it has its bytes. Waits for another's fill. */
int staged_fill_begin(struct staged *s);
/* While filling. 0 or -errno. */
int staged_fill(struct staged *s, const void *data, size_t len, uint64_t off);
/* rc 0: it holds `size` bytes, those of version `stamp`. */
void staged_fill_end(struct staged *s, uint64_t size, uint64_t stamp, int rc);

/* All of it, at off or (append) at the end. 0 or -errno. `now`: the file's new mtime in ns. */
int staged_write(
	struct staged *s, const void *data, size_t len, uint64_t off, bool append, int64_t now);
/* Bytes read, 0 at the end; -EAGAIN when it holds no bytes (NEW, FILLING). */
ssize_t staged_read(struct staged *s, void *data, size_t len, uint64_t off);
int staged_truncate(struct staged *s, uint64_t size, int64_t now);
/* A time that was set by hand goes with the next send. */
void staged_set_mtime(struct staged *s, int64_t mtime);

struct staged_job {
	int fd; /* the staged file's own */
	uint64_t size, base;
	int64_t mtime;
};
/* 1: *job is to be stored, and then staged_send_end; 0: nothing to store. Waits for writers and senders. */
int staged_send_begin(struct staged *s, struct staged_job *job);
/* rc 0: stored as version `stamp`; else it stays dirty. */
void staged_send_end(struct staged *s, uint64_t stamp, int rc);

/* Truncation to nothing at the CDN: hold, do it, end. rc 0: it is empty and CLEAN (no version). */
void staged_hold(struct staged *s);
void staged_hold_end(struct staged *s, int rc);

/* Forgets clean bytes that are not those of version `stamp`. */
void staged_retire(struct staged *s, uint64_t stamp);

/* True when there are bytes the CDN has not: then the file's size and mtime. */
bool staged_dirty(struct staged *s, uint64_t *size, int64_t *mtime);

#endif
