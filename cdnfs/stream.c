#include "cdnfs/stream.h"

#include "cdnfs/staging.h"
#include "cdnfs/staging_stream.h"
#include "common/stamp.h"
#include <errno.h>
#include <stdlib.h>

struct stream {
	struct stream *next; /* streams.lock */
	struct cdnfs *fs;
	struct inode *in; /* held by the thread */
	struct staged *staged;
	struct api_upload up; /* the thread's until staged_stream_end(), and then constant */
	char request[LOG_REQUEST_ID];
	bool done; /* streams.lock: rc and stored are there, for the job */
	int rc;
	struct wire_stored stored;
};

struct streams {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct stream *list; /* lock: those under way, and those that a job has not taken yet */
	unsigned threads;    /* lock */
};

int streams_open(struct streams **out)
{
	struct streams *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	*out = s;
	return 0;
}

void streams_close(struct streams **sp)
{
	struct streams *s = *sp;

	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	while (s->threads)
		pthread_cond_wait(&s->changed, &s->lock);
	pthread_mutex_unlock(&s->lock);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	free(s);
	*sp = NULL;
}

static void remove_locked(struct streams *s, struct stream *one)
{
	struct stream **at = &s->list;

	while (*at != one)
		at = &(*at)->next;
	*at = one->next;
}

static ssize_t source(void *ctx, uint64_t at, void *data, size_t cap)
{
	struct stream *one = ctx;

	return staged_stream_read(one->staged, one->up.stamp, at, data, cap);
}

static int send(struct stream *one)
{
	struct api *api = one->fs->api;
	int rc = 0;

	if (!staged_stream_begin(one->staged, one->up.stamp, &one->up.base))
		return -ECANCELED;
	one->up.place = inode_take_place(one->fs->inodes, one->in);
	if (!one->up.place)
		rc = api_place(api, NULL, one->up.id, STAGED_STREAM, "", &one->up.place);
	return rc < 0 ? rc : api_upload(api, &one->up, &one->stored);
}

/* One more thread, if there may be. */
static bool enter(struct streams *s)
{
	bool room;

	pthread_mutex_lock(&s->lock);
	room = s->threads < STREAMS;
	s->threads += room;
	pthread_mutex_unlock(&s->lock);
	return room;
}

/* A thread ends; `one`, if any, is nobody's. */
static void leave(struct streams *s, struct stream *one)
{
	pthread_mutex_lock(&s->lock);
	if (one)
		remove_locked(s, one);
	s->threads--;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	free(one);
}

static void *run(void *arg)
{
	struct stream *one = arg;
	struct streams *s = one->fs->streams;
	bool failed;

	log_request_set(one->request);
	one->rc = send(one);
	failed = staged_stream_fail(one->staged, one->up.stamp);
	inode_drop(one->fs->inodes, one->in);
	if (!failed) {
		pthread_mutex_lock(&s->lock);
		one->done = true;
		pthread_mutex_unlock(&s->lock);
	}
	leave(s, failed ? one : NULL);
	return NULL;
}

static int start(struct stream *one)
{
	pthread_attr_t attr;
	pthread_t thread;
	int rc;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	rc = -pthread_create(&thread, &attr, run, one);
	pthread_attr_destroy(&attr);
	return rc;
}

void stream_wrote(struct cdnfs *fs, struct inode *in, struct staged *staged)
{
	struct streams *s = fs->streams;
	struct stream *one;

	if (!staged_stream_worth(staged) || !enter(s))
		return;
	one = calloc(1, sizeof(*one));
	if (!one) { /* then it is sent when it is closed */
		leave(s, NULL);
		return;
	}
	one->fs = fs;
	one->in = inode_hold(fs->inodes, inode_id(in));
	one->staged = staged;
	one->up = (struct api_upload){ .id = inode_id(in),
		.stamp = stamp_new(),
		.source = source,
		.source_ctx = one,
		.stall_ms = (int64_t)fs->opt->set.timeout * 1000 };
	(void)snprintf(one->request, sizeof(one->request), "%s", log_request_get()); /* fits */
	pthread_mutex_lock(&s->lock);
	one->next = s->list;
	s->list = one;
	pthread_mutex_unlock(&s->lock);
	if (start(one) < 0) {
		inode_drop(fs->inodes, one->in);
		leave(s, one);
	}
}

int stream_end(struct cdnfs *fs, struct inode *in, struct api_upload *up, struct wire_stored *out)
{
	struct streams *s = fs->streams;
	struct stream *one;
	int rc;

	pthread_mutex_lock(&s->lock);
	for (one = s->list; one->up.stamp != up->stamp;)
		one = one->next;
	pthread_mutex_unlock(&s->lock);
	one->up.size = up->size;
	one->up.mtime = up->mtime;
	one->up.durable = up->durable;
	one->up.stall_ms = up->stall_ms;
	staged_stream_end(inode_staged(fs->inodes, in), up->stamp);
	pthread_mutex_lock(&s->lock);
	while (!one->done)
		pthread_cond_wait(&s->changed, &s->lock);
	remove_locked(s, one);
	pthread_mutex_unlock(&s->lock);
	up->place = one->up.place;
	*out = one->stored;
	rc = one->rc;
	free(one);
	return rc;
}
