#include "cdnfs/locks.h"

#include "common/clock.h"
#include "common/limits.h"
#include "common/log.h"
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define RENEW_MS 4000
#define FIRST_PAUSE_MS 4 /* before one who waits is tried again; twice as long each time */
#define LAST_PAUSE_MS 100
#define CYCLE_MAX 64 /* of those who wait for one another: a longer cycle is not told */
#define END_MS 2000  /* that long the unmount waits for dist */

/* An owner has, or may have, locks of a file. */
struct holding {
	struct holding *next;
	uint64_t id, owner;
	bool flock;
	const void *handle;
};

struct waiter {
	struct waiter *next;
	uint64_t token;
	struct lock_want want;
	const void *handle;
	locks_done done;
	void *ctx;
	int64_t due; /* clock_ms */
	unsigned pause_ms;
	bool started, interrupted;
	uint64_t
		blocker; /* owner of the lock in its way, when that is this mount's; 0: not known */
};

struct locks {
	struct api *api;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct holding *holdings; /* lock */
	struct waiter *waiters;	  /* lock */
	uint64_t tokens;	  /* lock */
	int64_t renew_due;	  /* lock: clock_ms */
	bool stopped;		  /* lock */
	pthread_t thread;
};

/* --- what is held --- */
static bool is_held_by(const struct holding *h, const struct lock_want *want, const void *handle)
{
	return h->id == want->id && h->owner == want->owner && h->flock == want->flock &&
	       h->handle == handle;
}

/* Before dist is asked: what it gives must not be forgotten. */
static int remember(struct locks *l, const struct lock_want *want, const void *handle)
{
	struct holding *h, *new = calloc(1, sizeof(*new));
	int rc = new ? 0 : -ENOMEM;

	pthread_mutex_lock(&l->lock);
	for (h = l->holdings; h && !is_held_by(h, want, handle); h = h->next)
		;
	if (!h && new) {
		*new = (struct holding){ l->holdings, want->id, want->owner, want->flock, handle };
		if (!l->holdings)
			l->renew_due = clock_ms() + RENEW_MS;
		l->holdings = new;
		new = NULL;
	}
	pthread_cond_signal(&l->changed);
	pthread_mutex_unlock(&l->lock);
	free(new);
	return h ? 0 : rc;
}

static void wake_waiters_locked(struct locks *l, uint64_t id)
{
	for (struct waiter *w = l->waiters; w; w = w->next)
		if (w->want.id == id)
			w->due = 0;
	pthread_cond_signal(&l->changed);
}

/* Everything of the owner's (of one file) is given back: none of its entries says anything any more. */
static void forget(struct locks *l, const struct lock_want *want)
{
	struct holding *h;

	pthread_mutex_lock(&l->lock);
	for (struct holding **at = &l->holdings; (h = *at);) {
		if (h->id != want->id || h->owner != want->owner || h->flock != want->flock) {
			at = &h->next;
			continue;
		}
		*at = h->next;
		free(h);
	}
	wake_waiters_locked(l, want->id);
	pthread_mutex_unlock(&l->lock);
}

static bool is_whole_unlock(const struct lock_want *want)
{
	return want->type == WANT_NONE && want->first == 0 && want->last == LIMIT_NUMBER;
}

static int ask(struct locks *l, const struct wait *w, const struct lock_want *want)
{
	int rc = api_lock(l->api, w, want);

	if (want->type == WANT_NONE && rc == 0) {
		pthread_mutex_lock(&l->lock);
		wake_waiters_locked(l, want->id);
		pthread_mutex_unlock(&l->lock);
	}
	return rc;
}

int locks_set(
	struct locks *l, const struct wait *w, const struct lock_want *want, const void *handle)
{
	int rc = want->type == WANT_NONE ? 0 : remember(l, want, handle);

	if (rc == 0)
		rc = ask(l, w, want);
	if (rc == 0 && is_whole_unlock(want))
		forget(l, want);
	return rc;
}

/* Takes one that matches out of the list; id 0: of any file. NULL: there is none. */
static struct holding *take(struct locks *l, uint64_t id, uint64_t owner, const void *handle)
{
	struct holding *h;

	pthread_mutex_lock(&l->lock);
	for (struct holding **at = &l->holdings; (h = *at); at = &h->next) {
		if (id ? h->id == id && h->owner == owner && !h->flock : h->handle == handle) {
			*at = h->next;
			break;
		}
	}
	pthread_mutex_unlock(&l->lock);
	return h;
}

static void give_back(struct locks *l, struct holding *h)
{
	struct lock_want want = {
		.id = h->id, .owner = h->owner, .flock = h->flock, .last = LIMIT_NUMBER
	};
	int rc = ask(l, NULL, &want);

	if (rc < 0)
		log_warn("a lock could not be given back; it ends with the mount",
			"id=%" PRIu64 " error=\"%s\"", h->id, strerror(-rc));
	else
		forget(l, &want);
	free(h);
}

void locks_flush(struct locks *l, uint64_t id, uint64_t owner)
{
	struct holding *h;

	while ((h = take(l, id, owner, NULL)))
		give_back(l, h);
}

void locks_release(struct locks *l, const void *handle)
{
	struct holding *h;

	while ((h = take(l, 0, 0, handle)))
		give_back(l, h);
}

bool locks_any(struct locks *l, uint64_t id)
{
	struct holding *h;

	pthread_mutex_lock(&l->lock);
	for (h = l->holdings; h && h->id != id; h = h->next)
		;
	pthread_mutex_unlock(&l->lock);
	return h != NULL;
}

/* --- who waits --- */
int locks_wait(struct locks *l, const struct lock_want *want, const void *handle, locks_done done,
	void *ctx, uint64_t *token)
{
	struct waiter *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	*w = (struct waiter){ .want = *want,
		.handle = handle,
		.done = done,
		.ctx = ctx,
		.pause_ms = FIRST_PAUSE_MS };
	pthread_mutex_lock(&l->lock);
	*token = w->token = ++l->tokens;
	w->next = l->waiters;
	l->waiters = w;
	pthread_mutex_unlock(&l->lock);
	return 0;
}

static struct waiter *find_locked(const struct locks *l, uint64_t token)
{
	struct waiter *w;

	for (w = l->waiters; w && w->token != token; w = w->next)
		;
	return w;
}

void locks_start(struct locks *l, uint64_t token)
{
	struct waiter *w;

	pthread_mutex_lock(&l->lock);
	w = find_locked(l, token);
	if (w) {
		w->started = true;
		w->due = 0;
	}
	pthread_cond_signal(&l->changed);
	pthread_mutex_unlock(&l->lock);
}

void locks_interrupt(struct locks *l, uint64_t token)
{
	struct waiter *w;

	pthread_mutex_lock(&l->lock);
	w = find_locked(l, token);
	if (w) {
		w->interrupted = true;
		w->due = 0;
	}
	pthread_cond_signal(&l->changed);
	pthread_mutex_unlock(&l->lock);
}

static void finish(struct locks *l, struct waiter *w, int rc)
{
	struct waiter **at = &l->waiters;

	pthread_mutex_lock(&l->lock);
	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	pthread_mutex_unlock(&l->lock);
	w->done(w->ctx, rc);
	free(w);
}

static bool is_stopped(void *ctx)
{
	struct locks *l = ctx;
	bool stopped;

	pthread_mutex_lock(&l->lock);
	stopped = l->stopped;
	pthread_mutex_unlock(&l->lock);
	return stopped;
}

/* Who is in w's way now. */
static void look(struct locks *l, struct waiter *w)
{
	struct wait patience = { .ms = 1000, .stop = is_stopped, .ctx = l, .quiet = true };
	struct lock_want way = w->want;

	if (api_lock_test(l->api, &patience, &way) < 0 || way.type == WANT_NONE)
		way.owner = 0;
	w->blocker = way.owner;
}

/* The one, of those who wait by fcntl, that is in w's way. Only this thread takes any out of the list. */
static struct waiter *blocking(struct locks *l, const struct waiter *w)
{
	struct waiter *b;

	pthread_mutex_lock(&l->lock);
	for (b = w->blocker ? l->waiters : NULL; b; b = b->next)
		if (b->started && !b->want.flock && b->want.owner == w->blocker)
			break;
	pthread_mutex_unlock(&l->lock);
	return b;
}

/* Does w wait for itself, over others? As each of them was seen last, or (fresh) asked anew. */
static bool is_deadlocked(struct locks *l, struct waiter *w, bool fresh)
{
	struct waiter *b = w;

	for (unsigned i = 0; i < CYCLE_MAX; i++) {
		if (fresh || b == w)
			look(l, b);
		b = blocking(l, b);
		if (!b || b == w)
			return b != NULL;
	}
	return false;
}

/* One who waits is due, and only this thread ends him. */
static void try_again(struct locks *l, struct waiter *w)
{
	struct wait patience = { .ms = 1000, .stop = is_stopped, .ctx = l, .quiet = true };
	bool interrupted;
	int rc;

	pthread_mutex_lock(&l->lock);
	interrupted = w->interrupted;
	w->pause_ms = w->pause_ms * 2 < LAST_PAUSE_MS ? w->pause_ms * 2 : LAST_PAUSE_MS;
	w->due = clock_ms() + w->pause_ms;
	pthread_mutex_unlock(&l->lock);
	rc = interrupted ? -EINTR : locks_set(l, &patience, &w->want, w->handle);
	if (rc == -EAGAIN && !w->want.flock && w->pause_ms == LAST_PAUSE_MS &&
		is_deadlocked(l, w, false) && is_deadlocked(l, w, true))
		rc = -EDEADLK;
	/* while dist is away somebody else may give his lock back */
	if (rc == -EAGAIN || rc == -EIO || rc == -ETIMEDOUT || (rc == -EINTR && !interrupted))
		return;
	finish(l, w, rc);
}

/* --- the thread --- */
static void renew(struct locks *l)
{
	struct wait patience = { .ms = 1000, .stop = is_stopped, .ctx = l, .quiet = true };
	int rc = api_lock_renew(l->api, &patience);
	struct holding *h;

	pthread_mutex_lock(&l->lock);
	l->renew_due = clock_ms() + (rc == 0 ? RENEW_MS : RENEW_MS / 4);
	if (rc == -ESTALE) {
		while ((h = l->holdings)) {
			l->holdings = h->next;
			free(h);
		}
	}
	pthread_mutex_unlock(&l->lock);
	if (rc == -ESTALE)
		log_error("this mount was not heard of for too long: the locks of its processes "
			  "went to others",
			"%s", "");
}

static struct waiter *due_locked(const struct locks *l, int64_t now, int64_t *next)
{
	for (struct waiter *w = l->waiters; w; w = w->next) {
		if (!w->started)
			continue;
		if (w->due <= now)
			return w;
		if (w->due < *next)
			*next = w->due;
	}
	return NULL;
}

static void *serve(void *arg)
{
	struct locks *l = arg;
	struct waiter *w;
	int64_t now, next;

	pthread_mutex_lock(&l->lock);
	while (!l->stopped) {
		now = clock_ms();
		next = l->holdings ? l->renew_due : INT64_MAX;
		w = due_locked(l, now, &next);
		if (!w && next > now) {
			if (next == INT64_MAX)
				pthread_cond_wait(&l->changed, &l->lock);
			else
				(void)clock_wait(&l->changed, &l->lock, next);
			continue;
		}
		pthread_mutex_unlock(&l->lock);
		if (w)
			try_again(l, w);
		else
			renew(l);
		pthread_mutex_lock(&l->lock);
	}
	pthread_mutex_unlock(&l->lock);
	while (l->waiters)
		finish(l, l->waiters, -EINTR);
	return NULL;
}

int locks_open(struct api *a, struct locks **out)
{
	struct locks *l = calloc(1, sizeof(*l));
	int rc;

	if (!l)
		return -ENOMEM;
	l->api = a;
	pthread_mutex_init(&l->lock, NULL);
	clock_cond_init(&l->changed);
	rc = -pthread_create(&l->thread, NULL, serve, l);
	if (rc < 0) {
		pthread_cond_destroy(&l->changed);
		pthread_mutex_destroy(&l->lock);
		free(l);
		return rc;
	}
	*out = l;
	return 0;
}

void locks_close(struct locks **lp)
{
	struct wait patience = { .ms = END_MS, .quiet = true };
	struct locks *l = *lp;
	struct holding *h;

	*lp = NULL;
	if (!l)
		return;
	pthread_mutex_lock(&l->lock);
	l->stopped = true;
	pthread_cond_signal(&l->changed);
	pthread_mutex_unlock(&l->lock);
	(void)pthread_join(l->thread, NULL); /* fails for no thread only */
	if (l->holdings && api_lock_drop(l->api, &patience) < 0)
		log_warn("the locks of this mount could not be given back; they end by themselves",
			"%s", "");
	while ((h = l->holdings)) {
		l->holdings = h->next;
		free(h);
	}
	pthread_cond_destroy(&l->changed);
	pthread_mutex_destroy(&l->lock);
	free(l);
}
