/* staging_priv - the staged file itself; only staging and staging_stream include it. */
#ifndef CDNFS_STAGING_PRIV_H
#define CDNFS_STAGING_PRIV_H

#include "cdnfs/edit.h"
#include "cdnfs/wire.h"
#include <pthread.h>
#include <sys/types.h>

enum state { NEW, CLEAN, DIRTY, SENDING };
/* CLAIMED: by a job. SPOILT: not again before it is stored. */
enum streaming { OFF, ON, CLAIMED, ENDED, SPOILT };

struct staged {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct staging_dir *dir;
	int fd;
	/* all under lock */
	enum state state;
	enum state before; /* what SENDING came from */
	unsigned busy;	   /* reads and writes under way */
	uint64_t size;
	struct version head; /* what it was stored as last: the changes are to that */
	struct version
		base; /* what is not here is read there: head, or one before it that differs by `have` and `cut` */
	uint64_t cut;	    /* bytes of the base that still count */
	struct ranges have; /* bytes that are here */
	struct edit now;    /* changed since the base, or since `sent` */
	struct edit sent;   /* SENDING or stuck: what is, or was sent */
	uint64_t sent_size, sent_stamp;
	bool stuck; /* nobody knows whether `sent` is stored */
	int64_t mtime;
	enum streaming stream;
	uint64_t stream_stamp, stream_base;
	uint64_t streamed; /* so far */
};

/* False: nothing is here, and what is seen is the current version. */
bool staged_readable_locked(const struct staged *s);
/* Where the bytes at off are, and how many of them at most *len. off is within the size. */
enum staged_where { STAGED_HERE, STAGED_ZEROS, STAGED_AT_BASE };
enum staged_where staged_look_locked(const struct staged *s, uint64_t off, size_t *len);

/* len bytes of the local file; what is beyond its end is zeros. */
ssize_t staged_read_here(struct staged *s, char *data, size_t len, uint64_t off);

/* Bytes from `from` on are others now. */
void staged_stream_spoil_locked(struct staged *s, uint64_t from);
/* A job of all bytes begins: true when they are being sent, and are the job's. */
bool staged_stream_claim_locked(struct staged *s);

#endif
