#include "dist/probe.h"

#include "common/clock.h"
#include "dist/reg.h"
#include "dist/tree.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#define KEEP_MS 1000

/* One figure: who finds it too old asks anew, the others take what is there meanwhile. */
struct figure {
	int64_t asked; /* clock_ms() */
	bool known;
};

struct probe {
	struct meta *meta;
	pthread_mutex_t lock;
	struct figure health_age, inodes_age, counts_age; /* lock */
	int health;					  /* lock */
	uint64_t inodes;				  /* lock */
	struct probe_counts counts;			  /* lock */
	int counts_rc;					  /* lock */
};

int probe_open(struct meta *meta, struct probe **out)
{
	struct probe *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->meta = meta;
	pthread_mutex_init(&p->lock, NULL);
	*out = p;
	return 0;
}

void probe_close(struct probe **pp)
{
	struct probe *p = *pp;

	*pp = NULL;
	if (!p)
		return;
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* True when the caller has to ask. Under the lock. */
static bool is_due(struct figure *f)
{
	int64_t now = clock_ms();

	if (f->known && now - f->asked < KEEP_MS)
		return false;
	f->asked = now;
	return true;
}

static int ask_health(struct meta_tx *tx, void *arg)
{
	struct attr root;

	(void)arg;
	return tree_getattr(tx, ROOT_ID, &root);
}

int probe_health(struct probe *p)
{
	bool due;
	int rc;

	pthread_mutex_lock(&p->lock);
	due = is_due(&p->health_age);
	rc = p->health;
	pthread_mutex_unlock(&p->lock);
	if (!due)
		return rc;
	rc = meta_run(p->meta, META_READ, ask_health, NULL);
	pthread_mutex_lock(&p->lock);
	p->health = rc;
	p->health_age.known = true;
	pthread_mutex_unlock(&p->lock);
	return rc;
}

int probe_inodes(struct probe *p, struct meta_tx *tx, uint64_t *inodes)
{
	uint64_t n = 0;
	bool due;
	int rc;

	pthread_mutex_lock(&p->lock);
	due = is_due(&p->inodes_age);
	n = p->inodes;
	pthread_mutex_unlock(&p->lock);
	if (due) {
		rc = tree_count(tx, &n);
		if (rc < 0)
			return rc;
		pthread_mutex_lock(&p->lock);
		p->inodes = n;
		p->inodes_age.known = true;
		pthread_mutex_unlock(&p->lock);
	}
	*inodes = n;
	return 0;
}

static int ask_counts(struct meta_tx *tx, void *arg)
{
	struct probe_counts *c = arg;
	int rc = tree_count(tx, &c->inodes);

	return rc < 0 ? rc : reg_count(tx, &c->contents);
}

int probe_count(struct probe *p, struct probe_counts *out)
{
	struct probe_counts c;
	bool due;
	int rc;

	pthread_mutex_lock(&p->lock);
	due = is_due(&p->counts_age);
	c = p->counts;
	rc = p->counts_rc;
	pthread_mutex_unlock(&p->lock);
	if (due) {
		rc = meta_run(p->meta, META_READ, ask_counts, &c);
		pthread_mutex_lock(&p->lock);
		p->counts = c;
		p->counts_rc = rc;
		p->counts_age.known = true;
		pthread_mutex_unlock(&p->lock);
	}
	if (rc < 0)
		return rc;
	*out = c;
	return 0;
}
