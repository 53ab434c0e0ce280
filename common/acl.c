#include "common/acl.h"

#include <errno.h>

#define FORMAT 2
#define HEAD 4
#define ENTRY 8
#define NO_ID UINT32_MAX
#define RWX 7U

enum { USER_OBJ = 1, USER = 2, GROUP_OBJ = 4, GROUP = 8, MASK = 16, OTHER = 32 };

static uint32_t little(const unsigned char *p, size_t n)
{
	uint32_t v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

static void put_little(unsigned char *p, uint32_t v, size_t n)
{
	for (size_t i = 0; i < n; i++, v >>= 8)
		p[i] = (unsigned char)v;
}

/* Which tags may follow `last` (0: at the start). `named`: there was a named entry, which needs a mask. */
static unsigned may_follow(unsigned last, bool named)
{
	switch (last) {
	case 0:
		return USER_OBJ;
	case USER_OBJ:
	case USER:
		return USER | GROUP_OBJ;
	case GROUP_OBJ:
	case GROUP:
		return GROUP | MASK | (named ? 0 : OTHER);
	case MASK:
		return OTHER;
	default:
		return 0;
	}
}

static bool one_tag(unsigned tag)
{
	return tag && (tag & (tag - 1)) == 0;
}

static int check(const struct acl *acl)
{
	unsigned last = 0;
	bool named = false;

	for (size_t i = 0; i < acl->n; i++) {
		const struct acl_entry *e = &acl->list[i];

		if (!one_tag(e->tag) || !(may_follow(last, named) & e->tag) || e->perm & ~RWX)
			return -EINVAL;
		if (e->tag & (USER | GROUP)) {
			named = true;
			if (e->id == NO_ID)
				return -EINVAL;
		}
		last = e->tag;
	}
	return last == OTHER ? 0 : -EINVAL;
}

int acl_parse(const void *bytes, size_t len, struct acl *out)
{
	const unsigned char *at = bytes;
	size_t n = len / ENTRY;

	if (len < HEAD || (len - HEAD) % ENTRY || little(at, HEAD) != FORMAT)
		return -EINVAL;
	if (n > LIMIT_ACL_ENTRIES)
		return -E2BIG;
	out->n = n;
	at += HEAD;
	for (size_t i = 0; i < n; i++, at += ENTRY) {
		struct acl_entry *e = &out->list[i];

		e->tag = (uint16_t)little(at, 2);
		e->perm = (uint16_t)little(at + 2, 2);
		e->id = e->tag & (USER | GROUP) ? little(at + 4, 4) : NO_ID;
	}
	return check(out);
}

size_t acl_write(const struct acl *acl, unsigned char out[ACL_BYTES])
{
	unsigned char *at = out + HEAD;

	put_little(out, FORMAT, HEAD);
	for (size_t i = 0; i < acl->n; i++, at += ENTRY) {
		put_little(at, acl->list[i].tag, 2);
		put_little(at + 2, acl->list[i].perm, 2);
		put_little(at + 4, acl->list[i].id, 4);
	}
	return HEAD + ENTRY * acl->n;
}

/* The entries that permission bits stand for; group is the mask where there is one. */
struct owners {
	struct acl_entry *user, *group, *other;
	bool more;
};

static struct owners owners_of(struct acl *acl)
{
	/* all three are there: acl_parse() saw to it */
	struct owners o = { acl->list, acl->list, acl->list, false };

	for (size_t i = 0; i < acl->n; i++) {
		struct acl_entry *e = &acl->list[i];

		if (e->tag == USER_OBJ)
			o.user = e;
		else if (e->tag == GROUP_OBJ || e->tag == MASK)
			o.group = e;
		else if (e->tag == OTHER)
			o.other = e;
		if (e->tag & (USER | GROUP | MASK))
			o.more = true;
	}
	return o;
}

static uint32_t bits_of(const struct owners *o)
{
	return (uint32_t)o->user->perm << 6 | (uint32_t)o->group->perm << 3 | o->other->perm;
}

bool acl_mode(const struct acl *acl, uint32_t *mode)
{
	struct acl copy = *acl;
	struct owners o = owners_of(&copy);

	*mode = (*mode & ~0777U) | bits_of(&o);
	return !o.more;
}

void acl_chmod(struct acl *acl, uint32_t mode)
{
	struct owners o = owners_of(acl);

	o.user->perm = mode >> 6 & RWX;
	o.group->perm = mode >> 3 & RWX;
	o.other->perm = mode & RWX;
}

bool acl_inherit(struct acl *acl, uint32_t *mode)
{
	struct owners o = owners_of(acl);

	*mode &= ~0777U | bits_of(&o);
	acl_chmod(acl, *mode);
	return !o.more;
}
