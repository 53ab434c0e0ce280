#include "cdnfs/ctl_generate.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

static int uuid(char text[37])
{
	unsigned char b[16];

	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		return -errno;
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	for (size_t i = 0, at = 0; i < sizeof(b); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text[at++] = '-';
		at += (size_t)sprintf(text + at, "%02x", b[i]); /* 36 characters and NUL in all */
	}
	return 0;
}

static int folder_make(struct ctl *c, const char *prefix, const char *name)
{
	struct buf path = BUF_INIT;
	int rc;

	buf_addf(&path, "%s%s", prefix, name);
	rc = buf_error(&path);
	if (rc == 0 && mkdir(buf_str(&path), 0777) < 0 && errno != EEXIST)
		rc = -errno;
	if (rc < 0)
		ctl_fail(c, rc, "cannot make the folder %s: %s", buf_str(&path), strerror(-rc));
	buf_release(&path);
	return rc;
}

static int fill(FILE *file, const char *name, uint64_t size)
{
	char line[128];

	for (uint64_t n = 1; size; n++) {
		int len = snprintf(line, sizeof(line), "line %llu of %s: the quick brown fox\n",
			(unsigned long long)n, name);
		size_t take = (uint64_t)len < size ? (size_t)len : (size_t)size;

		if (fwrite(line, 1, take, file) != take)
			return errno ? -errno : -EIO;
		size -= take;
	}
	return 0;
}

int generated_make(
	struct ctl *c, const char *prefix, const char *in, uint64_t size, struct generated *g)
{
	FILE *file = NULL;
	int rc = folder_make(c, prefix, in);

	if (rc == 0)
		rc = folder_make(c, prefix, "tmp");
	if (rc < 0)
		return rc;
	rc = uuid(g->name);
	if (rc == 0 && asprintf(&g->path, "%s%s/%s", prefix, in, g->name) < 0) {
		g->path = NULL;
		rc = -ENOMEM;
	}
	if (rc == 0) {
		file = fopen(g->path, "wxe");
		rc = file ? fill(file, g->name, size) : -errno;
	}
	if (file && fclose(file) != 0 && rc == 0)
		rc = -errno;
	if (rc < 0)
		ctl_fail(c, rc, "cannot generate a file in %s%s: %s", prefix, in, strerror(-rc));
	return rc;
}

void generated_release(struct generated *g)
{
	free(g->path);
	g->path = NULL;
}

int generated_copy(struct ctl *c, const char *from, const char *to)
{
	FILE *in = fopen(from, "re"), *out = NULL;
	static char chunk[65536];
	size_t n;
	int rc = in ? 0 : -errno;

	if (rc == 0) {
		out = fopen(to, "we");
		rc = out ? 0 : -errno;
	}
	while (rc == 0 && (n = fread(chunk, 1, sizeof(chunk), in)) > 0)
		if (fwrite(chunk, 1, n, out) != n)
			rc = -errno;
	if (rc == 0 && ferror(in))
		rc = -EIO;
	if (out && fclose(out) != 0 && rc == 0)
		rc = -errno;
	if (in)
		(void)fclose(in); /* was only read */
	if (rc < 0)
		ctl_fail(c, rc, "cannot copy %s to %s: %s", from, to, strerror(-rc));
	return rc;
}

int generated_compare(struct ctl *c, const struct generated *g, const char *path)
{
	FILE *one = fopen(g->path, "re"), *two = fopen(path, "re");
	static char a[65536], b[65536];
	size_t n = 1, m;
	int rc = one && two ? 0 : -errno;

	while (rc == 0 && n) {
		n = fread(a, 1, sizeof(a), one);
		m = fread(b, 1, sizeof(b), two);
		if (n != m || memcmp(a, b, n) != 0 || ferror(one) || ferror(two))
			rc = -EIO;
	}
	if (one)
		(void)fclose(one); /* was only read */
	if (two)
		(void)fclose(two);
	return rc < 0 ? ctl_fail(c, rc, "%s is not what was sent from %s", path, g->path) : 0;
}
