#include "cdnfs/seek.h"

#include "cdnfs/staging_holes.h"
#include <errno.h>

struct seeking {
	struct cdnfs *fs;
	const struct wait *w;
	const struct inode *in;
	struct extents *known;
};

/* Of a stored version: is there data at `at`, and to where at most *end? */
static bool stored_data(struct seeking *k, const struct version *v, uint64_t at, uint64_t *end)
{
	struct stretch s;
	bool data;

	if (v->allocated >= v->size || !v->place)
		return true;
	if (extents_look(k->known, v->stamp, at, &data, end))
		return data;
	if (api_extents(k->fs->api, k->w, v->place, inode_id(k->in), v->stamp, at, &s) < 0)
		return true;
	extents_learn(k->known, &s);
	return !extents_look(k->known, v->stamp, at, &data, end) || data;
}

/* The same of what is seen. -ENXIO: the file ends there or before. */
static int data_at(struct seeking *k, const struct version *v, uint64_t at, uint64_t *end)
{
	struct staged *s = inode_staged(k->fs->inodes, k->in);
	struct version base;
	int rc = s ? staged_extent(s, at, end, &base) : -EAGAIN;

	if (rc == -EAGAIN) {
		if (at >= v->size)
			return -ENXIO;
		base = *v;
		*end = v->size;
		rc = STAGED_BASE;
	}
	if (rc == STAGED_BASE)
		return stored_data(k, &base, at, end);
	return rc < 0 ? rc : rc == STAGED_DATA;
}

int seek_find(struct cdnfs *fs, const struct wait *w, const struct inode *in,
	const struct version *v, struct extents *known, uint64_t off, bool data, uint64_t *out)
{
	struct seeking k = { fs, w, in, known };
	uint64_t at = off, end;
	int rc;

	while ((rc = data_at(&k, v, at, &end)) == !data)
		at = end;
	if (rc == -ENXIO && !data && at > off) /* the hole that is the end */
		rc = 0;
	*out = at;
	return rc < 0 ? rc : 0;
}
