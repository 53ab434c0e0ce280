#include "cdnfs/shown.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PERMISSIONS 0777

/* Digits alone. */
static int number(const char *text, int base, unsigned long max, uint32_t *out)
{
	const char *digits = base == 8 ? "01234567" : "0123456789";
	unsigned long n;

	if (!*text || text[strspn(text, digits)])
		return -EINVAL;
	errno = 0;
	n = strtoul(text, NULL, base);
	if (errno || n > max)
		return -EINVAL;
	*out = (uint32_t)n;
	return 0;
}

/* The largest number means "leave as it is" to chown. */
static int user(const char *text, uint32_t *out)
{
	const struct passwd *found;

	if (!number(text, 10, UINT32_MAX - 1, out))
		return 0;
	found = getpwnam(text);
	if (!found)
		return -EINVAL;
	*out = found->pw_uid;
	return 0;
}

static int group(const char *text, uint32_t *out)
{
	const struct group *found;

	if (!number(text, 10, UINT32_MAX - 1, out))
		return 0;
	found = getgrnam(text);
	if (!found)
		return -EINVAL;
	*out = found->gr_gid;
	return 0;
}

int shown_parse(const char *uid, const char *gid, const char *umask, struct shown *out, char *error,
	size_t cap)
{
	struct shown s = { .has_uid = uid != NULL, .has_gid = gid != NULL };
	const char *what = NULL, *text = NULL;

	if (uid && user(uid, &s.uid) < 0) {
		what = "uid: must be a user's number or name";
		text = uid;
	} else if (gid && group(gid, &s.gid) < 0) {
		what = "gid: must be a group's number or name";
		text = gid;
	} else if (umask && number(umask, 8, PERMISSIONS, &s.mask) < 0) {
		what = "umask: must be octal, 0 to 777";
		text = umask;
	}
	if (what) {
		(void)snprintf(error, cap, "%s, not \"%s\"", what, text);
		return -EINVAL;
	}
	*out = s;
	return 0;
}

void shown_apply(const struct shown *s, struct stat *st)
{
	if (s->has_uid)
		st->st_uid = s->uid;
	if (s->has_gid)
		st->st_gid = s->gid;
	if (!S_ISLNK(st->st_mode))
		st->st_mode &= ~(mode_t)s->mask;
}
