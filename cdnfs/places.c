#include "cdnfs/places.h"

#include "common/http.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PLACES_MAX 4096

struct places {
	pthread_mutex_t lock;
	struct place *list[PLACES_MAX]; /* lock */
	size_t n;			/* lock */
};

int places_open(struct places **out)
{
	struct places *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	pthread_mutex_init(&p->lock, NULL);
	*out = p;
	return 0;
}

void places_close(struct places **p)
{
	if (!*p)
		return;
	for (size_t i = 0; i < (*p)->n; i++)
		free((*p)->list[i]);
	pthread_mutex_destroy(&(*p)->lock);
	free(*p);
	*p = NULL;
}

static const struct place *find_locked(const struct places *p, const char *node, const char *uri)
{
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->list[i]->uri, uri) && !strcmp(p->list[i]->node, node))
			return p->list[i];
	return NULL;
}

static const struct place *add_locked(struct places *p, const char *node, const char *uri)
{
	struct place *new;

	if (p->n == PLACES_MAX)
		return NULL;
	new = calloc(1, sizeof(*new));
	if (!new)
		return NULL;
	memcpy(new->node, node, strlen(node) + 1);
	memcpy(new->uri, uri, strlen(uri) + 1);
	p->list[p->n++] = new;
	return new;
}

const struct place *places_get(struct places *p, const char *node, const char *uri)
{
	struct place base;
	size_t len = strlen(uri);
	const struct place *found;

	while (len && uri[len - 1] == '/')
		len--;
	if (!len || len >= sizeof(base.uri) || strlen(node) >= sizeof(base.node))
		return NULL;
	memcpy(base.uri, uri, len);
	base.uri[len] = 0;
	if (!http_uri_ok(base.uri))
		return NULL;
	pthread_mutex_lock(&p->lock);
	found = find_locked(p, node, base.uri);
	if (!found)
		found = add_locked(p, node, base.uri);
	pthread_mutex_unlock(&p->lock);
	return found;
}
