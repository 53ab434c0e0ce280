#include "dist/nodes.h"

#include "common/clock.h"
#include "dist/placement.h"
#include "dist/promises.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define MISSES_DOWN 2

struct node {
	const struct conf_node *conf;
	bool up;		  /* lock */
	int64_t since;		  /* lock: clock_ms() when `up` changed */
	unsigned misses;	  /* lock: in a row */
	struct node_figures last; /* lock */
	struct promises promises; /* lock */
	uint64_t took;		  /* lock: bytes that came since `last` */
};

struct nodes {
	struct conf_nodes conf;
	struct node *list;
	size_t n;
	pthread_mutex_t lock;
	size_t turn;		    /* lock: of nodes_any */
	struct nodes_counts counts; /* lock */
};

int nodes_open(struct conf_nodes *conf, struct nodes **out)
{
	struct nodes *n = calloc(1, sizeof(*n));

	if (!n)
		return -ENOMEM;
	n->list = calloc(conf->n ? conf->n : 1, sizeof(*n->list));
	if (!n->list) {
		free(n);
		return -ENOMEM;
	}
	n->conf = *conf;
	memset(conf, 0, sizeof(*conf));
	for (size_t i = 0; i < n->conf.n; i++)
		if (strcmp(n->conf.list[i].name, "dist") != 0)
			n->list[n->n++] =
				(struct node){ .conf = &n->conf.list[i], .since = clock_ms() };
	pthread_mutex_init(&n->lock, NULL);
	*out = n;
	return 0;
}

void nodes_close(struct nodes **np)
{
	struct nodes *n = *np;

	*np = NULL;
	if (!n)
		return;
	pthread_mutex_destroy(&n->lock);
	conf_nodes_release(&n->conf);
	free(n->list);
	free(n);
}

const struct conf_nodes *nodes_conf(const struct nodes *n)
{
	return &n->conf;
}

size_t nodes_count(const struct nodes *n)
{
	return n->n;
}

const struct conf_node *nodes_at(const struct nodes *n, size_t i)
{
	return n->list[i].conf;
}

const struct conf_node *nodes_find(const struct nodes *n, const char *name)
{
	for (size_t i = 0; i < n->n; i++)
		if (strcmp(n->list[i].conf->name, name) == 0)
			return n->list[i].conf;
	return NULL;
}

static bool same_base(const char *base, const char *uri, size_t len)
{
	return strlen(base) == len && memcmp(base, uri, len) == 0;
}

const struct conf_node *nodes_by_base(const struct nodes *n, const char *uri)
{
	size_t len = strlen(uri);

	if (len && uri[len - 1] == '/')
		len--;
	for (size_t i = 0; i < n->n; i++)
		if (same_base(n->list[i].conf->uri, uri, len) ||
			same_base(n->list[i].conf->internal, uri, len))
			return n->list[i].conf;
	return NULL;
}

bool nodes_answered(struct nodes *n, size_t i, const struct node_figures *f, int64_t now_ms)
{
	struct node *node = &n->list[i];
	bool changed;

	pthread_mutex_lock(&n->lock);
	changed = !node->up;
	if (changed)
		node->since = clock_ms();
	node->up = true;
	node->misses = 0;
	node->last = *f;
	node->took = 0;
	promises_lapse(&node->promises, now_ms - NODES_PROMISE_MS);
	pthread_mutex_unlock(&n->lock);
	return changed;
}

bool nodes_missed(struct nodes *n, size_t i, bool refused)
{
	struct node *node = &n->list[i];
	bool changed = false;

	pthread_mutex_lock(&n->lock);
	node->misses++;
	if (node->up && (refused || node->misses >= MISSES_DOWN)) {
		node->up = false;
		node->since = clock_ms();
		changed = true;
	}
	pthread_mutex_unlock(&n->lock);
	return changed;
}

bool nodes_status(struct nodes *n, size_t i, struct node_figures *out)
{
	bool up;

	pthread_mutex_lock(&n->lock);
	up = n->list[i].up;
	*out = n->list[i].last;
	pthread_mutex_unlock(&n->lock);
	return up;
}

bool nodes_up(struct nodes *n, size_t i)
{
	struct node_figures f;

	return nodes_status(n, i, &f);
}

int64_t nodes_since(struct nodes *n, size_t i)
{
	int64_t since;

	pthread_mutex_lock(&n->lock);
	since = n->list[i].since;
	pthread_mutex_unlock(&n->lock);
	return since;
}

const struct conf_node *nodes_any(struct nodes *n)
{
	const struct conf_node *found = NULL;

	pthread_mutex_lock(&n->lock);
	for (size_t i = 0; i < n->n && !found; i++) {
		n->turn = (n->turn + 1) % n->n;
		if (n->list[n->turn].up)
			found = n->list[n->turn].conf;
	}
	pthread_mutex_unlock(&n->lock);
	return found;
}

/* Is `name` one of the names in the list? */
static bool listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	while (list && *list) {
		size_t part = strcspn(list, ",");

		if (part == len && memcmp(list, name, len) == 0)
			return true;
		list += part + (list[part] == ',');
	}
	return false;
}

/* Bytes that its last figures do not show. */
static uint64_t unseen(const struct node *node)
{
	return node->promises.sum + node->took;
}

int nodes_place(struct nodes *n, uint64_t size, const char *skip, int64_t now_ms,
	const struct conf_node **out)
{
	struct node_view view[LIMIT_NODES];
	ptrdiff_t best;

	pthread_mutex_lock(&n->lock);
	for (size_t i = 0; i < n->n; i++) {
		const struct node *node = &n->list[i];

		view[i] = (struct node_view){ .up = node->up,
			.excluded = listed(skip, node->conf->name),
			.free = node->last.free,
			.max = node->last.max_storage,
			.memory = node->last.memory,
			.promised = unseen(node) };
	}
	best = placement_choose(view, n->n, size);
	if (best >= 0)
		promises_add(&n->list[best].promises, size, now_ms);
	*(best >= 0 ? &n->counts.placed : best == -ENOSPC ? &n->counts.full : &n->counts.down) += 1;
	pthread_mutex_unlock(&n->lock);
	if (best < 0)
		return (int)best;
	*out = n->list[best].conf;
	return 0;
}

void nodes_counts(struct nodes *n, struct nodes_counts *out)
{
	pthread_mutex_lock(&n->lock);
	*out = n->counts;
	pthread_mutex_unlock(&n->lock);
}

void nodes_took(struct nodes *n, const char *name, uint64_t size)
{
	pthread_mutex_lock(&n->lock);
	for (size_t i = 0; i < n->n; i++)
		if (strcmp(n->list[i].conf->name, name) == 0) {
			n->list[i].took += size;
			promises_keep(&n->list[i].promises, size);
		}
	pthread_mutex_unlock(&n->lock);
}

void nodes_room(struct nodes *n, uint64_t *total, uint64_t *free)
{
	uint64_t t = 0, f = 0;

	pthread_mutex_lock(&n->lock);
	for (size_t i = 0; i < n->n; i++) {
		const struct node *node = &n->list[i];
		uint64_t coming = unseen(node);

		if (!node->up)
			continue;
		coming -= coming < node->last.reserved ? coming : node->last.reserved;
		t += node->last.max_storage;
		if (node->last.free > coming)
			f += node->last.free - coming;
	}
	pthread_mutex_unlock(&n->lock);
	*total = t;
	*free = f;
}
