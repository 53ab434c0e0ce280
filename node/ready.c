#include "node/ready.h"
#include "common/clock.h"
#include "node/blob.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEEP_MS 1000
#define PROBE BLOB_TEMP "ready" /* dropped at start like an unfinished upload */

struct ready {
	const struct folder *folder;
	struct dist *dist;
	pthread_mutex_t lock;
	pthread_cond_t told; /* lock: known became true */
	int64_t asked;	     /* lock: clock_ms(); meaningless until asking or known */
	bool asking, known;  /* lock: somebody asks; there is an answer */
	int rc;		     /* lock */
	char why[256];	     /* lock */
};

int ready_open(const struct folder *f, struct dist *d, struct ready **out)
{
	struct ready *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->folder = f;
	r->dist = d;
	pthread_mutex_init(&r->lock, NULL);
	clock_cond_init(&r->told);
	*out = r;
	return 0;
}

void ready_close(struct ready **rp)
{
	struct ready *r = *rp;

	if (!r)
		return;
	*rp = NULL;
	pthread_cond_destroy(&r->told);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* A full disk is no failure: reads go on, and uploads are answered 507. */
static int try_folder(const struct folder *f, char *why, size_t cap)
{
	int fd = openat(f->tmp, PROBE, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), rc = 0;

	if (fd >= 0) {
		close(fd);
		if (unlinkat(f->tmp, PROBE, 0) == 0)
			return 0;
	}
	rc = -errno;
	if (rc == -ENOSPC || rc == -EDQUOT)
		return 0;
	(void)snprintf(why, cap, "the storage folder cannot be written: %s", strerror(-rc));
	return rc;
}

static int ask(struct ready *r, char *why, size_t cap)
{
	int rc = try_folder(r->folder, why, cap);

	return rc < 0 ? rc : dist_health(r->dist, why, cap);
}

/* True when the caller has to ask; false when r has an answer for it. Under the lock. */
static bool is_due(struct ready *r)
{
	while (r->asking && !r->known)
		(void)pthread_cond_wait(&r->told, &r->lock); /* cannot fail */
	if (r->asking || (r->known && clock_ms() - r->asked < KEEP_MS))
		return false;
	r->asking = true;
	r->asked = clock_ms();
	return true;
}

int ready_ask(struct ready *r, char *why, size_t cap)
{
	char text[sizeof(r->why)] = "";
	int rc;

	pthread_mutex_lock(&r->lock);
	if (is_due(r)) {
		pthread_mutex_unlock(&r->lock);
		rc = ask(r, text, sizeof(text));
		pthread_mutex_lock(&r->lock);
		r->rc = rc;
		memcpy(r->why, text, sizeof(text));
		r->asking = false;
		r->known = true;
		pthread_cond_broadcast(&r->told);
	}
	rc = r->rc;
	if (rc < 0)
		(void)snprintf(why, cap, "%s", r->why);
	pthread_mutex_unlock(&r->lock);
	return rc;
}
