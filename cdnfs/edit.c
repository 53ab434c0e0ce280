#include "cdnfs/edit.h"

void edit_release(struct edit *e)
{
	ranges_release(&e->dirty);
	*e = (struct edit)EDIT_INIT;
}

bool edit_empty(const struct edit *e)
{
	return !e->dirty.n && e->low == EDIT_NONE && !e->resized && e->append == EDIT_NONE;
}

/* What was appended counts as written where it is. */
static int settle(struct edit *e, uint64_t size)
{
	int rc = e->append == EDIT_NONE ? 0 : ranges_add(&e->dirty, e->append, size);

	if (!rc)
		e->append = EDIT_NONE;
	return rc;
}

int edit_write(struct edit *e, uint64_t size, uint64_t from, uint64_t to)
{
	int rc = 0;

	if (e->append != EDIT_NONE && from >= e->append && to <= size)
		return 0;
	rc = settle(e, size);
	return rc ? rc : ranges_add(&e->dirty, from, to);
}

void edit_append(struct edit *e, uint64_t size)
{
	if (e->append == EDIT_NONE)
		e->append = size;
}

int edit_truncate(struct edit *e, uint64_t size, uint64_t to)
{
	int rc = settle(e, size);

	if (rc)
		return rc;
	ranges_trim(&e->dirty, to);
	if (to < e->low)
		e->low = to;
	e->resized = true;
	return 0;
}

int edit_join(struct edit *e, struct edit *older)
{
	int rc;

	if (e->low != EDIT_NONE)
		ranges_trim(&older->dirty, e->low);
	rc = ranges_add_all(&e->dirty, &older->dirty);
	if (!rc && older->append != EDIT_NONE && e->low != EDIT_NONE) { /* what is left of it */
		rc = ranges_add(&e->dirty, older->append, e->low);
		if (!rc)
			older->append = EDIT_NONE;
	}
	if (rc)
		return rc;
	if (older->append != EDIT_NONE) /* all that is behind it is appended */
		ranges_trim(&e->dirty, older->append);
	if (older->low < e->low)
		e->low = older->low;
	e->resized = e->resized || older->resized;
	if (older->append < e->append)
		e->append = older->append;
	edit_release(older);
	return 0;
}
