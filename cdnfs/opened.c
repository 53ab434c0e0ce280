#include "cdnfs/opened.h"

#include <stddef.h>

void opened_init(struct opened_list *l)
{
	pthread_mutex_init(&l->lock, NULL);
	l->first = NULL;
}

void opened_add(struct opened_list *l, struct opened *o, void (*end)(struct opened *o, void *ctx))
{
	pthread_mutex_lock(&l->lock);
	o->end = end;
	o->next = l->first;
	o->link = &l->first;
	if (o->next)
		o->next->link = &o->next;
	l->first = o;
	pthread_mutex_unlock(&l->lock);
}

void opened_remove(struct opened_list *l, struct opened *o)
{
	pthread_mutex_lock(&l->lock);
	if (o->link) {
		*o->link = o->next;
		if (o->next)
			o->next->link = o->link;
		o->link = NULL;
	}
	pthread_mutex_unlock(&l->lock);
}

void opened_release(struct opened_list *l, void *ctx)
{
	struct opened *o;

	while ((o = l->first)) {
		opened_remove(l, o);
		o->end(o, ctx);
	}
	pthread_mutex_destroy(&l->lock);
}
