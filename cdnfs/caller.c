#include "cdnfs/caller.h"

#include "common/buf.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 4096

/* What is behind "KEY:" at a line's start. NULL: there is no such line. */
static const char *field(const char *status, const char *key)
{
	size_t len = strlen(key);

	while (status) {
		if (!strncmp(status, key, len) && status[len] == ':')
			return status + len + 1;
		status = strchr(status, '\n');
		status += status != NULL;
	}
	return NULL;
}

bool caller_text_group(const char *status, uint32_t gid)
{
	const char *at = field(status, "Groups");

	while (at) {
		char *end;
		unsigned long n;

		at += strspn(at, " \t");
		if (*at < '0' || *at > '9')
			return false;
		n = strtoul(at, &end, 10);
		if (n == gid)
			return true;
		at = end;
	}
	return false;
}

bool caller_text_capable(const char *status, unsigned capability)
{
	const char *at = field(status, "CapEff");

	return at && strtoull(at, NULL, 16) >> capability & 1;
}

/* The whole text; false when there is none. A process may have 65536 groups. */
static bool read_status(pid_t pid, struct buf *out)
{
	char path[40];
	ssize_t n = -1;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	fd = pid > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	while (fd >= 0 && buf_reserve(out, CHUNK) == 0) {
		n = read(fd, out->data + out->len, CHUNK);
		if (n <= 0)
			break;
		out->len += (size_t)n;
		out->data[out->len] = '\0';
	}
	if (fd >= 0)
		(void)close(fd); /* was only read */
	return n == 0 && out->len && buf_error(out) == 0;
}

bool caller_in_group(const struct caller *c, uint32_t gid)
{
	struct buf status = BUF_INIT;
	bool in = c->gid == gid;

	if (!in && read_status(c->pid, &status))
		in = caller_text_group(buf_str(&status), gid);
	buf_release(&status);
	return in;
}

bool caller_capable(const struct caller *c, unsigned capability)
{
	struct buf status = BUF_INIT;
	bool capable = c->uid == 0;

	if (capable && read_status(c->pid, &status))
		capable = caller_text_capable(buf_str(&status), capability);
	buf_release(&status);
	return capable;
}
