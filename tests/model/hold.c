#include "tests/model/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool hold_is_written(const struct run *r, int side, int inode)
{
	for (int h = 0; h < HELD; h++) {
		const struct held *x = &r->held[h];

		if (x->fd >= 0 && x->writes && x->side == side && x->inode == inode)
			return true;
	}
	return false;
}

static void let_go(struct run *r, struct held *x)
{
	for (size_t i = 0; i < x->ranges; i++)
		free(x->range[i].bytes);
	free(x->saw);
	model_unhold(&r->model, x->inode);
	*x = (struct held){ .fd = -1 };
}

void hold_forget_readers(struct run *r, int side, int inode)
{
	for (int h = 0; h < HELD; h++) {
		struct held *x = &r->held[h];

		if (x->fd < 0 || x->writes || x->side != side || x->inode != inode)
			continue;
		if (close(x->fd) < 0)
			run_fail(r, "close of a reader: %s", strerror(errno));
		let_go(r, x);
	}
}

void hold_shrunk(struct run *r, int inode, size_t size)
{
	for (int h = 0; h < HELD; h++)
		if (r->held[h].fd >= 0 && r->held[h].inode == inode && r->held[h].size > size)
			r->held[h].size = size;
}

/* A place whose file is regular; false after some tries. */
static bool find_file(struct run *r, struct place *p)
{
	for (int tries = 0; tries < 50; tries++) {
		int dir = (int)run_random(r, INODES);

		*p = (struct place){ dir, (int)run_random(r, NAMES) };
		if (r->model.inode[dir].used && model_is_dir(&r->model, dir) &&
			model_is_file(&r->model, model_at(&r->model, *p)))
			return true;
	}
	return false;
}

static void hold_open(struct run *r, struct held *x)
{
	const struct inode *n;
	char path[PATH_MAX];
	struct place p;
	int flags, side = (int)run_random(r, 2);

	if (!find_file(r, &p))
		return;
	*x = (struct held){ .fd = -1, .side = side, .inode = model_at(&r->model, p) };
	if (hold_is_written(r, side, x->inode))
		return;
	n = &r->model.inode[x->inode];
	x->writes = run_random(r, 2);
	x->append = x->writes && run_random(r, 3) == 0;
	flags = x->writes ? O_WRONLY | (x->append ? O_APPEND : 0) : O_RDONLY;
	run_path(r, side, p, path);
	run_note(r, "hold %s for %s", path,
		x->append   ? "appending"
		: x->writes ? "writing"
			    : "reading");
	if (x->writes)
		hold_forget_readers(r, side, x->inode);
	x->fd = open(path, flags | O_CLOEXEC);
	if (x->fd < 0)
		run_fail(r, "open: %s", strerror(errno));
	model_hold(&r->model, x->inode);
	x->size = n->size;
	x->saw = x->writes ? NULL : malloc(DATA_MAX);
	if (x->saw)
		memcpy(x->saw, n->data, n->size);
}

/* Not seen by the other side before it closes. */
static void hold_write(struct run *r, struct held *x)
{
	size_t len = 1 + run_random(r, x->append ? 500 : 3000), off = run_random(r, DATA_MAX / 2);
	unsigned char *bytes = malloc(len);
	ssize_t n;

	if (!bytes)
		abort();
	for (size_t i = 0; i < len; i++)
		bytes[i] = (unsigned char)run_random(r, 256);
	if (x->append)
		run_note(r, "append %zu to the held %d of side %d", len, x->fd, x->side);
	else
		run_note(r, "write %zu at %zu to the held %d of side %d", len, off, x->fd, x->side);
	n = x->append ? write(x->fd, bytes, len) : pwrite(x->fd, bytes, len, (off_t)off);
	if (n != (ssize_t)len)
		run_fail(r, "write: %zd, %s", n, strerror(errno));
	if (r->local) {
		model_write(&r->model, x->inode, x->append ? r->model.inode[x->inode].size : off,
			bytes, len);
		free(bytes);
		return;
	}
	x->range[x->ranges].off = off;
	x->range[x->ranges].len = len;
	x->range[x->ranges++].bytes = bytes;
}

/* Its bytes are those of the version that it opened. */
static void hold_read(struct run *r, const struct held *x)
{
	static unsigned char got[DATA_MAX];
	size_t len = 0;
	ssize_t n;

	while (len < x->size && (n = pread(x->fd, got + len, x->size - len, (off_t)len)) != 0) {
		if (n < 0)
			run_fail(r, "pread: %s", strerror(errno));
		len += (size_t)n;
	}
	if (len < x->size)
		run_fail(
			r, "a reader gets %zu bytes of the %zu that its version has", len, x->size);
	for (size_t i = 0; i < len; i++)
		if (got[i] != x->saw[i])
			run_fail(r, "a reader sees %d at %zu, its version has %d", got[i], i,
				x->saw[i]);
}

static void hold_close(struct run *r, struct held *x)
{
	struct inode *n = &r->model.inode[x->inode];

	run_note(r, "close the held %d of side %d", x->fd, x->side);
	if (!x->writes && !r->local)
		hold_read(r, x);
	if (close(x->fd) < 0)
		run_fail(r, "close: %s", strerror(errno));
	for (size_t i = 0; i < x->ranges; i++)
		model_write(&r->model, x->inode, x->append ? n->size : x->range[i].off,
			x->range[i].bytes, x->range[i].len);
	let_go(r, x);
}

void hold_step(struct run *r)
{
	struct held *x = &r->held[run_random(r, HELD)];

	if (x->fd < 0)
		hold_open(r, x);
	else if (x->writes && x->ranges < RANGES && run_random(r, 4))
		hold_write(r, x);
	else
		hold_close(r, x);
}

void hold_end_all(struct run *r)
{
	for (int h = 0; h < HELD; h++)
		if (r->held[h].fd >= 0)
			hold_close(r, &r->held[h]);
}
