#include "cdnfs/ctl_local.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static int copy(int from, int to)
{
	static char chunk[65536];

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
	rc = copy(*fd, spooled);
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

int ctl_sink_begin(struct ctl *c, const char *path, struct ctl_sink *s)
{
	int rc = -ENOMEM;
	struct stat st;

	*s = (struct ctl_sink){ .fd = -1, .path = path, .mode = new_mode() };
	s->hash = hash_open();
	if (!s->hash)
		goto fail;
	if (strcmp(path, "-") == 0) {
		s->fd = STDOUT_FILENO;
		return 0;
	}
	if (lstat(path, &st) == 0 &&
		!S_ISREG(st.st_mode)) { /* a device, a pipe, a link to anything */
		s->fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
		rc = s->fd < 0 ? -errno : 0;
		if (rc < 0)
			goto fail;
		return 0;
	}
	if (asprintf(&s->temporary, "%s.XXXXXX", path) < 0) {
		s->temporary = NULL;
		goto fail;
	}
	s->fd = mkostemp(s->temporary, O_CLOEXEC);
	if (s->fd < 0) {
		rc = -errno;
		free(s->temporary);
		s->temporary = NULL;
		goto fail;
	}
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

/* A check-sum is 32 hex digits; other servers' tags are not ours to verify. */
static bool sum_differs(struct ctl_sink *s, const char *etag)
{
	char text[HASH_TEXT];

	etag += *etag == '"';
	if (strspn(etag, "0123456789abcdef") != HASH_TEXT - 1)
		return false;
	hash_text(s->hash, text);
	return memcmp(text, etag, HASH_TEXT - 1) != 0;
}

int ctl_sink_commit(struct ctl *c, struct ctl_sink *s, const char *etag)
{
	int rc = 0;

	if (sum_differs(s, etag)) {
		rc = ctl_fail(c, -EIO,
			"what arrived for %s is not what was stored: its check-sum differs",
			s->path);
		goto fail;
	}
	if (s->temporary && fchmod(s->fd, s->mode) < 0)
		rc = -errno;
	if (s->fd != STDOUT_FILENO) {
		if (close(s->fd) < 0 && rc == 0)
			rc = -errno;
		s->fd = -1;
	}
	if (rc == 0 && s->temporary && rename(s->temporary, s->path) < 0)
		rc = -errno;
	if (rc < 0) {
		ctl_fail(c, rc, "cannot write %s: %s", s->path, strerror(-rc));
		goto fail;
	}
	free(s->temporary);
	s->temporary = NULL;
	ctl_sink_abort(s);
	return 0;
fail:
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
	free(s->temporary);
	s->temporary = NULL;
	hash_close(&s->hash);
}
