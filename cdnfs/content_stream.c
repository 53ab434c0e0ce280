#include "cdnfs/content_stream.h"

#include <string.h>

#define FIRST_WINDOW 131072U

void content_stream_init(struct content_stream *s)
{
	memset(s, 0, sizeof(*s));
	pthread_mutex_init(&s->lock, NULL);
}

void content_stream_release(struct content_stream *s)
{
	pthread_mutex_destroy(&s->lock);
}

bool content_stream_read(struct content_stream *s, uint64_t off, size_t len, uint64_t size,
	uint64_t most, bool (*fetch)(void *ctx, uint64_t from, uint64_t to), void *ctx)
{
	uint64_t end = off + len, from, until, window;
	uint64_t slack = 0;

	if (most > CONTENT_WINDOW)
		most = CONTENT_WINDOW;
	pthread_mutex_lock(&s->lock);
	if (s->window)
		slack = CONTENT_WINDOW; /* the kernel's reads ahead overtake one another */
	if (off > s->next + slack || off + slack < s->next) {
		s->window = s->ahead = 0;
		s->next = end;
		pthread_mutex_unlock(&s->lock);
		return false;
	}
	window = s->window ? s->window * 2 : FIRST_WINDOW;
	if (window > most)
		window = most / CONTENT_BLOCK * CONTENT_BLOCK;
	s->window = window;
	if (end > s->next)
		s->next = end;
	from = (s->next + CONTENT_BLOCK - 1) / CONTENT_BLOCK * CONTENT_BLOCK;
	if (from < s->ahead)
		from = s->ahead;
	until = s->next + 2 * window;
	if (until > size)
		until = size;
	while (window && from < until && (until - from >= window || until == size)) {
		uint64_t to = until - from < window ? until : from + window;

		if (!fetch(ctx, from, to))
			break;
		from = to;
	}
	s->ahead = from;
	pthread_mutex_unlock(&s->lock);
	return true;
}
