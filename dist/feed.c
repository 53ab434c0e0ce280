#include "dist/feed.h"

#include "common/clock.h"
#include "common/limits.h"
#include "common/origin.h"
#include "dist/emit.h"
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* One transaction's changes. */
struct event {
	char origin[ORIGIN_TEXT];
	char *text; /* NULL: was dropped, memory ran out */
	size_t len;
};

/* A poll: waits for news, then for the lock to be released. */
struct poll {
	struct poll *next;
	feed_answer_fn *fn;
	void *arg;
	int64_t idle_until;
	struct buf text; /* the answer */
};

struct session {
	struct session *next;
	char id[ORIGIN_TEXT];
	int64_t expires;
	uint64_t acked;	   /* all up to this one */
	uint64_t pending;  /* the first of another's behind that; 0: none */
	struct poll *poll; /* that waits; NULL: none does */
	bool ended;	   /* its lease is over: nobody will wait for it */
};

/* Someone whose change is not known to everybody yet. */
struct waiter {
	struct waiter *next;
	uint64_t number;
	char origin[ORIGIN_TEXT];
	void (*release)(void *arg);
	void *arg;
};

struct feed {
	struct feed_conf conf;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t sooner;	   /* lock: `wake` became earlier, or stop */
	struct session *sessions;  /* lock */
	struct waiter *waiters;	   /* lock */
	struct event *ring;	   /* lock: event number n is at n % LIMIT_FEED */
	uint64_t first, last;	   /* lock: of those that are kept; first > last: none */
	size_t bytes;		   /* lock: of their texts */
	int64_t wake;		   /* lock: when the thread looks again */
	bool stop, deaf;	   /* lock */
	struct feed_counts counts; /* lock */
};

static _Thread_local uint64_t published;

static void call_all(struct poll *p)
{
	while (p) {
		struct poll *next = p->next;

		p->fn(p->arg, &p->text);
		free(p);
		p = next;
	}
}

static void copy_id(char to[ORIGIN_TEXT], const char *id)
{
	size_t len = strnlen(id, ORIGIN_TEXT - 1); /* good ones fit */

	memcpy(to, id, len);
	to[len] = '\0';
}

static void wake_by_locked(struct feed *f, int64_t when)
{
	if (when >= f->wake)
		return;
	f->wake = when;
	pthread_cond_signal(&f->sooner);
}

static struct session *find_locked(struct feed *f, const char *id)
{
	struct session *s = f->sessions;

	while (s && strcmp(s->id, id) != 0)
		s = s->next;
	return s;
}

static struct event *event_locked(struct feed *f, uint64_t number)
{
	return &f->ring[number % LIMIT_FEED];
}

static void drop_first_locked(struct feed *f)
{
	struct event *e = event_locked(f, f->first++);

	f->bytes -= e->len;
	free(e->text);
	*e = (struct event){ 0 };
}

/* The first change of others behind `acked`; one that is kept no more counts. */
static uint64_t pending_locked(struct feed *f, const struct session *s)
{
	if (s->acked < f->last && s->acked + 1 < f->first)
		return s->acked + 1;
	for (uint64_t n = s->acked + 1; n <= f->last; n++)
		if (strcmp(event_locked(f, n)->origin, s->id) != 0)
			return n;
	return 0;
}

/* All up to there is acknowledged, and own changes behind it need not be. */
static void ack_locked(struct feed *f, struct session *s, uint64_t number)
{
	if (number > s->acked)
		s->acked = number;
	s->pending = pending_locked(f, s);
	if (!s->pending)
		s->acked = f->last;
}

static void head(bool reset, int64_t lease_ms, struct buf *out)
{
	buf_adds(out, reset ? "{\"reset\":true,\"lease\":" : "{\"reset\":false,\"lease\":");
	emit_u64(out, (uint64_t)lease_ms);
	emit_key(out, "changes");
	buf_adds(out, "[");
}

static void tail(uint64_t last, struct buf *out)
{
	buf_adds(out, "]");
	emit_key(out, "last");
	emit_u64(out, last);
	buf_adds(out, "}");
}

static void text_locked(struct feed *f, const struct session *s, struct buf *out)
{
	bool reset = s->ended || (s->pending && s->pending < f->first);
	uint64_t n = s->pending ? s->pending : f->last + 1;
	size_t empty;

	head(reset, s->ended ? 0 : f->conf.lease_ms, out);
	empty = out->len;
	for (; !reset && n <= f->last && out->len < LIMIT_EVENTS; n++) {
		const struct event *e = event_locked(f, n);

		if (strcmp(e->origin, s->id) == 0)
			continue;
		buf_adds(out, out->len > empty ? "," : "");
		if (e->text)
			buf_add(out, e->text, e->len);
		else
			buf_adds(out, "{\"all\":true}");
	}
	tail(reset ? f->last : n - 1, out);
}

/* Puts the poll of a session, if one waits, on the list of those that are answered now. */
static void answer_locked(struct feed *f, struct session *s, struct poll **list)
{
	struct poll *p = s->poll;

	if (!p)
		return;
	text_locked(f, s, &p->text);
	p->next = *list;
	*list = p;
	s->poll = NULL;
}

static bool is_awaited_locked(struct feed *f, uint64_t number, const char *origin)
{
	if (f->stop)
		return false;
	for (const struct session *s = f->sessions; s; s = s->next)
		if (!s->ended && s->pending && s->pending <= number && strcmp(s->id, origin) != 0)
			return true;
	return false;
}

/* Who need wait no more. The waiter itself becomes what is due: that cannot fail. */
static void release_locked(struct feed *f, struct waiter **out)
{
	struct waiter **at = &f->waiters;

	while (*at) {
		struct waiter *w = *at;

		if (is_awaited_locked(f, w->number, w->origin)) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		w->next = *out;
		*out = w;
		f->counts.waiting--;
	}
}

static void release_all(struct waiter *w)
{
	while (w) {
		struct waiter *next = w->next;

		w->release(w->arg);
		free(w);
		w = next;
	}
}

/* Keeps the texts within their limits; nobody who listens needs what all have acknowledged. */
static void trim_locked(struct feed *f)
{
	uint64_t needed = f->last + 1;

	for (const struct session *s = f->sessions; s; s = s->next)
		if (s->pending && s->pending < needed)
			needed = s->pending;
	while (f->first <= f->last && (f->first < needed || f->bytes > LIMIT_FEED_BYTES ||
					      f->last - f->first >= LIMIT_FEED))
		drop_first_locked(f);
}

static void keep_locked(struct feed *f, struct buf *text, const char *origin)
{
	struct event *e;

	if (f->first <= f->last && f->last - f->first + 1 >= LIMIT_FEED)
		drop_first_locked(f);
	e = event_locked(f, ++f->last);
	*e = (struct event){ .len = text->len };
	copy_id(e->origin, origin);
	e->text = buf_detach(text, &e->len);
	if (!e->text)
		e->len = 0;
	f->bytes += e->len;
}

/* Takes text; its number. */
static uint64_t publish(struct feed *f, struct buf *text, const char *origin)
{
	struct poll *due = NULL;
	uint64_t number;

	pthread_mutex_lock(&f->lock);
	keep_locked(f, text, origin);
	number = f->last;
	f->counts.changes++;
	for (struct session *s = f->sessions; s; s = s->next) {
		if (!s->pending && strcmp(s->id, origin) == 0)
			s->acked = f->last;
		else if (!s->pending)
			s->pending = f->last;
		if (s->pending)
			answer_locked(f, s, &due);
	}
	trim_locked(f);
	pthread_mutex_unlock(&f->lock);
	call_all(due);
	return number;
}

void feed_publish(struct feed *f, const struct changes *c, const char *origin)
{
	struct buf text = BUF_INIT;

	changes_text(c, &text);
	published = publish(f, &text, origin);
}

void feed_publish_text(struct feed *f, const char *text, const char *origin)
{
	struct buf copy = BUF_INIT;

	buf_adds(&copy, text);
	(void)publish(f, &copy, origin); /* nobody here waits for it */
}

uint64_t feed_published(void)
{
	uint64_t number = published;

	published = 0;
	return number;
}

uint64_t feed_last(struct feed *f)
{
	uint64_t number;

	pthread_mutex_lock(&f->lock);
	number = f->last;
	pthread_mutex_unlock(&f->lock);
	return number;
}

/* Takes a session out; a poll of it is answered. */
static void remove_locked(struct feed *f, struct session **at, struct poll **due)
{
	struct session *s = *at;

	s->ended = true;
	answer_locked(f, s, due);
	*at = s->next;
	f->counts.sessions--;
	free(s);
}

/* A new session: it knows nothing, so nothing has to be told. */
static int begin_locked(struct feed *f, const char *id, struct buf *text)
{
	struct session *s;

	if (f->counts.sessions >= LIMIT_SESSIONS)
		return -EMFILE;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	copy_id(s->id, id);
	s->acked = f->last;
	s->expires = clock_ms() + f->conf.lease_ms;
	s->next = f->sessions;
	f->sessions = s;
	f->counts.sessions++;
	head(true, f->conf.lease_ms, text);
	tail(f->last, text);
	wake_by_locked(f, s->expires);
	return 1;
}

/* 1: text is the answer; 0: it waits; or -errno. */
static int poll_locked(struct feed *f, const char *id, uint64_t after, feed_answer_fn *fn,
	void *arg, struct buf *text, struct poll **due)
{
	struct session *s = find_locked(f, id);
	int64_t now = clock_ms();

	if (f->stop)
		return -ESHUTDOWN;
	if (f->deaf)
		return -EAGAIN;
	if (!s)
		return begin_locked(f, id, text);
	if (after > f->last)
		return -EINVAL;
	answer_locked(f, s, due);
	s->expires = now + f->conf.lease_ms;
	ack_locked(f, s, after);
	trim_locked(f);
	if (s->pending) {
		text_locked(f, s, text);
		return 1;
	}
	s->poll = calloc(1, sizeof(*s->poll));
	if (!s->poll)
		return -ENOMEM;
	*s->poll = (struct poll){ .fn = fn, .arg = arg, .idle_until = now + f->conf.idle_ms };
	wake_by_locked(f, s->poll->idle_until);
	return 0;
}

int feed_poll(struct feed *f, const char *session, uint64_t after, feed_answer_fn *fn, void *arg)
{
	struct waiter *free_now = NULL;
	struct buf text = BUF_INIT;
	struct poll *due = NULL;
	int rc;

	pthread_mutex_lock(&f->lock);
	rc = poll_locked(f, session, after, fn, arg, &text, &due);
	release_locked(f, &free_now);
	pthread_mutex_unlock(&f->lock);
	call_all(due);
	release_all(free_now);
	if (rc == 1)
		fn(arg, &text);
	return rc < 0 ? rc : 0;
}

void feed_set_deaf(struct feed *f, bool deaf)
{
	struct waiter *free_now = NULL;
	struct poll *due = NULL;

	pthread_mutex_lock(&f->lock);
	f->deaf = deaf;
	while (deaf && f->sessions)
		remove_locked(f, &f->sessions, &due);
	release_locked(f, &free_now);
	pthread_mutex_unlock(&f->lock);
	call_all(due);
	release_all(free_now);
}

bool feed_leave(struct feed *f, const char *session)
{
	struct waiter *free_now = NULL;
	struct session **at, *found;
	struct poll *due = NULL;

	pthread_mutex_lock(&f->lock);
	for (at = &f->sessions; *at && strcmp((*at)->id, session) != 0; at = &(*at)->next)
		;
	found = *at;
	if (found)
		remove_locked(f, at, &due);
	release_locked(f, &free_now);
	pthread_mutex_unlock(&f->lock);
	call_all(due);
	release_all(free_now);
	return found;
}

bool feed_wait(struct feed *f, uint64_t number, const char *origin, void (*hold)(void *arg),
	void (*release)(void *arg), void *arg)
{
	struct waiter *w;
	bool wait;

	pthread_mutex_lock(&f->lock);
	wait = is_awaited_locked(f, number, origin);
	w = wait ? calloc(1, sizeof(*w)) : NULL;
	if (w) {
		hold(arg);
		*w = (struct waiter){
			.next = f->waiters, .number = number, .release = release, .arg = arg
		};
		copy_id(w->origin, origin);
		f->waiters = w;
		f->counts.waiting++;
	}
	pthread_mutex_unlock(&f->lock);
	return w;
}

void feed_counts(struct feed *f, struct feed_counts *out)
{
	pthread_mutex_lock(&f->lock);
	*out = f->counts;
	pthread_mutex_unlock(&f->lock);
}

/* Answers what has waited long enough, ends leases that ran out; says when to look again. */
static int64_t sweep_locked(struct feed *f, int64_t now, struct poll **due)
{
	int64_t next = now + f->conf.lease_ms;
	struct session **at = &f->sessions;

	while (*at) {
		struct session *s = *at;

		if (s->expires <= now || f->stop) {
			f->counts.expired += f->stop ? 0 : 1;
			remove_locked(f, at, due);
			continue;
		}
		if (s->poll && s->poll->idle_until <= now)
			answer_locked(f, s, due);
		if (s->poll && s->poll->idle_until < next)
			next = s->poll->idle_until;
		if (s->expires < next)
			next = s->expires;
		at = &s->next;
	}
	trim_locked(f);
	return next;
}

static void *run(void *arg)
{
	struct feed *f = arg;
	bool stop = false;

	while (!stop) {
		struct waiter *free_now = NULL;
		struct poll *due = NULL;

		pthread_mutex_lock(&f->lock);
		f->wake = sweep_locked(f, clock_ms(), &due);
		release_locked(f, &free_now);
		stop = f->stop;
		pthread_mutex_unlock(&f->lock);
		call_all(due);
		release_all(free_now);
		pthread_mutex_lock(&f->lock);
		while (!f->stop && clock_wait(&f->sooner, &f->lock, f->wake) != ETIMEDOUT)
			;
		pthread_mutex_unlock(&f->lock);
	}
	return NULL;
}

int feed_open(const struct feed_conf *conf, struct feed **out)
{
	struct feed *f = calloc(1, sizeof(*f));
	int rc = -ENOMEM;

	if (!f)
		return -ENOMEM;
	f->conf = *conf;
	if (!f->conf.lease_ms)
		f->conf.lease_ms = FEED_LEASE_MS;
	if (!f->conf.idle_ms)
		f->conf.idle_ms = FEED_IDLE_MS;
	f->first = 1;
	pthread_mutex_init(&f->lock, NULL); /* default attributes cannot fail on Linux */
	clock_cond_init(&f->sooner);
	f->ring = calloc(LIMIT_FEED, sizeof(*f->ring));
	if (f->ring)
		rc = -pthread_create(&f->thread, NULL, run, f);
	if (rc < 0) {
		pthread_mutex_destroy(&f->lock);
		pthread_cond_destroy(&f->sooner);
		free(f->ring);
		free(f);
		return rc;
	}
	*out = f;
	return 0;
}

void feed_stop(struct feed *f)
{
	bool before;

	if (!f)
		return;
	pthread_mutex_lock(&f->lock);
	before = f->stop;
	f->stop = true;
	pthread_cond_signal(&f->sooner);
	pthread_mutex_unlock(&f->lock);
	if (!before)
		(void)pthread_join(f->thread, NULL); /* it was started, and nobody else joins it */
}

void feed_close(struct feed **fp)
{
	struct feed *f = *fp;

	*fp = NULL;
	if (!f)
		return;
	feed_stop(f);
	assert(!f->waiters);
	while (f->sessions) {
		struct session *s = f->sessions;

		f->sessions = s->next;
		free(s);
	}
	while (f->first <= f->last)
		drop_first_locked(f);
	pthread_cond_destroy(&f->sooner);
	pthread_mutex_destroy(&f->lock);
	free(f->ring);
	free(f);
}
