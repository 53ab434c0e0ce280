#include "cdnfs/ctl_local.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* said: bytes as they come */
static int copy(int from, int to, struct ctl_progress *said)
{
	static char chunk[65536];
	uint64_t done = 0;

	for (;;) {
		ssize_t n = read(from, chunk, sizeof(chunk));
		int rc;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		rc = write_all(to, chunk, (size_t)n);
		if (rc < 0)
			return rc;
		done += (uint64_t)n;
		ctl_progress_set(said, done, 0);
	}
}

/* Replaces *fd by an unlinked regular file with its bytes. */
static int spool(struct ctl *c, const char *path, int *fd)
{
	const char *folder = getenv("TMPDIR");
	int rc, spooled;

	if (!folder || !*folder)
		folder = "/tmp";
	spooled = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (spooled < 0) {
		rc = -errno;
		return ctl_fail(
			c, rc, "cannot make a temporary file in %s: %s", folder, strerror(-rc));
	}
	ctl_progress_begin(&c->progress, strcmp(path, "-") == 0 ? "stdin" : path, 0);
	rc = copy(*fd, spooled, &c->progress);
	ctl_progress_end(&c->progress, rc == 0);
	if (rc < 0) {
		(void)close(spooled); /* unlinked: nothing is lost */
		return ctl_fail(c, rc, "cannot keep %s in %s: %s", path, folder, strerror(-rc));
	}
	(void)close(*fd); /* was only read */
	*fd = spooled;
	return 0;
}

int ctl_source_open(struct ctl *c, const char *path, struct ctl_source *out)
{
	bool input = strcmp(path, "-") == 0;
	const char *slash = strrchr(path, '/');
	int fd = input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : 0;
	struct stat st = { 0 };

	if (rc == 0 && fstat(fd, &st) < 0)
		rc = -errno;
	if (rc == 0 && S_ISDIR(st.st_mode))
		rc = -EISDIR;
	if (rc < 0) {
		ctl_fail(c, rc, "cannot read %s: %s", path, strerror(-rc));
		goto fail;
	}
	if (input || !S_ISREG(st.st_mode)) {
		rc = spool(c, path, &fd);
		if (rc < 0)
			goto fail;
		if (fstat(fd, &st) < 0) {
			rc = ctl_fail(c, -errno, "cannot read %s: its size is unknown", path);
			goto fail;
		}
	}
	out->fd = fd;
	out->size = (uint64_t)st.st_size;
	out->name = input ? "stdin" : slash ? slash + 1 : path;
	return 0;
fail:
	if (fd >= 0)
		(void)close(fd); /* was only read */
	return rc;
}

void ctl_source_close(struct ctl_source *s)
{
	if (s->fd >= 0)
		(void)close(s->fd); /* was only read */
	s->fd = -1;
}

static mode_t new_mode(void)
{
	mode_t mask = umask(0);

	(void)umask(mask); /* cannot fail */
	return 0666 & ~mask;
}

/* The temporary file of the one sink that has one, for what ends the program. */
static char doomed[PATH_MAX];

static void on_end(int number)
{
	if (doomed[0])
		(void)unlink(doomed); /* may stay when this fails: nothing better to do */
	(void)signal(number, SIG_DFL);
	(void)raise(number); /* ends the program */
}

static void guard(const char *path)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGTERM };
	struct sigaction act = { .sa_handler = on_end }, was;

	if (strlen(path) >= sizeof(doomed))
		return;
	memcpy(doomed, path, strlen(path) + 1);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		if (sigaction(numbers[i], NULL, &was) == 0 && was.sa_handler == SIG_DFL)
			(void)sigaction(numbers[i], &act, NULL); /* fails for a bad number only */
}

/* An open file without a name in target's folder, or one that mkostemp named. */
static int make_temporary(struct ctl_sink *s)
{
	const char *slash = strrchr(s->target, '/');
	char *folder = slash ? strndup(s->target, (size_t)(slash - s->target) + 1) : strdup(".");

	if (!folder)
		return -ENOMEM;
	s->fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	free(folder);
	if (s->fd >= 0)
		return 0;
	if (asprintf(&s->temporary, "%s.XXXXXX", s->target) < 0) {
		s->temporary = NULL;
		return -ENOMEM;
	}
	s->fd = mkostemp(s->temporary, O_CLOEXEC);
	if (s->fd < 0) {
		int rc = -errno;

		free(s->temporary); /* does not exist: not to be unlinked */
		s->temporary = NULL;
		return rc;
	}
	guard(s->temporary);
	return 0;
}

static int begin_file(struct ctl_sink *s)
{
	struct stat st;
	bool there = stat(s->path, &st) == 0;

	if (there && !S_ISREG(st.st_mode)) { /* a device, a pipe */
		s->fd = open(s->path, O_WRONLY | O_TRUNC | O_CLOEXEC);
		return s->fd < 0 ? -errno : 0;
	}
	if (there)
		s->mode = st.st_mode & 0777;
	s->target = lstat(s->path, &st) == 0 && S_ISLNK(st.st_mode) ? realpath(s->path, NULL)
								    : strdup(s->path);
	return s->target ? make_temporary(s) : -errno;
}

int ctl_sink_begin(struct ctl *c, const char *path, struct ctl_sink *s)
{
	int rc = -ENOMEM;

	*s = (struct ctl_sink){ .fd = -1, .path = path, .mode = new_mode() };
	s->hash = hash_open();
	rc = s->hash ? hash_plain(s->hash) : -ENOMEM;
	if (rc < 0)
		goto fail;
	if (strcmp(path, "-") == 0) {
		s->fd = STDOUT_FILENO;
		return 0;
	}
	rc = begin_file(s);
	if (rc < 0)
		goto fail;
	return 0;
fail:
	ctl_sink_abort(s);
	return ctl_fail(c, rc, "cannot write %s: %s", path, strerror(-rc));
}

int ctl_sink_write(void *ctx, const void *data, size_t len)
{
	struct ctl_sink *s = ctx;

	s->error = write_all(s->fd, data, len);
	hash_add(s->hash, data, len);
	return s->error;
}

/* Other servers' tags are not ours to verify. */
static bool sum_differs(struct ctl_sink *s, const char *etag)
{
	char text[HASH_TEXT] = "";

	etag += *etag == '"';
	strncat(text, etag, strcspn(etag, "\"") < HASH_TEXT ? strcspn(etag, "\"") : HASH_TEXT - 1);
	return hash_text_ok(text) && !hash_is(s->hash, text);
}

/* Gives what has no name yet one beside the target, from which it can be renamed. */
static int name_it(struct ctl_sink *s)
{
	char from[40], *to;
	uint64_t stamp;

	(void)snprintf(from, sizeof(from), "/proc/self/fd/%d", s->fd); /* fits */
	for (int i = 0; i < 100; i++) {
		if (getrandom(&stamp, sizeof(stamp), 0) != sizeof(stamp))
			return -EIO;
		if (asprintf(&to, "%s.%012" PRIx64, s->target, stamp & 0xffffffffffff) < 0)
			return -ENOMEM;
		guard(to);
		if (linkat(AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW) == 0) {
			s->temporary = to;
			return 0;
		}
		doomed[0] = '\0';
		free(to);
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

/* The file gets its mode and its name. */
static int publish(struct ctl_sink *s)
{
	int fd = s->fd, rc = 0;

	if (fchmod(fd, s->mode) < 0)
		rc = -errno;
	if (rc == 0 && !s->temporary)
		rc = name_it(s);
	s->fd = -1;
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	if (rc == 0 && rename(s->temporary, s->target) < 0)
		rc = -errno;
	if (rc < 0)
		return rc;
	doomed[0] = '\0';
	free(s->temporary);
	s->temporary = NULL;
	return 0;
}

int ctl_sink_commit(struct ctl *c, struct ctl_sink *s, const char *etag)
{
	int rc = 0;

	if (sum_differs(s, etag)) {
		rc = ctl_fail(c, -EIO,
			"what arrived for %s is not what was stored: its check-sum differs",
			s->path);
		goto out;
	}
	if (s->target) {
		rc = publish(s);
	} else if (s->fd != STDOUT_FILENO) {
		rc = close(s->fd) < 0 ? -errno : 0;
		s->fd = -1;
	}
	if (rc < 0)
		ctl_fail(c, rc, "cannot write %s: %s", s->path, strerror(-rc));
out:
	ctl_sink_abort(s);
	return rc;
}

void ctl_sink_abort(struct ctl_sink *s)
{
	if (s->fd >= 0 && s->fd != STDOUT_FILENO)
		(void)close(s->fd); /* what was written is not wanted */
	s->fd = -1;
	if (s->temporary)
		(void)unlink(s->temporary); /* may stay when this fails: nothing better to do */
	doomed[0] = '\0';
	free(s->temporary);
	s->temporary = NULL;
	free(s->target);
	s->target = NULL;
	hash_close(&s->hash);
}
