#include "cdnfs/channel.h"

#include "cdnfs/events.h"
#include "cdnfs/teller.h"
#include "common/bell.h"
#include "common/clock.h"
#include "common/log.h"
#include <errno.h>
#include <fuse3/fuse_lowlevel.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define STALL_MS 5000 /* silence of dist, which answers sooner */
#define MARGIN_MS 200 /* the mount's lease ends before dist's */
#define PAUSE_MS 20   /* behind the first failure; then twice as long, up to: */
#define PAUSE_MOST_MS 1000
#define OLD_DIST_MS 10000 /* a dist without events may be replaced by one with */
#define FORGET_MS 2000	  /* for the kernel, when all is to be forgotten */
#define BORN_MS 100	  /* for the kernel, to take in an inode that it was told of */

struct channel {
	struct cdnfs *fs;
	const char *url, *session;
	struct httpc *http;
	struct bell stop; /* never rung */
	pthread_t thread;
	int64_t first_pause;
	/* the thread's own */
	uint64_t after;
	int64_t pause_ms;
	bool told_up, told_down; /* what the log says */
};

/* Attributes: takes no lock that an operation has. The kernel does not know an inode yet whose answer it is just taking
 * in. */
static void forget_inode(struct channel *c, uint64_t id)
{
	int64_t until = clock_ms() + BORN_MS;

	while (fuse_lowlevel_notify_inval_inode(c->fs->session, id, -1, 0) == -ENOENT)
		if (!inode_referred(c->fs->inodes, id) || clock_ms() >= until ||
			!bell_wait(&c->stop, 1, NULL))
			break;
}

static void forget_inodes(struct channel *c)
{
	uint64_t *ids = NULL;
	ssize_t n = inodes_referred(c->fs->inodes, &ids);

	for (ssize_t i = 0; i < n; i++) /* the kernel need not know it any more */
		(void)fuse_lowlevel_notify_inval_inode(c->fs->session, ids[i], -1, 0);
	free(ids);
}

/* A folder that the kernel is made to forget is lost to the programs that are in it: getcwd() finds nothing, until somebody
 * looks the folder up again. So of folders the kernel is not told; what it believes of them ends by itself. */
static bool may_be_folder(const struct channel *c, uint64_t id)
{
	struct attr a;

	return id && (inode_attr(c->fs->inodes, id, &a) < 0 || S_ISDIR(a.mode));
}

/* The kernel has to forget a name, which it may believe until `until`; *quiet: when it has forgotten those that it is not told. */
static void tell(struct channel *c, uint64_t dir, const char *name, uint64_t meant, int64_t until,
	int64_t *quiet)
{
	if (!may_be_folder(c, meant))
		teller_add(c->fs->teller, dir, name);
	else if (until > *quiet)
		*quiet = until;
}

struct forgetting {
	struct channel *channel;
	int64_t quiet;
};

static void tell_forgotten(void *arg, uint64_t dir, const char *name, uint64_t meant, int64_t until)
{
	struct forgetting *f = arg;

	tell(f->channel, dir, name, meant, until, &f->quiet);
}

/* Nothing that was learnt so far is relied upon. */
static void forget_all(struct channel *c, int64_t *quiet)
{
	struct cdnfs *fs = c->fs;
	struct forgetting f = { .channel = c, .quiet = *quiet };

	inodes_distrust(fs->inodes, inodes_tick(fs->inodes));
	dentries_clear(fs->coherence.dentries, tell_forgotten, &f);
	*quiet = f.quiet;
	forget_inodes(c);
	teller_wait(fs->teller, clock_ms() + FORGET_MS);
}

/* Until when the kernel may believe a name of which it is being told. */
static int64_t take_in_name(struct channel *c, uint64_t dir, const char *name, int64_t *quiet)
{
	struct dentries *d = c->fs->coherence.dentries;
	uint64_t meant = 0;
	int64_t until;

	if (dentries_find(d, dir, name, &meant) == DENTRY_UNKNOWN)
		meant = DENTRY_LOST;
	inode_names_changed(c->fs->inodes, dir);
	until = dentries_changed(d, dir, name);
	if (until)
		tell(c, dir, name, meant, until, quiet);
	return until;
}

/* The same of all that an answer tells. */
static int64_t take_in(struct channel *c, const struct events *e, int64_t *quiet)
{
	struct cdnfs *fs = c->fs;
	int64_t until = 0, believes;

	for (size_t i = 0; i < e->n; i++) {
		const struct event *one = &e->list[i];

		if (!one->id) {
			forget_all(c, quiet);
		} else if (!one->name) {
			if (inode_event(fs->inodes, one->id))
				forget_inode(c, one->id);
		} else {
			believes = take_in_name(c, one->id, e->text.data + one->name, quiet);
			if (believes > until)
				until = believes;
		}
	}
	return until;
}

static void note_up(struct channel *c)
{
	if (!c->told_up)
		log_info("dist tells of the changes of others", "url=%s", c->url);
	c->told_up = true;
	c->told_down = false;
	c->pause_ms = PAUSE_MS;
}

/* Without events what was learnt is as old as attr_timeout allows. */
static void note_down(struct channel *c, int rc, const char *why)
{
	if (coherence_left(&c->fs->coherence)) {
		coherence_lease(&c->fs->coherence, 0);
		forget_inodes(c);
	}
	coherence_lease(&c->fs->coherence, 0);
	if (!c->told_down && rc == -ENOSYS)
		log_info("this dist does not tell of the changes of others: they are seen within "
			 "attr_timeout",
			"url=%s", c->url);
	else if (!c->told_down)
		log_info("dist does not tell of the changes of others now: they are seen within "
			 "attr_timeout",
			"url=%s error=\"%s\"", c->url, *why ? why : strerror(-rc));
	c->told_down = true;
	c->told_up = false;
}

static void answered(struct channel *c, const struct events *e, int64_t asked)
{
	struct coherence *co = &c->fs->coherence;
	int64_t until, quiet = 0;

	if (e->reset) {
		coherence_lease(co, 0);
		atomic_fetch_add(&co->resets, 1);
		forget_all(c, &quiet);
	}
	until = take_in(c, e, &quiet);
	atomic_fetch_add(&co->changes, e->n);
	if (until) /* or the kernel has stopped believing it by itself */
		teller_wait(c->fs->teller, until);
	while (clock_ms() < quiet && bell_wait(&c->stop, quiet - clock_ms(), NULL))
		;
	c->after = e->last;
	coherence_lease(co, asked + e->lease_ms - MARGIN_MS);
	note_up(c);
}

/* How long to wait before the next poll. */
static int64_t listen_once(struct channel *c)
{
	int64_t asked = clock_ms(), pause = c->pause_ms;
	struct events e;
	char why[200];
	int rc;

	log_request_new();
	rc = events_poll(c->http, c->url, c->session, c->after, STALL_MS, &e, why, sizeof(why));
	atomic_fetch_add(&c->fs->coherence.polls, 1);
	if (rc == 0 && e.lease_ms) {
		answered(c, &e, asked);
		events_release(&e);
		return 0;
	}
	if (rc == 0) {
		events_release(&e);
		rc = -ESHUTDOWN;
	}
	note_down(c, rc, why);
	c->pause_ms = 2 * pause < PAUSE_MOST_MS ? 2 * pause : PAUSE_MOST_MS;
	return rc == -ENOSYS ? OLD_DIST_MS : pause;
}

static void *run(void *arg)
{
	struct channel *c = arg;
	int64_t pause = c->first_pause;

	while (bell_wait(&c->stop, pause, NULL))
		pause = listen_once(c);
	return NULL;
}

int channel_open(struct cdnfs *fs, struct channel **out)
{
	const struct options *o = fs->opt;
	const struct httpc_conf conf = { .token = o->token,
		.ca_file = o->set.ca_file,
		.keep = 2,
		.user_agent = "cdnfs/" VERSION };
	struct channel *c = calloc(1, sizeof(*c));
	int rc;

	if (!c)
		return -ENOMEM;
	c->fs = fs;
	c->url = link_url(api_link(fs->api));
	c->session = link_session(api_link(fs->api));
	c->pause_ms = PAUSE_MS;
	bell_init(&c->stop);
	rc = httpc_open(&conf, &c->http);
	if (rc == 0)
		c->first_pause = listen_once(c);
	if (rc == 0)
		rc = -pthread_create(&c->thread, NULL, run, c);
	if (rc < 0) {
		httpc_close(&c->http);
		bell_release(&c->stop);
		free(c);
		return rc;
	}
	*out = c;
	return 0;
}

void channel_close(struct channel **cp)
{
	struct channel *c = *cp;
	bool up;

	*cp = NULL;
	if (!c)
		return;
	up = coherence_left(&c->fs->coherence) > 0;
	bell_stop(&c->stop);
	if (up) /* answers a poll that waits */
		events_end(c->http, c->url, c->session, STALL_MS);
	(void)pthread_join(c->thread, NULL); /* it was started, and nobody else joins it */
	coherence_lease(&c->fs->coherence, 0);
	if (up) /* it may have begun another session meanwhile */
		events_end(c->http, c->url, c->session, STALL_MS);
	httpc_close(&c->http);
	bell_release(&c->stop);
	free(c);
}
