#include "cdnfs/stats.h"

#include "common/log.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct stats {
	struct cdnfs *fs;
	pthread_t thread;
	_Atomic bool stopping;
};

void stats_text(struct cdnfs *fs, struct buf *out)
{
#define NAME(op) #op,
	static const char *const names[] = { FS_OPS(NAME) };
#undef NAME
	struct link *link = api_link(fs->api);

	buf_addf(out, "requests_dist %" PRIu64 "\n", link_count_dist(link));
	buf_addf(out, "requests_node %" PRIu64 "\n", link_count_node(link));
	buf_addf(out, "events_up %d\n", coherence_left(&fs->coherence) > 0);
	buf_addf(out, "polls %" PRIu64 "\n", atomic_load(&fs->coherence.polls));
	buf_addf(out, "inodes %zu\n", inodes_count(fs->inodes));
	for (size_t i = 0; i < FS_COUNT; i++)
		buf_addf(out, "%s %" PRIu64 "\n", names[i], atomic_load(&fs->ops[i]));
}

static int write_file(const char *path, const struct buf *text)
{
	char tmp[4096];
	int fd, rc = 0;

	if ((size_t)snprintf(tmp, sizeof(tmp), "%s.tmp", path) >= sizeof(tmp))
		return -ENAMETOOLONG;
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	if (write(fd, text->data, text->len) != (ssize_t)text->len)
		rc = -EIO;
	if (close(fd) < 0)
		rc = -errno;
	if (!rc && rename(tmp, path) < 0)
		rc = -errno;
	return rc;
}

static void tell(struct cdnfs *fs)
{
	struct buf text = BUF_INIT;
	int rc;

	stats_text(fs, &text);
	if (buf_error(&text) == 0) {
		rc = fs->opt->set.stats ? write_file(fs->opt->set.stats, &text) : 0;
		if (rc < 0)
			log_warn("counters could not be written", "file=\"%s\" error=\"%s\"",
				fs->opt->set.stats, strerror(-rc));
		for (char *c = text.data; *c; c++)
			*c = *c == ' ' ? '=' : *c == '\n' ? ' ' : *c;
		log_info("counters", "%s", text.data);
	}
	buf_release(&text);
}

static void *run(void *arg)
{
	struct stats *s = arg;
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	while (sigwait(&set, &sig) == 0 && !atomic_load(&s->stopping))
		tell(s->fs);
	return NULL;
}

int stats_open(struct cdnfs *fs, struct stats **out)
{
	struct stats *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return -ENOMEM;
	s->fs = fs;
	rc = -pthread_create(&s->thread, NULL, run, s);
	if (rc < 0) {
		free(s);
		return rc;
	}
	*out = s;
	return 0;
}

void stats_close(struct stats **s)
{
	if (!*s)
		return;
	atomic_store(&(*s)->stopping, true);
	(void)pthread_kill((*s)->thread, SIGUSR1); /* it runs */
	(void)pthread_join((*s)->thread, NULL);
	free(*s);
	*s = NULL;
}
