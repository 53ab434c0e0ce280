/* feed - the mounts that listen to this dist, and what changed since each of them has listened last. Memory only.
 *
 * A mount has a session with a lease: while it lasts the mount answers from memory. Each poll renews it. A change is
 * answered to who made it when every other session has acknowledged it, by polling with its number or a later one, or
 * has let its lease run out; so whatever a mount still remembers is true. Nobody waits for the acknowledgement of the
 * mount that he speaks for: no change waits for itself.
 *
 * No callback is called with a lock of the feed held, but `hold`. Nothing here blocks. */
#ifndef DIST_FEED_H
#define DIST_FEED_H

#include "common/buf.h"
#include "dist/changes.h"
#include <stdbool.h>
#include <stdint.h>

struct feed;

#define FEED_LEASE_MS 6000 /* less than a node's default patience with dist, which waits for it */
#define FEED_IDLE_MS 2000  /* a poll without news is answered after so long */

struct feed_conf {
	int64_t lease_ms, idle_ms; /* 0: those */
};

int feed_open(const struct feed_conf *conf, struct feed **out);
/* Answers everybody at once, now and from now on. Before the server that they wait in is closed. */
void feed_stop(struct feed *f);
void feed_close(struct feed **f); /* NULL-safe; stops */

/* Tells of a change that is committed. origin: the session of the mount that made it, "" none. Its number is
 * feed_published() of this thread. */
void feed_publish(struct feed *f, const struct changes *c, const char *origin);
/* The same of what another dist told: changes as text (changes.h). */
void feed_publish_text(struct feed *f, const char *text, const char *origin);
/* Deaf: what others change does not come here, so no mount may remember anything: all sessions end, and none begins. */
void feed_set_deaf(struct feed *f, bool deaf);
/* The number of the last change that this thread published, once: then 0. */
uint64_t feed_published(void);
uint64_t feed_last(struct feed *f); /* of the last change of all */

/* The answer to a poll, as JSON; made once. */
typedef void feed_answer_fn(void *arg, struct buf *text);
/* A poll: the session acknowledges all up to `after`. fn is called when there is news, or after idle_ms; perhaps before
 * this returns. A session that is not known begins, and is told to remember nothing: {"reset": true}. Another poll of
 * the same session is answered at once. 0; or fn is not called: -EMFILE: there are too many sessions; -EINVAL: `after` is
 * yet to come; -ESHUTDOWN: stopped; -EAGAIN: deaf; -ENOMEM. An answer with {"lease": 0} ends a session. */
int feed_poll(struct feed *f, const char *session, uint64_t after, feed_answer_fn *fn, void *arg);
/* The session remembers nothing from now on. False when it was not known. */
bool feed_leave(struct feed *f, const char *session);

/* Who made change `number` and speaks for `origin` waits for the others: false when nobody need be waited for, else hold(arg) was
 * called, and release(arg) is called once. */
bool feed_wait(struct feed *f, uint64_t number, const char *origin, void (*hold)(void *arg),
	void (*release)(void *arg), void *arg);

struct feed_counts {
	uint64_t sessions, waiting; /* now */
	uint64_t changes, expired;  /* so far: told; sessions whose lease ran out */
};
void feed_counts(struct feed *f, struct feed_counts *out);

#endif
