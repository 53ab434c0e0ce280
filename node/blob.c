#include "node/blob.h"
#include "common/extent.h"
#include "common/http.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define META_KEY "user.cdn"
#define SECTIONS_KEY "user.cdn.sections"
#define PIECE (1U << 20) /* bytes read at a time to count them again */

/* "1 ETAG SIZE MTIME\nTYPE\nNAME": the name comes last because it may hold any byte. */
size_t blob_meta_format(const struct blob_meta *m, char text[BLOB_META_MAX])
{
	int n = snprintf(text, BLOB_META_MAX, "1 %s %" PRIu64 " %" PRId64 "\n%s\n", m->etag,
		m->size, m->mtime, m->type);

	memcpy(text + n, m->name, m->name_len);
	return (size_t)n + m->name_len;
}

static int parse_head(const char *line, struct blob_meta *m)
{
	int used = 0;

	if (sscanf(line, "1 %47[-0-9a-f] %20" SCNu64 " %21" SCNd64 "%n", m->etag, &m->size,
		    &m->mtime, &used) != 3)
		return -EINVAL;
	return line[used] || !hash_text_ok(m->etag) ? -EINVAL : 0;
}

int blob_meta_parse(const char *text, size_t len, struct blob_meta *out)
{
	struct blob_meta m = { 0 };
	const char *type, *name, *end = text + len;
	char head[96];

	type = memchr(text, '\n', len);
	if (!type || (size_t)(type - text) >= sizeof(head) ||
		memchr(text, 0, (size_t)(type - text)))
		return -EINVAL;
	memcpy(head, text, (size_t)(type - text));
	head[type - text] = 0;
	if (parse_head(head, &m) < 0)
		return -EINVAL;
	type++;
	name = memchr(type, '\n', (size_t)(end - type));
	if (!name || name - type > LIMIT_TYPE || memchr(type, 0, (size_t)(name - type)))
		return -EINVAL;
	memcpy(m.type, type, (size_t)(name - type));
	name++;
	m.name_len = (size_t)(end - name);
	if (!http_type_ok(m.type) || m.name_len > LIMIT_NAME)
		return -EINVAL;
	memcpy(m.name, name, m.name_len);
	*out = m;
	return 0;
}

int blob_begin(const struct folder *f, struct blob_write *w)
{
	static _Atomic uint64_t count;
	int rc;

	*w = (struct blob_write){ .folder = f, .fd = -1 };
	w->hash = hash_open();
	if (!w->hash)
		return -ENOMEM;
	snprintf(w->temp, sizeof(w->temp), BLOB_TEMP "%" PRIu64, atomic_fetch_add(&count, 1));
	w->fd = openat(f->tmp, w->temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (w->fd >= 0)
		return 0;
	rc = -errno;
	hash_close(&w->hash);
	w->temp[0] = 0;
	return rc;
}

int blob_append(struct blob_write *w, const void *data, size_t len)
{
	const char *p = data;
	size_t left = len;
	ssize_t n;

	while (left > 0) {
		n = pwrite(w->fd, p, left, (off_t)(w->size + (len - left)));
		if (n < 0) {
			int err = errno;

			if (err == EINTR)
				continue;
			return err == EDQUOT || err == EFBIG ? -ENOSPC : -err;
		}
		p += n;
		left -= (size_t)n;
	}
	hash_add(w->hash, data, len);
	w->size += len;
	return 0;
}

void blob_sections_read(int fd, struct blob_sections *out)
{
	ssize_t n = fgetxattr(fd, SECTIONS_KEY, out->digest, sizeof(out->digest));

	memset(out->changed, 0, sizeof(out->changed));
	out->n = n > 0 ? (size_t)n / HASH_DIGEST : 0;
}

void blob_sections_change(struct blob_sections *s, uint64_t from, uint64_t to)
{
	for (uint64_t i = from / HASH_SECTION; from < to && i <= (to - 1) / HASH_SECTION; i++) {
		if (i >= s->n)
			return;
		s->changed[i] = true;
	}
}

/* The digest of the section that begins at `at`, when it is known. */
static const unsigned char *known(const struct blob_sections *s, uint64_t at, uint64_t size)
{
	uint64_t i = at / HASH_SECTION;

	if (!s || at % HASH_SECTION || i >= s->n || s->changed[i] || size - at < HASH_SECTION)
		return NULL;
	return s->digest + i * HASH_DIGEST;
}

/* Bytes within one section. */
static int recount_data(struct blob_write *w, uint64_t at, uint64_t to, char *piece)
{
	while (at < to) {
		ssize_t n =
			pread(w->fd, piece, to - at < PIECE ? (size_t)(to - at) : PIECE, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		hash_add(w->hash, piece, (size_t)n);
		at += (uint64_t)n;
	}
	return 0;
}

int blob_recount(struct blob_write *w, const struct blob_sections *s)
{
	char *piece = malloc(PIECE);
	off_t end = lseek(w->fd, 0, SEEK_END);
	uint64_t at = 0, size = (uint64_t)end, from, to;
	int rc = end < 0 ? -errno : piece ? 0 : -ENOMEM;

	hash_reset(w->hash);
	while (rc == 0 && at < size) {
		const unsigned char *digest = known(s, at, size);

		if (digest) {
			hash_section(w->hash, digest);
			at += HASH_SECTION;
			continue;
		}
		if (extent_next(w->fd, at, size, &from, &to) < 0)
			from = to = size;
		hash_zeros(w->hash, from - at);
		if (to / HASH_SECTION > from / HASH_SECTION) /* the next one may be known */
			to = (from / HASH_SECTION + 1) * HASH_SECTION;
		if (from < size)
			rc = recount_data(w, from, to, piece);
		at = from < size ? to : size;
	}
	w->size = size;
	free(piece);
	return rc;
}

int blob_seal(struct blob_write *w, struct blob_meta *m)
{
	char text[BLOB_META_MAX];

	unsigned char digest[HASH_KEPT * HASH_DIGEST];
	size_t n = hash_kept(w->hash, digest);

	hash_text(w->hash, m->etag);
	m->size = w->size;
	if (n) /* without them a change of it reads all of it */
		(void)fsetxattr(w->fd, SECTIONS_KEY, digest, n * HASH_DIGEST, 0);
	if (fsetxattr(w->fd, META_KEY, text, blob_meta_format(m, text), 0) < 0) {
		int err = errno;

		return err == EDQUOT ? -ENOSPC : -err;
	}
	return 0;
}

void blob_abort(struct blob_write *w)
{
	if (w->temp[0])
		(void)unlinkat(w->folder->tmp, w->temp, 0); /* the next start drops what stays */
	w->temp[0] = 0;
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	hash_close(&w->hash);
}

static int read_meta(int fd, struct blob_meta *out)
{
	char text[BLOB_META_MAX];
	ssize_t n = fgetxattr(fd, META_KEY, text, sizeof(text));
	struct stat st;

	if (n < 0 || blob_meta_parse(text, (size_t)n, out) < 0 || fstat(fd, &st) < 0 ||
		!S_ISREG(st.st_mode) || (uint64_t)st.st_size != out->size)
		return -EIO;
	return 0;
}

int blob_open(int dir, const char *name, struct blob_read *out)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), rc;
	struct blob_meta meta;

	if (fd < 0)
		return -errno;
	rc = read_meta(fd, &meta);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	out->fd = fd;
	out->meta = meta;
	return 0;
}

uint64_t blob_room(int dir, const char *name, const struct stat *st)
{
	uint64_t size = (uint64_t)st->st_size, room;
	int fd = -1;

	if (!extent_full(st))
		fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) /* full; or it cannot be read, and nobody can tell */
		return size;
	room = extent_bytes(fd, 0, size);
	close(fd);
	return room;
}
