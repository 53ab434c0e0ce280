#include "cdnfs/xattrs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void xattrs_free(struct xattrs **x)
{
	if (!*x)
		return;
	free((*x)->list);
	buf_release(&(*x)->text);
	free(*x);
	*x = NULL;
}

static const struct xattrs_one *find(const struct xattrs *x, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < x->n; i++)
		if (x->list[i].name_len == len &&
			!memcmp(x->text.data + x->list[i].name, name, len))
			return &x->list[i];
	return NULL;
}

int xattrs_value(const struct xattrs *x, const char *name, struct buf *out)
{
	const struct xattrs_one *one = find(x, name);

	if (!one)
		return -ENODATA;
	if (!one->told)
		return -EOVERFLOW;
	buf_add(out, x->text.data + one->value, one->value_len);
	return buf_error(out);
}

void xattrs_names(const struct xattrs *x, struct buf *out)
{
	for (size_t i = 0; i < x->n; i++)
		buf_add(out, x->text.data + x->list[i].name, x->list[i].name_len + 1);
}
