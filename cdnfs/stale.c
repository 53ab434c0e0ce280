#include "cdnfs/stale.h"

#include "common/clock.h"
#include <string.h>

void stale_init(struct stale *s)
{
	memset(s, 0, sizeof(*s));
	pthread_mutex_init(&s->lock, NULL);
}

void stale_release(struct stale *s)
{
	pthread_mutex_destroy(&s->lock);
}

bool stale_again(struct stale *s, pid_t thread, uint64_t inode)
{
	int64_t now = clock_ms();
	bool again = false;

	pthread_mutex_lock(&s->lock);
	for (unsigned i = 0; i < STALE_KEPT && !again; i++) {
		again = s->told[i].thread == thread && s->told[i].inode != inode &&
			now - s->told[i].at < STALE_MS;
		if (s->told[i].thread == thread)
			s->told[i].thread = 0; /* counts once */
	}
	if (!again) {
		s->told[s->next].thread = thread;
		s->told[s->next].inode = inode;
		s->told[s->next].at = now;
		s->next = (s->next + 1) % STALE_KEPT;
	}
	pthread_mutex_unlock(&s->lock);
	return again;
}
