#include "cdnfs/inode_xattr.h"

#include "cdnfs/inode.h"
#include "common/xattr.h"
#include <errno.h>
#include <string.h>

/* The list, if it is of now; *bits: what there is. -EAGAIN: not known. */
static int known_locked(struct inodes *t, const struct inode *in, int64_t max_age_ms,
	uint32_t *bits, const struct xattrs **set)
{
	bool any = max_age_ms < 0 && in && in->tick;

	if (!in || !(in->gone || any || inode_fresh_locked(t, in, max_age_ms)))
		return -EAGAIN;
	*bits = in->attr.xattrs;
	/* dist knows nothing of a file without a name, but that it has one no more changed its ctime */
	*set = in->xattrs && (in->gone || in->xattrs->ctime == in->attr.ctime) ? in->xattrs : NULL;
	return 0;
}

int inode_xattr_get(
	struct inodes *t, uint64_t id, const char *name, int64_t max_age_ms, struct buf *out)
{
	const struct xattrs *set = NULL;
	struct inode *in = inode_lock(t, id);
	uint32_t bits = 0;
	int rc = known_locked(t, in, max_age_ms, &bits, &set);

	if (rc == 0 && !(bits & xattr_bit(name, strlen(name))))
		rc = -ENODATA;
	if (rc == 0)
		rc = set ? xattrs_value(set, name, out) : -EAGAIN;
	pthread_mutex_unlock(&t->lock);
	return rc;
}

int inode_xattr_list(struct inodes *t, uint64_t id, int64_t max_age_ms, struct buf *out)
{
	const struct xattrs *set = NULL;
	struct inode *in = inode_lock(t, id);
	uint32_t bits = 0;
	int rc = known_locked(t, in, max_age_ms, &bits, &set);

	if (rc == 0 && bits && !set)
		rc = -EAGAIN;
	if (rc == 0 && bits) {
		xattrs_names(set, out);
		rc = buf_error(out);
	}
	pthread_mutex_unlock(&t->lock);
	return rc;
}

bool inode_xattr_wanted(struct inodes *t, uint64_t id, int64_t max_age_ms)
{
	const struct xattrs *set = NULL;
	struct inode *in = inode_lock(t, id);
	uint32_t bits = 0;
	bool wanted = in && in->users && !in->gone;

	if (wanted && known_locked(t, in, max_age_ms, &bits, &set) == 0)
		wanted = bits && !set;
	pthread_mutex_unlock(&t->lock);
	return wanted;
}

void inode_xattr_keep(struct inodes *t, uint64_t id, struct xattrs **set)
{
	struct inode *in = inode_lock(t, id);
	struct xattrs *old = *set;

	if (in && in->attr.ctime == old->ctime) {
		old = in->xattrs;
		in->xattrs = *set;
	}
	pthread_mutex_unlock(&t->lock);
	xattrs_free(&old);
	*set = NULL;
}
