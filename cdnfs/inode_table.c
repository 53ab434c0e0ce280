#include "cdnfs/inode_table.h"

#include <errno.h>
#include <stdlib.h>

int inodes_open(struct inodes **out)
{
	struct inodes *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	pthread_mutex_init(&t->lock, NULL);
	*out = t;
	return 0;
}

void inode_free(struct inode *in)
{
	if (!in)
		return;
	staged_close(&in->staged);
	xattrs_free(&in->xattrs);
	free(in->target);
	free(in);
}

void inodes_close(struct inodes **t)
{
	struct inode *in;
	size_t pos = 0;
	uint64_t id;

	if (!*t)
		return;
	while ((in = map_next(&(*t)->by_id, &pos, &id)))
		inode_free(in);
	map_release(&(*t)->by_id);
	pthread_mutex_destroy(&(*t)->lock);
	free(*t);
	*t = NULL;
}

uint64_t inodes_tick(struct inodes *t)
{
	uint64_t tick;

	pthread_mutex_lock(&t->lock);
	tick = ++t->clock;
	pthread_mutex_unlock(&t->lock);
	return tick;
}

size_t inodes_count(struct inodes *t)
{
	size_t n;

	pthread_mutex_lock(&t->lock);
	n = t->by_id.used;
	pthread_mutex_unlock(&t->lock);
	return n;
}

struct inode *inode_lock(struct inodes *t, uint64_t id)
{
	pthread_mutex_lock(&t->lock);
	return map_get(&t->by_id, id);
}

struct inode *inode_find_or_insert_locked(struct inodes *t, uint64_t id)
{
	struct inode *in = map_get(&t->by_id, id);

	if (in)
		return in;
	in = calloc(1, sizeof(*in));
	if (!in)
		return NULL;
	in->id = id;
	if (map_put(&t->by_id, id, in) < 0) {
		free(in);
		return NULL;
	}
	return in;
}
