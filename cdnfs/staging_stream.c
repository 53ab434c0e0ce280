#include "cdnfs/staging_stream.h"

#include "cdnfs/staging_priv.h"
#include "common/clock.h"
#include <assert.h>
#include <errno.h>

#define IDLE_MS 10000 /* a node waits longer */

/* Is what was changed all there is? */
static bool anew_locked(const struct staged *s, const struct edit *e)
{
	return !s->stuck && s->size && e->append == EDIT_NONE &&
	       ranges_cover(&e->dirty, 0, s->size);
}

static bool worth_locked(const struct staged *s)
{
	return s->size >= STAGED_STREAM && s->state == DIRTY && s->stream == OFF &&
	       anew_locked(s, &s->now);
}

bool staged_stream_worth(struct staged *s)
{
	bool worth;

	pthread_mutex_lock(&s->lock);
	worth = worth_locked(s);
	pthread_mutex_unlock(&s->lock);
	return worth;
}

bool staged_stream_begin(struct staged *s, uint64_t stamp, uint64_t *base)
{
	bool begin;

	pthread_mutex_lock(&s->lock);
	begin = worth_locked(s);
	if (begin) {
		s->stream = ON;
		s->streamed = 0;
		s->stream_stamp = stamp;
		*base = s->stream_base = s->head.stamp;
	}
	pthread_mutex_unlock(&s->lock);
	return begin;
}

void staged_stream_spoil_locked(struct staged *s, uint64_t from)
{
	if (s->stream != ON || (from && from >= s->streamed))
		return;
	s->stream = SPOILT;
	pthread_cond_broadcast(&s->changed);
}

bool staged_stream_claim_locked(struct staged *s)
{
	bool ours = s->stream == ON && s->stream_base == s->head.stamp && anew_locked(s, &s->sent);

	s->stream = ours ? CLAIMED : OFF;
	return ours;
}

/* Bytes at `at` that may be sent. */
static uint64_t sendable_locked(const struct staged *s, uint64_t at)
{
	const struct range *r =
		ranges_from(s->stream == ENDED ? &s->sent.dirty : &s->now.dirty, at);

	return r && r->from <= at ? r->to - at : 0;
}

/* Until there are cap bytes, or it will not get more. */
static void await_locked(struct staged *s, uint64_t stamp, uint64_t at, size_t cap)
{
	int64_t until = clock_ms() + IDLE_MS;

	while (s->stream_stamp == stamp) {
		if (s->stream == CLAIMED) {
			pthread_cond_wait(&s->changed, &s->lock);
			continue;
		}
		if (s->stream != ON || sendable_locked(s, at) >= cap)
			break;
		if (clock_ms() < until)
			(void)clock_wait(&s->changed, &s->lock, until); /* the state tells */
		else
			s->stream = SPOILT;
	}
}

ssize_t staged_stream_read(struct staged *s, uint64_t stamp, uint64_t at, void *data, size_t cap)
{
	uint64_t there = 0;
	bool on;

	pthread_mutex_lock(&s->lock);
	await_locked(s, stamp, at, cap);
	on = s->stream_stamp == stamp && (s->stream == ON || s->stream == ENDED);
	if (on) {
		there = sendable_locked(s, at);
		there = there < cap ? there : cap;
		if (at + there > s->streamed)
			s->streamed = at + there;
	}
	pthread_mutex_unlock(&s->lock);
	if (!on)
		return -ECANCELED;
	/* a change under way while they are read is of bytes that were given: it ends the sending when it is done */
	return there ? staged_read_here(s, data, (size_t)there, at) : 0;
}

void staged_stream_end(struct staged *s, uint64_t stamp)
{
	pthread_mutex_lock(&s->lock);
	assert(s->stream == CLAIMED && s->stream_stamp == stamp);
	s->stream = ENDED;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

bool staged_stream_fail(struct staged *s, uint64_t stamp)
{
	bool claimed;

	pthread_mutex_lock(&s->lock);
	claimed = s->stream_stamp == stamp && (s->stream == CLAIMED || s->stream == ENDED);
	if (s->stream_stamp == stamp && s->stream == ON)
		s->stream = SPOILT;
	pthread_mutex_unlock(&s->lock);
	return !claimed;
}
