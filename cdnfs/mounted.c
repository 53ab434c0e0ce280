#include "cdnfs/mounted.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define FSTYPE "fuse.cdnfs"
#define PROBE_MS 3000

/* \040 and the like, in place. */
static void unescape(char *text)
{
	char *out = text;

	while (*text) {
		if (text[0] == '\\' && strspn(text + 1, "01234567") >= 3) {
			*out++ = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 + text[3] - '0');
			text += 4;
		} else {
			*out++ = *text++;
		}
	}
	*out = 0;
}

static unsigned number_after(const char *options, const char *name)
{
	const char *at = strstr(options, name);

	return at ? (unsigned)strtoul(at + strlen(name), NULL, 10) : 0;
}

/* The mount point of a line of mountinfo, and true when the mount is ours. *path NULL: it is no such line. */
static bool parse(char *line, char **path, struct mounted *out)
{
	char *rest = line, *field[6] = { 0 }, *type, *source;

	*path = NULL;
	for (int i = 0; i < 5; i++)
		field[i] = strsep(&rest, " ");
	if (!field[4] || !rest)
		return false;
	unescape(field[4]);
	*path = field[4];
	rest = strstr(rest, " - ");
	if (!rest)
		return false;
	rest += 3;
	type = strsep(&rest, " ");
	source = strsep(&rest, " ");
	if (strcmp(type, FSTYPE) != 0 || !source || !rest)
		return false;
	unescape(source);
	(void)snprintf(out->source, sizeof(out->source), "%s", source); /* cut when longer */
	out->uid = number_after(rest, "user_id=");
	out->gid = number_after(rest, "group_id=");
	return true;
}

/* Every line of mountinfo; not 0 from fn ends it. */
static int each(int (*fn)(void *ctx, const char *path, const struct mounted *m), void *ctx)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL, *path;
	struct mounted m;
	size_t cap = 0;
	int rc = 0;

	if (!f)
		return -errno;
	while (rc == 0 && getline(&line, &cap, f) > 0) {
		bool ours = parse(line, &path, &m);

		if (path)
			rc = fn(ctx, path, ours ? &m : NULL);
	}
	free(line);
	(void)fclose(f); /* was only read */
	return rc;
}

struct find {
	const char *path;
	struct mounted *out;
	int found;
};

static int find(void *ctx, const char *path, const struct mounted *m)
{
	struct find *f = ctx;

	if (strcmp(path, f->path) != 0)
		return 0;
	f->found = m ? 0 : -ENOENT; /* the last one is on top */
	if (m)
		*f->out = *m;
	return 0;
}

int mounted_find(const char *path, struct mounted *out)
{
	struct find f = { .path = path, .out = out, .found = -ENOENT };
	int rc = each(find, &f);

	return rc < 0 ? rc : f.found;
}

struct ours {
	int (*fn)(void *ctx, const char *path, const struct mounted *m);
	void *ctx;
};

static int ours(void *ctx, const char *path, const struct mounted *m)
{
	const struct ours *o = ctx;

	return m ? o->fn(o->ctx, path, m) : 0;
}

int mounted_each(int (*fn)(void *ctx, const char *path, const struct mounted *m), void *ctx)
{
	struct ours o = { .fn = fn, .ctx = ctx };

	return each(ours, &o);
}

/* In a process of its own: says what statfs says, unless it waits for ever. */
static void probe(const char *path, const struct mounted *m, int fd)
{
	struct statfs sf;
	int said = 0;

	/* nobody must wait for this process, by whatever it has open */
	if (dup2(fd, 0) < 0 || close_range(1, ~0U, 0) < 0)
		_exit(1);
	/* who may not become that user asks as himself */
	if (geteuid() == 0 &&
		(setresgid(m->gid, m->gid, m->gid) < 0 || setresuid(m->uid, m->uid, m->uid) < 0))
		said = EACCES;
	if (!said && statfs(path, &sf) < 0)
		said = errno;
	_exit(write(0, &said, sizeof(said)) == sizeof(said) ? 0 : 1);
}

bool mounted_dead(const char *path, const struct mounted *m)
{
	struct pollfd p = { .events = POLLIN };
	int fds[2], said = 0;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return false;
	pid = fork();
	if (pid == 0)
		probe(path, m, fds[1]);
	(void)close(fds[1]); /* the child's */
	p.fd = fds[0];
	if (pid > 0 && (poll(&p, 1, PROBE_MS) != 1 || read(fds[0], &said, sizeof(said)) < 0))
		said = 0;
	(void)close(fds[0]); /* was only read */
	if (pid > 0) {
		(void)kill(pid, SIGKILL);		      /* has ended, or waits for ever */
		(void)waitpid(pid, NULL, said ? 0 : WNOHANG); /* init takes who cannot end */
	}
	return said == ENOTCONN || said == ECONNABORTED;
}
