#include "node/index.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

void index_init(struct index *ix)
{
	*ix = (struct index){ .by_id = MAP_INIT, .doubt = MAP_INIT };
	pthread_mutex_init(&ix->lock, NULL);
}

void index_release(struct index *ix)
{
	struct version *v, *next;
	uint64_t id;
	size_t pos = 0;

	while ((v = map_next(&ix->by_id, &pos, &id))) {
		for (; v; v = next) {
			next = v->next;
			free(v);
		}
	}
	map_release(&ix->by_id);
	map_release(&ix->doubt);
	pthread_mutex_destroy(&ix->lock);
}

static struct version *find_locked(struct index *ix, uint64_t id, uint32_t part, uint64_t stamp)
{
	struct version *v = map_get(&ix->by_id, id);

	while (v && (v->stamp != stamp || v->part != part))
		v = v->next;
	return v;
}

/* Puts v in front, or behind every version with a larger stamp. */
static int insert_locked(struct index *ix, uint64_t id, struct version *v, bool front)
{
	struct version *head = map_get(&ix->by_id, id), *at;

	if (front || !head || head->stamp < v->stamp) {
		v->next = head;
		return map_put(&ix->by_id, id, v);
	}
	for (at = head; at->next && at->next->stamp > v->stamp; at = at->next)
		;
	v->next = at->next;
	at->next = v;
	return 0;
}

static int add(
	struct index *ix, uint64_t id, uint32_t part, uint64_t stamp, uint64_t size, bool front)
{
	struct version *v = calloc(1, sizeof(*v));
	int rc;

	if (!v)
		return -ENOMEM;
	v->stamp = stamp;
	v->size = size;
	v->part = part;
	pthread_mutex_lock(&ix->lock);
	rc = find_locked(ix, id, part, stamp) ? -EEXIST : insert_locked(ix, id, v, front);
	pthread_mutex_unlock(&ix->lock);
	if (rc < 0)
		free(v);
	return rc;
}

int index_add(struct index *ix, uint64_t id, uint32_t part, uint64_t stamp, uint64_t size)
{
	return add(ix, id, part, stamp, size, true);
}

int index_found(struct index *ix, uint64_t id, uint32_t part, uint64_t stamp, uint64_t size)
{
	return add(ix, id, part, stamp, size, false);
}

static int unlink_locked(struct index *ix, uint64_t id, struct version *v)
{
	struct version *head = map_get(&ix->by_id, id), *at;

	if (head == v) {
		if (v->next)
			return map_put(
				&ix->by_id, id, v->next); /* the key is there: no memory needed */
		map_remove(&ix->by_id, id);
		return 0;
	}
	for (at = head; at->next != v; at = at->next)
		;
	at->next = v->next;
	return 0;
}

int index_remove(struct index *ix, uint64_t id, uint32_t part, uint64_t stamp, uint64_t *size)
{
	struct version *v;
	int rc = -ENOENT;

	pthread_mutex_lock(&ix->lock);
	v = find_locked(ix, id, part, stamp);
	if (v)
		rc = unlink_locked(ix, id, v);
	pthread_mutex_unlock(&ix->lock);
	if (rc < 0)
		return rc;
	*size = v->size;
	free(v);
	return 0;
}

bool index_has(struct index *ix, uint64_t id, uint32_t part, uint64_t stamp)
{
	bool has;

	pthread_mutex_lock(&ix->lock);
	has = find_locked(ix, id, part, stamp) != NULL;
	pthread_mutex_unlock(&ix->lock);
	return has;
}

int index_current(struct index *ix, uint64_t id, uint64_t *stamp)
{
	struct version *v;
	int rc = -ENOENT;

	pthread_mutex_lock(&ix->lock);
	for (v = map_get(&ix->by_id, id); v && v->part != 0; v = v->next)
		;
	if (v) {
		*stamp = v->stamp;
		rc = 0;
	}
	if (ix->doubt.used > 0 && map_get(&ix->doubt, id))
		rc = -EAGAIN;
	pthread_mutex_unlock(&ix->lock);
	return rc;
}

int index_other(struct index *ix, uint64_t id, uint64_t except, uint32_t *part, uint64_t *stamp)
{
	struct version *v;

	pthread_mutex_lock(&ix->lock);
	for (v = map_get(&ix->by_id, id); v && v->stamp == except; v = v->next)
		;
	if (v) {
		*part = v->part;
		*stamp = v->stamp;
	}
	pthread_mutex_unlock(&ix->lock);
	return v ? 0 : -ENOENT;
}

static bool ambiguous(const struct version *v)
{
	for (; v; v = v->next)
		for (const struct version *w = v->next; w; w = w->next)
			if (w->part == v->part)
				return true;
	return false;
}

void index_ambiguous(struct index *ix, void (*fn)(void *ctx, uint64_t id), void *ctx)
{
	const struct version *v;
	size_t pos = 0;
	uint64_t id;

	pthread_mutex_lock(&ix->lock);
	while ((v = map_next(&ix->by_id, &pos, &id)))
		if (ambiguous(v))
			fn(ctx, id);
	pthread_mutex_unlock(&ix->lock);
}

int index_doubt(struct index *ix, uint64_t id)
{
	uintptr_t n;
	int rc;

	pthread_mutex_lock(&ix->lock);
	n = (uintptr_t)map_get(&ix->doubt, id);
	rc = map_put(&ix->doubt, id, (void *)(n + 1));
	pthread_mutex_unlock(&ix->lock);
	return rc;
}

void index_sure(struct index *ix, uint64_t id)
{
	uintptr_t n;

	pthread_mutex_lock(&ix->lock);
	n = (uintptr_t)map_get(&ix->doubt, id);
	assert(n > 0);
	if (n == 1)
		map_remove(&ix->doubt, id);
	else
		(void)map_put(&ix->doubt, id, (void *)(n - 1)); /* the key is there */
	pthread_mutex_unlock(&ix->lock);
}
